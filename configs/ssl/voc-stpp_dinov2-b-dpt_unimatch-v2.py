# UniMatch V2: Pascal VOC, ST++'s lists,
# DINOv2 ViT-B and DPT.
_base_ = [
    '../_base_/datasets/voc2012_518x518.py',
    '../_base_/models/dinov2-b_dpt-unimatch.py',
    '../_base_/methods/ssl_unimatch_v2.py',
    '../_base_/schedules/adamw_voc_unimatch-v2.py',
    '../_base_/protocols/voc_multiple14.py',
    '../_base_/default_runtime.py'
]
