# ResNet-50 and DeepLabV3+ as PS-MT and CPS dilate them, see
# resnet101-deep_deeplabv3plus-ps-mt.py.
_base_ = './resnet101-deep_deeplabv3plus-ps-mt.py'
segmentor = dict(
    backbone=dict(
        depth=50,
        init_cfg=dict(checkpoint='checkpoints/resnet50_deep128.pth')))
