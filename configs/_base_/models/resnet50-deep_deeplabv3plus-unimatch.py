# ResNet-50 and DeepLabV3+ of UniMatch, and of Diverse Co-training on Pascal:
# maps at stride 16 and a smaller head without dropout.
_base_ = './resnet50-deep_deeplabv3plus-u2pl.py'
segmentor = dict(
    backbone=dict(
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 2),  # the last two maps at stride 16
        multi_grid=None),
    decode_head=dict(
        dilations=(1, 6, 12, 18),
        c1_channels=48,
        bottleneck_kernel_size=1,
        bias=False,
        dropout_ratio=0))
