# Pascal VOC 2012 + SBD as PS-MT trains: long sides of 300 to 1200 pixels,
# crops of 512, and 8 + 8 images on each of 4 GPUs. The lists are ST++'s, whose
# blended ones PS-MT has as its "augmented set".
_base_ = './voc2012_320x320.py'
partition = '662'
crop_size = (512, 512)
data_preprocessor = dict(size=crop_size)
resize_long_side = dict(_base_.resize_long_side, scale=(600, 600))
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
