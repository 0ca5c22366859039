# Cityscapes -> ACDC (fog, night, rain, snow) with the sizes of DAFormer:
# Cityscapes at 1024 x 512, ACDC at half of its 1920 x 1080.
_base_ = './gta_to_cityscapes_512x512.py'
source_root = '{{$CITYSCAPES_ROOT:data/cityscapes}}'
target_root = '{{$ACDC_ROOT:data/acdc}}'
source_resize = dict(type='Resize', scale=(1024, 512), keep_ratio=True)
target_resize = dict(type='Resize', scale=(960, 540), keep_ratio=True)
labeled_pipeline = [
    _base_.load, _base_.annotations, source_resize, _base_.source_crop,
    _base_.flip, _base_.pack
]
unlabeled_pipeline = [
    _base_.load, target_resize, _base_.target_crop, _base_.flip, _base_.pack
]
test_pipeline = [
    _base_.load, target_resize, _base_.annotations, _base_.test_pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(
                type='CityscapesDataset',
                data_root=source_root,
                data_prefix=dict(
                    img_path='leftImg8bit/train', seg_map_path='gtFine/train'),
                pipeline=labeled_pipeline),
            unlabeled=dict(
                type='ACDCDataset',
                data_root=target_root,
                data_prefix=dict(img_path='rgb_anon/train'),
                pipeline=unlabeled_pipeline)),
        rare_class_sampling=dict(
            stats=f'{source_root}/class_stats_train.json')))
val_dataloader = dict(
    dataset=dict(
        type='ACDCDataset',
        data_root=target_root,
        data_prefix=dict(img_path='rgb_anon/val', seg_map_path='gt/val'),
        pipeline=test_pipeline))
test_dataloader = val_dataloader
