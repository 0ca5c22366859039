# ResNet-101 and the reduced DeepLabV2 head: FST's table of convolutional nets.
_base_ = './resnet50_deeplabv2.py'
segmentor = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(checkpoint='checkpoints/resnet101_v1c.pth')))
