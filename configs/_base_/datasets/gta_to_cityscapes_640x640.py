# GTA -> Cityscapes in crops of 640 x 640, Cityscapes at 1280 x 640: the sizes
# of FST's BEiT.
_base_ = './gta_to_cityscapes_512x512.py'
crop_size = (640, 640)
data_preprocessor = dict(size=crop_size)
source_crop = dict(
    type='HistogramCrop', crop_size=crop_size, cat_max_ratio=0.75)
target_resize = dict(type='Resize', scale=(1280, 640), keep_ratio=True)
target_crop = dict(type='RandomCrop', crop_size=crop_size)
labeled_pipeline = [
    _base_.load, _base_.annotations, _base_.source_resize, source_crop,
    _base_.flip, _base_.pack
]
unlabeled_pipeline = [
    _base_.load, target_resize, target_crop, _base_.flip, _base_.pack
]
test_pipeline = [
    _base_.load, target_resize, _base_.annotations, _base_.test_pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
