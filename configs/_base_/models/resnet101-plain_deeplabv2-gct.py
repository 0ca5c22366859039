# ResNet-101 with the usual stem, one 7x7 convolution, at stride 16, and
# DeepLabV2: GCT. There the encoder was trained on COCO, too. The loss is a
# mean over all pixels, ignored ones included.
_base_ = './resnet50-deep_deeplabv2-u2pl.py'
segmentor = dict(
    backbone=dict(
        type='ResNet',
        depth=101,
        stem_channels=64,
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 2),
        multi_grid=(2, 4, 8),  # in all: 1, 2, 4 count times the above
        contract_dilation=False,
        init_cfg=dict(checkpoint='checkpoints/resnet101.pth')),
    decode_head=dict(loss_decode=dict(avg_non_ignore=False)))
