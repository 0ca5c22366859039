# As U2PL and FST train: small images are padded around, and the padding counts
# as background on the labeled side and has a weight on the other.
_base_ = './voc2012_513x513.py'
padding = dict(type='PadToCrop', size=_base_.crop_size, seg_pad_val=0)
labeled_pipeline = [
    _base_.load, _base_.annotations, _base_.resize, _base_.crop, _base_.flip,
    padding, _base_.pack
]
unlabeled_pipeline = [
    _base_.load, _base_.resize, _base_.crop, _base_.flip, padding, _base_.pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
