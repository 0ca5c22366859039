# ResNet-50 of U2PL and the whole DeepLabV2 head, all four dilations, as FST
# builds it for semi-supervision.
_base_ = './resnet50-deep_deeplabv3plus-u2pl.py'
segmentor = dict(
    decode_head=dict(
        _delete_=True,
        type='DeepLabV2Head',
        in_channels=2048,
        in_index=3,
        dilations=(6, 12, 18, 24),
        num_classes=21,
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)))
