# Pascal VOC 2012 + SBD as GCT trains: short sides of 200 to 800 pixels, 2 + 2
# images on each of 4 GPUs. Its lists differ from the blended lists of ST++,
# which are used here, but have as many labels.
_base_ = './voc2012_321x321_blended.py'
resize_short_side = dict(
    type='RandomResize',
    scale=(4000, 400),  # the long side has no limit
    ratio_range=(0.5, 2.0),
    keep_ratio=True,
    backend='pillow')
labeled_pipeline = [
    _base_.load, _base_.annotations, resize_short_side, _base_.crop,
    _base_.flip, _base_.pack
]
unlabeled_pipeline = [
    _base_.load, resize_short_side, _base_.crop, _base_.flip, _base_.pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
