# Cityscapes as ReCo trains: images at half of their size, crops of 512, and
# 2 + 2 images on one GPU. It samples its lists itself, here they are
# UniMatch's. Predictions are compared at the size of the label, in the release
# at half of it.
_base_ = './cityscapes_ssl_801x801.py'
crop_size = (512, 512)
data_preprocessor = dict(size=crop_size)
half = dict(
    type='Resize',
    scale=(1024, 512),
    keep_ratio=True,
    backend='pillow',
    interpolation='bicubic')
crop = dict(type='RandomCrop', crop_size=crop_size)
labeled_pipeline = [
    _base_.load, _base_.annotations, half, crop, _base_.flip, _base_.pack
]
unlabeled_pipeline = [_base_.load, half, crop, _base_.flip, _base_.pack]
test_pipeline = [
    _base_.load, half, _base_.annotations, dict(type='PackSegInputs')
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
