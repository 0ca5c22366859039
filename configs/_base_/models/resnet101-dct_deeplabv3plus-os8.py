# ResNet-101 on maps of DCT coefficients and DeepLabV3+ of Diverse Co-training
# on Cityscapes.
_base_ = './resnet50-dct_deeplabv3plus-os8.py'
segmentor = dict(
    backbone=dict(
        backbone=dict(
            depth=101,
            init_cfg=dict(
                checkpoint='checkpoints/resnet101_dct.pth',
                fallback='checkpoints/resnet101_v1c.pth'))))
