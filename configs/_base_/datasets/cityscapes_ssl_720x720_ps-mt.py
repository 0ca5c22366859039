# Cityscapes as PS-MT trains for its comparison with CAC: crops of 720.
_base_ = './cityscapes_ssl_800x800_ps-mt.py'
crop_size = (720, 720)
data_preprocessor = dict(size=crop_size)
crop = dict(type='RandomCrop', crop_size=crop_size)
labeled_pipeline = [
    _base_.load, _base_.annotations, _base_.resize_long_side, crop,
    _base_.flip, _base_.pack
]
unlabeled_pipeline = [
    _base_.load, _base_.resize_long_side, crop, _base_.flip, _base_.pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
