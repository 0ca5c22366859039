# Pascal VOC 2012 + SBD as CPS trains: crops of 512, one of six factors, 2 + 2
# images on each of 4 GPUs. It has the blended lists of ST++. Small images are
# padded around; students label the padding, too, as in the release.
_base_ = './voc2012_321x321_blended.py'
crop_size = (512, 512)
data_preprocessor = dict(size=crop_size, padding='mean')
resize = dict(
    type='RandomFactorResize',
    ranges=[(factor, factor) for factor in (0.5, 0.75, 1.0, 1.5, 1.75, 2.0)])
crop = dict(type='RandomCrop', crop_size=crop_size)
padding = dict(type='PadToCrop', size=crop_size)
labeled_pipeline = [
    _base_.load, _base_.annotations, resize, crop, _base_.flip, padding,
    _base_.pack
]
unlabeled_pipeline = [
    _base_.load, resize, crop, _base_.flip, padding, _base_.pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
