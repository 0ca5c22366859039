# Rendered streets -> real streets at the full size of the frames, for networks
# that read them at two scales; a student reads as many pixels as at 192 x 256.
_base_ = './streetgen_to_camvid.py'
image_scale = (480, 360)
crop_size = (256, 384)
data_preprocessor = dict(size=crop_size)
resize = dict(
    type='RandomResize',
    scale=image_scale,
    ratio_range=(0.8, 1.6),
    keep_ratio=True)
labeled_crop = dict(
    type='HistogramCrop', crop_size=crop_size, cat_max_ratio=0.75)
unlabeled_crop = dict(type='RandomCrop', crop_size=crop_size)
test_resize = dict(type='Resize', scale=image_scale, keep_ratio=True)
labeled_pipeline = [
    _base_.load, _base_.annotations, resize, labeled_crop, _base_.flip,
    _base_.pack
]
unlabeled_pipeline = [
    _base_.load, resize, unlabeled_crop, _base_.flip, _base_.pack
]
test_pipeline = [
    _base_.load, test_resize, _base_.annotations, _base_.test_pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
