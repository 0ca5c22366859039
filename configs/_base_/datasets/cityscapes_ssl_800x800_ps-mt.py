# Cityscapes as PS-MT trains: images at half to twice their size, crops of 800
# padded with the mean color, and 4 + 4 images on each of 2 GPUs. Its lists of
# 1/8 and 1/4 contain the same images as UniMatch's.
_base_ = './cityscapes_ssl_801x801.py'
partition = '372'
partitions = {
    '_delete_': True,
    **{
        name: counts
        for name, counts in _base_.partitions.items()
        if name in ('372', '744')
    }
}
crop_size = (800, 800)
data_preprocessor = dict(size=crop_size, padding='mean')
resize_long_side = dict(
    type='RandomResize',
    scale=(2048, 1024),
    ratio_range=(0.5, 2.0),
    keep_ratio=True,
    backend='pillow',
    interpolation='bicubic')
crop = dict(type='RandomCrop', crop_size=crop_size)
labeled_pipeline = [
    _base_.load, _base_.annotations, resize_long_side, crop, _base_.flip,
    _base_.pack
]
unlabeled_pipeline = [
    _base_.load, resize_long_side, crop, _base_.flip, _base_.pack
]
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
