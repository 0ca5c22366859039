# Cityscapes with the crops of UniMatch V2, multiples of DINOv2's patch of 14;
# all else as of V1.
_base_ = './cityscapes_ssl_801x801.py'
crop_size = (798, 798)
data_preprocessor = dict(size=crop_size)
crop = dict(type='RandomCrop', crop_size=crop_size)
labeled_pipeline = [
    _base_.load, _base_.annotations, _base_.resize, crop, _base_.flip,
    _base_.pack
]
unlabeled_pipeline = [
    _base_.load, _base_.resize, crop, _base_.flip, _base_.pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
