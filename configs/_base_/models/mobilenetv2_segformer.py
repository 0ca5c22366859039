# timm's MobileNetV2 with ImageNet weights and SegFormer's all-MLP head: a
# real encoder that a CPU can train. Weights: tools/download_checkpoints.sh
channels_last = True  # all convolutions: faster
norm_cfg = dict(type='BN', requires_grad=True)
segmentor = dict(
    type='EncoderDecoder',
    backbone=dict(
        type='TIMMBackbone',
        model_name='mobilenetv2_100',
        pretrained=False,
        features_only=True,
        out_indices=(1, 2, 3, 4),  # strides 4, 8, 16, 32
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/mobilenetv2_100.pth')),
    decode_head=dict(
        type='SegformerHead',
        in_channels=[24, 32, 96, 320],
        in_index=[0, 1, 2, 3],
        channels=64,
        dropout_ratio=0.1,
        num_classes=11,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss')),
    test_cfg=dict(mode='whole'))
