# DACS: GTA -> Cityscapes,
# ResNet-101 with DeepLabV2.
_base_ = [
    '../_base_/datasets/gta_to_cityscapes_512x512.py',
    '../_base_/models/resnet101_deeplabv2.py',
    '../_base_/methods/dacs_released.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(rare_class_sampling=None))
