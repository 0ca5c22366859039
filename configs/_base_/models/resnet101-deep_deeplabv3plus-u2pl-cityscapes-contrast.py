# ResNet-101 and DeepLabV3+ of U2PL on Cityscapes, with its representation.
_base_ = './resnet101-deep_deeplabv3plus-u2pl-cityscapes.py'
segmentor = dict(decode_head=dict(representation_channels=256))
