# The same at stride 8 and with a multi-grid: Diverse Co-training on
# Cityscapes.
_base_ = './resnet50-dct_deeplabv3plus.py'
segmentor = dict(
    backbone=dict(
        backbone=dict(
            strides=(1, 2, 1, 1),
            dilations=(1, 1, 2, 4),
            multi_grid=(4, 8, 16))),
    decode_head=dict(dilations=(1, 12, 24, 36)))
