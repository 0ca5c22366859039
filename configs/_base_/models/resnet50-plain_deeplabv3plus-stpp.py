# ResNet-50 with the usual stem, one 7x7 convolution, and DeepLabV3+ at stride
# 8 without a multi-grid: ST++. As released, half of the channels are dropped
# behind the pyramid and a tenth of the values before the classes.
_base_ = './resnet50-deep_deeplabv3plus-unimatch-os8.py'
segmentor = dict(
    backbone=dict(
        type='ResNet',
        stem_channels=64,
        multi_grid=None,
        init_cfg=dict(checkpoint='checkpoints/resnet50.pth')),
    decode_head=dict(context_dropout_ratio=0.5, dropout_ratio=0.1))
