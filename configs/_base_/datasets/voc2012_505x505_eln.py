# Pascal VOC 2012 + SBD as ELN trains: whole images, resized to 505 x 505
# whatever their ratio, 6 + 6 of them on one GPU. Its lists, of 1/20, 1/8 and
# 1/4, differ from the blended lists of ST++, which are used here.
_base_ = './voc2012_321x321.py'
partition = '1323'
partitions = {
    '_delete_': True,
    **{
        name: counts
        for name, counts in _base_.partitions.items()
        if name in ('1323', '2646')
    }
}
crop_size = (505, 505)
data_preprocessor = dict(size=crop_size)
resize_all = dict(
    type='Resize', scale=crop_size, keep_ratio=False, backend='pillow')
labeled_pipeline = [
    _base_.load, _base_.annotations, resize_all, _base_.flip, _base_.pack
]
unlabeled_pipeline = [_base_.load, resize_all, _base_.flip, _base_.pack]
train_dataloader = dict(
    batch_size=6,
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
