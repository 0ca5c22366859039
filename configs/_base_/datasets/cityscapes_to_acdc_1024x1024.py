# Cityscapes -> ACDC at full size, as in HRDA: Cityscapes at 2048 x 1024, ACDC
# at 1920 x 1080, crops of 1024 x 1024. ACDC has no margins to leave out.
_base_ = './cityscapes_to_acdc_512x512.py'
crop_size = (1024, 1024)
data_preprocessor = dict(size=crop_size)
source_resize = dict(type='Resize', scale=(2048, 1024), keep_ratio=True)
source_crop = dict(
    type='HistogramCrop', crop_size=crop_size, cat_max_ratio=0.75)
target_resize = dict(type='Resize', scale=(1920, 1080), keep_ratio=True)
target_crop = dict(type='RandomCrop', crop_size=crop_size)
labeled_pipeline = [
    _base_.load, _base_.annotations, source_resize, source_crop, _base_.flip,
    _base_.pack
]
unlabeled_pipeline = [
    _base_.load, target_resize, target_crop, _base_.flip, _base_.pack
]
test_pipeline = [
    _base_.load, target_resize, _base_.annotations, _base_.test_pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline)),
        # A crop has four times as many pixels.
        rare_class_sampling=dict(min_crop_ratio=2.0)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
