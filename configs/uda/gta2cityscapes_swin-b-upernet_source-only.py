# Source only: GTA -> Cityscapes,
# Swin-B with UPerNet.
_base_ = [
    '../_base_/datasets/gta_to_cityscapes_512x512.py',
    '../_base_/models/swin-b_upernet.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py'
]
# Colors are not jittered on the mixed batch here, so the loader does it.
jitter = dict(type='PhotoMetricDistortion')
labeled_pipeline = [
    _base_.load, _base_.annotations, _base_.source_resize, _base_.source_crop,
    _base_.flip, jitter, _base_.pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=None),
        rare_class_sampling=None))
