# GTA -> BDD100K: both about 1280 x 720, which is what BDD100K has on disk.
_base_ = './gta_to_cityscapes_512x512.py'
target_root = '{{$BDD100K_ROOT:data/bdd100k}}'
target_resize = dict(type='Resize', scale=(1280, 720), keep_ratio=True)
unlabeled_pipeline = [
    _base_.load, target_resize, _base_.target_crop, _base_.flip, _base_.pack
]
test_pipeline = [
    _base_.load, target_resize, _base_.annotations, _base_.test_pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            unlabeled=dict(
                type='BDD100KDataset',
                data_root=target_root,
                data_prefix=dict(img_path='images/10k/train'),
                pipeline=unlabeled_pipeline))))
val_dataloader = dict(
    dataset=dict(
        type='BDD100KDataset',
        data_root=target_root,
        data_prefix=dict(
            img_path='images/10k/val',
            seg_map_path='labels/sem_seg/masks/val'),
        pipeline=test_pipeline))
test_dataloader = val_dataloader
