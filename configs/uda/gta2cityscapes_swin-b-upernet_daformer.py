# DAFormer's method: GTA -> Cityscapes,
# Swin-B with UPerNet.
_base_ = [
    '../_base_/datasets/gta_to_cityscapes_512x512.py',
    '../_base_/models/swin-b_upernet.py',
    '../_base_/methods/daformer_released.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py'
]
