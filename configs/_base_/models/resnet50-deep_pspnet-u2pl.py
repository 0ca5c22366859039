# ResNet-50 of U2PL and CCT's PSPNet, whose logits are as fine as the image,
# as FST builds it for semi-supervision.
_base_ = './resnet50-deep_deeplabv3plus-u2pl.py'
norm_cfg = dict(type='BN', requires_grad=True)
segmentor = dict(
    decode_head=dict(
        _delete_=True,
        type='ShufflePSPHead',
        in_channels=2048,
        in_index=3,
        channels=512,
        pool_scales=(1, 2, 3, 6),
        num_classes=21,
        norm_cfg=norm_cfg,
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)))
