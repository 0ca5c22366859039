# ResNet-101 and the whole DeepLabV2 head: FST's semi-supervised half.
_base_ = './resnet50-deep_deeplabv2-u2pl.py'
segmentor = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(checkpoint='checkpoints/resnet101_deep128.pth')))
