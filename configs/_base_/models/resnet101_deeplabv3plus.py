# ResNet-101 and DeepLabV3+.
_base_ = './resnet50_deeplabv3plus.py'
segmentor = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(checkpoint='checkpoints/resnet101_v1c.pth')))
