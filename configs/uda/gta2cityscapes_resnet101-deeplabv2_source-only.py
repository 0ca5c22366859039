# Source only: GTA -> Cityscapes,
# ResNet-101 with DeepLabV2.
_base_ = [
    '../_base_/datasets/gta_to_cityscapes_512x512.py',
    '../_base_/models/resnet101_deeplabv2.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py'
]
model = dict(
    segmentor=_base_.segmentor,
    data_preprocessor=_base_.data_preprocessor)
# Colors are not drawn on the mixed batch here, so they are by the loader.
labeled_pipeline = _base_.labeled_pipeline
labeled_pipeline.insert(-1, dict(type='PhotoMetricDistortion'))
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=None),
        rare_class_sampling=None))
