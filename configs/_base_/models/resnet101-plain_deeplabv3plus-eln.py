# ResNet-101 with the usual stem, one 7x7 convolution, and DeepLabV3+ at stride
# 16: ELN. There classes and representation share two 3x3 convolutions; here
# the representation has its own, and dropout is as in U2PL. Weights and biases
# of batch normalization are trained in the localizer alone, as in the release,
# whose optimizer lacks the others.
_base_ = './resnet101-deep_deeplabv3plus-u2pl.py'
segmentor = dict(
    backbone=dict(
        type='ResNet',
        norm_cfg=dict(requires_grad=False),
        stem_channels=64,
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 2),
        multi_grid=(2, 4, 8),  # in all: 1, 2, 4 count times the above
        contract_dilation=False,
        init_cfg=dict(checkpoint='checkpoints/resnet101.pth')),
    decode_head=dict(
        norm_cfg=dict(requires_grad=False),
        dilations=(1, 6, 12, 18),
        c1_channels=48,
        bottleneck_kernel_size=1,
        bias=False,
        representation_channels=128))
# The localizer: ResNet-34, whose first layer reads further channels.
localizer_network = dict(
    _base_.segmentor,
    backbone=dict(
        _base_.segmentor.backbone,
        type='ResNet',
        depth=34,
        stem_channels=64,
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 1),  # its blocks ignore them
        multi_grid=None,
        contract_dilation=False,
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/resnet34.pth')),
    decode_head=dict(
        _base_.segmentor.decode_head,
        in_channels=512,
        dilations=(1, 6, 12, 18),
        c1_in_channels=64,
        c1_channels=48,
        bottleneck_kernel_size=1,
        bias=False))
