# Pascal VOC 2012 + SBD with the crops of UniMatch V1 and Diverse Co-training:
# 2 + 2 images on each of 4 GPUs. The lists of ST++: 92 to 1464 are of high
# quality ("original"), 331 to 2646 of all labels ("blended").
_base_ = './voc2012_513x513.py'
lists = 'splits/stpp/{partition}'
partition = '92'
partitions = {
    '_delete_': True,  # the partitions of U2PL
    '92': dict(labeled=92, unlabeled=10490),
    '183': dict(labeled=183, unlabeled=10399),
    '366': dict(labeled=366, unlabeled=10216),
    '732': dict(labeled=732, unlabeled=9850),
    '1464': dict(labeled=1464, unlabeled=9118),
    '331': dict(labeled=331, unlabeled=10251),
    '662': dict(labeled=662, unlabeled=9920),
    '1323': dict(labeled=1323, unlabeled=9259),
    '2646': dict(labeled=2646, unlabeled=7936)
}
crop_size = (321, 321)
# As released: black, at the left of a flipped image.
data_preprocessor = dict(size=crop_size, padding='black')
resize = dict(
    type='RandomFactorResize', ranges=((0.5, 2.0), ), backend='pillow')
crop = dict(type='RandomCrop', crop_size=crop_size)
labeled_pipeline = [
    _base_.load, _base_.annotations, resize, crop, _base_.flip, _base_.pack
]
unlabeled_pipeline = [_base_.load, resize, crop, _base_.flip, _base_.pack]
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        sides=dict(
            labeled=dict(
                ann_file=f'{lists}/labeled.txt', pipeline=labeled_pipeline),
            unlabeled=dict(
                ann_file=f'{lists}/unlabeled.txt',
                pipeline=unlabeled_pipeline))))
