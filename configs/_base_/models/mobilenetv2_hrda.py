# MobileNetV2 and SegFormer's head at two scales: HRDA at the size of a CPU.
# For crops of 256 x 384.
_base_ = './mobilenetv2_segformer.py'
segmentor = dict(
    type='MultiScaleSegmentor',
    detail_size=(128, 192),
    context_scale=0.5,
    decode_head=dict(
        _delete_=True,
        type='ScaleAttentionHead',
        head=dict(
            type='SegformerHead',
            in_channels=[24, 32, 96, 320],
            in_index=[0, 1, 2, 3],
            channels=64,
            dropout_ratio=0.1,
            norm_cfg=_base_.norm_cfg),
        detail_weight=0.1,
        num_classes=11,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss')))
