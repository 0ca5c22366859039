# ResNet-101 and DeepLabV3+ as PS-MT and CPS dilate them: a multi-grid in the
# last stage at stride 16. Their ASPP adds the pooled branch behind the
# bottleneck and has leaky ReLUs; here it is the one of UniMatch.
_base_ = './resnet101-deep_deeplabv3plus-unimatch.py'
segmentor = dict(
    backbone=dict(multi_grid=(2, 4, 8), contract_dilation=False))
