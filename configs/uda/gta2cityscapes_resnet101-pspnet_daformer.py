# DAFormer's method: GTA -> Cityscapes,
# ResNet-101 with PSPNet.
_base_ = [
    '../_base_/datasets/gta_to_cityscapes_512x512.py',
    '../_base_/models/resnet101_pspnet.py',
    '../_base_/methods/daformer_released.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py'
]
