# VFM-UDA: GTA -> Cityscapes,
# DINOv2-B with its head of transposed convolutions.
_base_ = [
    '../_base_/datasets/gta_to_cityscapes_1024x1024_vfm-uda.py',
    '../_base_/models/dinov2-b_deconv.py',
    '../_base_/methods/vfm_uda.py',
    '../_base_/schedules/adamw_vfm-uda.py',
    '../_base_/protocols/cityscapes_windows_vfm-uda.py',
    '../_base_/default_runtime.py'
]
