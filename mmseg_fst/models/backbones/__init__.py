"""Encoders that MMSegmentation lacks or builds on what is gone."""
from .beit import ResizedBEiT
from .dct_resnet import DCTPretrained, DCTResNet
from .vision_transformer import TIMMVisionTransformer

__all__ = [
    'DCTPretrained', 'DCTResNet', 'ResizedBEiT', 'TIMMVisionTransformer'
]
