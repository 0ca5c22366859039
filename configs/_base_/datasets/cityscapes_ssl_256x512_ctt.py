# Cityscapes as CTT trains: images at half of their size, crops of 256 x 512
# that are not flipped, and 2 + 2 images on one GPU. It samples its lists
# itself, here they are UniMatch's.
_base_ = './cityscapes_ssl_512x512_reco.py'
crop_size = (256, 512)
data_preprocessor = dict(size=crop_size)
half = dict(_base_.half, interpolation='bilinear')
crop = dict(type='RandomCrop', crop_size=crop_size)
labeled_pipeline = [_base_.load, _base_.annotations, half, crop, _base_.pack]
unlabeled_pipeline = [_base_.load, half, crop, _base_.pack]
test_pipeline = [
    _base_.load, half, _base_.annotations, dict(type='PackSegInputs')
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
