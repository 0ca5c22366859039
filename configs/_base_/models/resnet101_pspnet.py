# ResNet-101 and PSPNet, as in the release of FST.
_base_ = './resnet50_pspnet.py'
segmentor = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(checkpoint='checkpoints/resnet101_v1c.pth')))
