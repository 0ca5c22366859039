# UniMatch V2: Cityscapes, UniMatch's lists,
# DINOv2 ViT-S and DPT.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_798x798.py',
    '../_base_/models/dinov2-s_dpt-unimatch-cityscapes.py',
    '../_base_/methods/ssl_unimatch_v2.py',
    '../_base_/schedules/adamw_cityscapes_unimatch-v2.py',
    '../_base_/protocols/cityscapes_windows_unimatch-v2.py',
    '../_base_/default_runtime.py'
]
