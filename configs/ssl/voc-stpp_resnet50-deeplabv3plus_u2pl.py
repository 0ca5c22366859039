# U2PL as released, on ST++'s lists of Pascal VOC: ResNet-50 and DeepLabV3+.
_base_ = './voc-stpp_resnet101-deeplabv3plus_u2pl.py'
segmentor = dict(
    backbone=dict(
        depth=50,
        init_cfg=dict(checkpoint='checkpoints/resnet50_deep128.pth')))
