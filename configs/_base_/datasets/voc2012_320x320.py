# Pascal VOC 2012 + SBD as CCT trains: long sides of 200 to 800 pixels, crops
# of 320 padded with the mean color, and 10 + 10 images on one GPU. The lists
# are ST++'s; its 1464 labeled images are CCT's, too.
_base_ = './voc2012_321x321.py'
crop_size = (320, 320)
data_preprocessor = dict(size=crop_size, padding='mean')
resize_long_side = dict(
    type='RandomResize',
    scale=(400, 400),
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
    batch_size=10,
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
