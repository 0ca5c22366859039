# Pascal VOC 2012 + SBD with the crops of UniMatch V2, multiples of DINOv2's
# patch of 14: 4 + 4 images on each of 4 GPUs; all else as of V1.
_base_ = './voc2012_321x321.py'
crop_size = (518, 518)
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
    batch_size=4,
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
