# ResNet-101 on maps of DCT coefficients and DeepLabV3+: a student of Diverse
# Co-training on Pascal. Its RGB ones are resnet101-deep_deeplabv3plus-unimatch
# and mit-b3_segformer.
_base_ = './resnet50-dct_deeplabv3plus.py'
segmentor = dict(
    backbone=dict(
        backbone=dict(
            depth=101,
            init_cfg=dict(
                checkpoint='checkpoints/resnet101_dct.pth',
                fallback='checkpoints/resnet101_v1c.pth'))))
