# Cityscapes as ST++ trains: images at half to twice their size, crops of 721,
# and 8 + 8 images in the one process that trains all of its stages. The list
# of 100 labels is the first one of ST++, the others are UniMatch's.
_base_ = './cityscapes_ssl_801x801.py'
partition = '100'
crop_size = (721, 721)
data_preprocessor = dict(size=crop_size)
resize_long_side = dict(
    type='RandomResize',
    scale=(2048, 2048),
    ratio_range=(0.5, 2.0),
    keep_ratio=True,
    backend='pillow')
crop = dict(type='RandomCrop', crop_size=crop_size)
labeled_pipeline = [
    _base_.load, _base_.annotations, resize_long_side, crop, _base_.flip,
    _base_.pack
]
unlabeled_pipeline = [
    _base_.load, resize_long_side, crop, _base_.flip, _base_.pack
]
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
