# Pascal VOC 2012 + SBD as ST++ trains: long sides of 200 to 800 pixels, and
# 8 + 8 images in the one process that trains all of its stages. ST++ has other
# lists of 662 to 2646 labels than UniMatch, whose lists are used here.
_base_ = './voc2012_321x321.py'
partitions = {
    '_delete_': True,
    **{
        name: counts
        for name, counts in _base_.partitions.items()
        if name in ('92', '183', '366', '732', '1464', '662', '1323', '2646')
    }
}
resize_long_side = dict(
    type='RandomResize',
    scale=(400, 400),
    ratio_range=(0.5, 2.0),
    keep_ratio=True,
    backend='pillow')
labeled_pipeline = [
    _base_.load, _base_.annotations, resize_long_side, _base_.crop,
    _base_.flip, _base_.pack
]
unlabeled_pipeline = [
    _base_.load, resize_long_side, _base_.crop, _base_.flip, _base_.pack
]
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
