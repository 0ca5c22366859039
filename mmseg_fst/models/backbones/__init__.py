"""Backbones that MMSegmentation lacks, or whose version there is broken."""
from .beit import ResizedBEiT
from .dct_input import DCTInput, DCTMobileNetV2
from .dct_resnet import DCTPretrained, DCTResNet
from .first_layer import adapt_first_layers, check_channels, read_channels
from .vision_transformer import TIMMVisionTransformer

__all__ = [
    'DCTInput', 'DCTMobileNetV2', 'DCTPretrained', 'DCTResNet', 'ResizedBEiT',
    'TIMMVisionTransformer', 'adapt_first_layers', 'check_channels',
    'read_channels'
]
