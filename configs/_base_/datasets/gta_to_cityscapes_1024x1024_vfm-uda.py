# GTA -> Cityscapes as in VFM-UDA: short sides of 1440 and 1024 pixels times
# 0.9 to 1.1, crops of 1024 x 1024.
_base_ = './gta_to_cityscapes_1024x1024.py'
zoom = (0.9, 1.1)
# The long side is not limited.
source_resize = dict(
    type='RandomResize', scale=(8192, 1440), ratio_range=zoom, keep_ratio=True)
target_resize = dict(
    type='RandomResize', scale=(8192, 1024), ratio_range=zoom, keep_ratio=True)
# 3 % of the image at three sides, a quarter at the bottom.
margins = dict(
    type='PseudoLabelMargins', top=30, bottom=256, left=61, right=61)
labeled_pipeline = [
    _base_.load, _base_.annotations, source_resize, _base_.source_crop,
    _base_.flip, _base_.pack
]
unlabeled_pipeline = [
    _base_.load, margins, target_resize, _base_.target_crop, _base_.flip,
    _base_.pack
]
# At native size, for the protocol in windows.
test_pipeline = [_base_.load, _base_.annotations, _base_.test_pack]
train_dataloader = dict(
    # On one GPU; on 4 GPUs 2 each, as the release advises.
    batch_size=8,
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline)),
        rare_class_sampling=dict(temperature=0.05)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
