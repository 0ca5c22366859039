# UniMatch V2: Cityscapes, UniMatch's list of 372 labels,
# DINOv2 ViT-B and DPT.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_798x798_372.py',
    '../_base_/models/dinov2-b_dpt-unimatch-cityscapes.py',
    '../_base_/methods/ssl_unimatch_v2.py',
    '../_base_/schedules/adamw_cityscapes_unimatch-v2_372.py',
    '../_base_/protocols/cityscapes_windows_unimatch-v2.py',
    '../_base_/default_runtime.py'
]
model = dict(
    segmentor=_base_.segmentor,
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol)
