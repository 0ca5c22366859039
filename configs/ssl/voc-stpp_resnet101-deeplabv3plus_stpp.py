# ST++ as released: Pascal VOC, ST++'s lists,
# ResNet-101 and DeepLabV3+.
_base_ = './voc-stpp_resnet50-deeplabv3plus_stpp.py'
segmentor = dict(
    backbone=dict(
        depth=101, init_cfg=dict(checkpoint='checkpoints/resnet101.pth')))
