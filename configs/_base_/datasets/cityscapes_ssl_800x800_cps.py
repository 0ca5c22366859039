# Cityscapes as CPS trains: crops of 800, one of six factors. It has the
# lists of UniMatch. 2 + 2 images on each of 4 GPUs replace 1 + 1 on each of 8:
# one image cannot be normalized behind the pooling of the pyramid. Padding as
# on Pascal VOC.
_base_ = './cityscapes_ssl_801x801.py'
partitions = {
    '_delete_': True,
    **{
        name: counts
        for name, counts in _base_.partitions.items()
        if name in ('186', '372', '744')
    }
}
crop_size = (800, 800)
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
