# VFM-UDA: SYNTHIA -> Cityscapes,
# DINOv2-B with its head of transposed convolutions. Published is VFM-UDA++,
# whose decay by layers and blocks of masks it has, and whose ViT-Adapter,
# distillation and strong colors of labeled images it has not.
_base_ = [
    '../_base_/datasets/synthia_to_cityscapes_1024x1024_vfm-uda.py',
    '../_base_/models/dinov2-b_deconv.py',
    '../_base_/methods/vfm_uda.py',
    '../_base_/schedules/adamw_vfm-uda.py',
    '../_base_/protocols/cityscapes_windows_vfm-uda.py',
    '../_base_/default_runtime.py'
]
# Blocks of 64 of the 1120 pixels that the encoder reads, of whole patches.
model = dict(mask=dict(block_size=64 / 1.1))
optim_wrapper = dict(paramwise_cfg=dict(layer_decay=0.9))
default_hooks = dict(checkpoint=dict(save_best='student/mIoU16'))
