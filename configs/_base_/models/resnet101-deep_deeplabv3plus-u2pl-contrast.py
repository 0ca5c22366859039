# ResNet-101 and DeepLabV3+ of U2PL, with its representation of pixels.
_base_ = './resnet101-deep_deeplabv3plus-u2pl.py'
segmentor = dict(decode_head=dict(representation_channels=256))
