# The same with crops of 513, 2 + 2 images on each of 8 GPUs.
_base_ = './voc2012_321x321_diverse.py'
crop_size = (513, 513)
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
