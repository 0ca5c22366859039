# The CPU-sized encoder with another decoder, DeepLabV3+; at stride 32, the
# dilations are a fraction of the usual ones at 16.
_base_ = './mobilenetv2_segformer-ssl.py'
segmentor = dict(
    decode_head=dict(
        _delete_=True,
        type='DeepLabV3PlusHead',
        in_channels=320,
        in_index=3,
        c1_in_channels=24,
        c1_channels=48,
        channels=64,
        dilations=(1, 2, 4, 6),
        bottleneck_kernel_size=1,
        bias=False,
        num_classes=11,
        norm_cfg=_base_.norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)))
