# ResNet-101 and the head of DAFormer, on all four stages.
_base_ = './resnet101_deeplabv2.py'
norm_cfg = dict(type='BN', requires_grad=True)
segmentor = dict(
    decode_head=dict(
        _delete_=True,
        type='DAFormerHead',
        in_channels=[256, 512, 1024, 2048],
        in_index=[0, 1, 2, 3],
        channels=256,
        embed_dims=256,
        dilations=(1, 6, 12, 18),
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss')))
