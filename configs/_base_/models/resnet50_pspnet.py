# ResNet-50 and PSPNet; without the auxiliary head of MMSegmentation's own
# config, as in the release of FST.
_base_ = './resnet50_deeplabv2.py'
norm_cfg = dict(type='BN', requires_grad=True)
segmentor = dict(
    decode_head=dict(
        _delete_=True,
        type='PSPHead',
        in_channels=2048,
        in_index=3,
        channels=512,
        pool_scales=(1, 2, 3, 6),
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss')))
