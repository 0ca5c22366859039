# Cityscapes as Diverse Co-training has it, but for 2 + 2 images on each of 4
# GPUs: of its 1 + 1 on each of 8, none has another to be mixed with.
_base_ = './cityscapes_ssl_801x801.py'
partition = '100'
crop_size = (769, 769)
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
    batch_size=2,
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
