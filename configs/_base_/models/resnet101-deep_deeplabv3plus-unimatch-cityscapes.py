# ResNet-101 and DeepLabV3+ of UniMatch on Cityscapes.
_base_ = './resnet50-deep_deeplabv3plus-unimatch-cityscapes.py'
segmentor = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(checkpoint='checkpoints/resnet101_deep128.pth')))
