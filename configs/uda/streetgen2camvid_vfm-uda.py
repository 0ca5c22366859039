# VFM-UDA with DINOv2-S at the size of a CPU: masked tokens, mirrored
# pseudo-labels and decay by layers. It starts from DINOv2, not from a
# source-only model. Weights: tools/download_checkpoints.sh dinov2_small
_base_ = [
    '../_base_/datasets/streetgen_to_camvid.py',
    '../_base_/models/dinov2-s_deconv.py',
    '../_base_/methods/vfm_uda.py', '../_base_/schedules/adamw_adapt.py',
    '../_base_/default_runtime.py'
]
# Images as large as the encoder reads them: 14 x 18 patches.
segmentor = dict(
    backbone=dict(input_scale=1.0), decode_head=dict(num_classes=11))
model = dict(mask=dict(block_size=14))
optim_wrapper = dict(
    optimizer=dict(lr=5e-5), paramwise_cfg=dict(layer_decay=0.9))
# A run of some hundred steps needs a teacher that follows faster than 0.999.
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99)]
