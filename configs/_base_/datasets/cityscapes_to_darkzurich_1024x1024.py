# Cityscapes -> Dark Zurich at night at full size, as in HRDA. Sizes and
# folders are the same as for ACDC.
_base_ = './cityscapes_to_acdc_1024x1024.py'
target_root = '{{$DARK_ZURICH_ROOT:data/dark_zurich}}'
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            unlabeled=dict(
                type='DarkZurichDataset',
                data_root=target_root,
                data_prefix=dict(img_path='rgb_anon/train/night')))))
val_dataloader = dict(
    dataset=dict(type='DarkZurichDataset', data_root=target_root))
test_dataloader = val_dataloader
