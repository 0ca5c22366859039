# GTA -> BDD100K: both about 1280 x 720, which is what BDD100K has on disk.
_base_ = './gta_to_cityscapes_512x512.py'
target_root = '{{$BDD100K_ROOT:data/bdd100k}}'
target_scale = (1280, 720)
unlabeled_pipeline = _base_.unlabeled_pipeline
unlabeled_pipeline[1]['scale'] = target_scale
test_pipeline = _base_.test_pipeline
test_pipeline[1]['scale'] = target_scale
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
