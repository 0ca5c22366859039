"""Encoders that MMSegmentation lacks or builds on what is gone."""
from .beit import ResizedBEiT
from .vision_transformer import TIMMVisionTransformer

__all__ = ['ResizedBEiT', 'TIMMVisionTransformer']
