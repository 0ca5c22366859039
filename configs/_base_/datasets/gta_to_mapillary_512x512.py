# GTA -> Mapillary Vistas on the 19 classes of Cityscapes. Its photos differ in
# size and shape: each is seen as large as fits into 1024 x 512, the size of
# Cityscapes, and a narrow one is padded.
_base_ = './gta_to_cityscapes_512x512.py'
target_root = '{{$MAPILLARY_ROOT:data/mapillary}}'
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            unlabeled=dict(
                type='MapillaryTrainIdsDataset',
                data_root=target_root,
                data_prefix=dict(img_path='training/images')))))
val_dataloader = dict(
    dataset=dict(
        type='MapillaryTrainIdsDataset',
        data_root=target_root,
        data_prefix=dict(
            img_path='validation/images',
            seg_map_path='validation/v1.2/labels')))
test_dataloader = val_dataloader
