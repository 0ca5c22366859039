# ResNet-101 and UPerNet; without an auxiliary head, as in the release of FST.
_base_ = './resnet101_deeplabv2.py'
norm_cfg = dict(type='BN', requires_grad=True)
segmentor = dict(
    decode_head=dict(
        _delete_=True,
        type='UPerHead',
        in_channels=[256, 512, 1024, 2048],
        in_index=[0, 1, 2, 3],
        pool_scales=(1, 2, 3, 6),
        channels=512,
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss')))
