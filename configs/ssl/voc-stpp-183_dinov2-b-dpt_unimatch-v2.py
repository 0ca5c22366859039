# UniMatch V2: Pascal VOC, ST++'s list of 183 high-quality labels,
# DINOv2 ViT-B and DPT.
_base_ = [
    '../_base_/datasets/voc2012_518x518_183.py',
    '../_base_/models/dinov2-b_dpt-unimatch.py',
    '../_base_/methods/ssl_unimatch_v2.py',
    '../_base_/schedules/adamw_voc_unimatch-v2_183.py',
    '../_base_/protocols/voc_multiple14.py',
    '../_base_/default_runtime.py'
]
model = dict(
    segmentor=_base_.segmentor,
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol)
