# ResNet-50 and DeepLabV3+; without the auxiliary head of MMSegmentation's own
# config, as in the releases of DAFormer and FST.
_base_ = './resnet50_deeplabv2.py'
norm_cfg = dict(type='BN', requires_grad=True)
segmentor = dict(
    decode_head=dict(
        _delete_=True,
        type='DepthwiseSeparableASPPHead',
        in_channels=2048,
        in_index=3,
        channels=512,
        dilations=(1, 12, 24, 36),  # for maps at stride 8
        c1_in_channels=256,
        c1_channels=48,
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss')))
