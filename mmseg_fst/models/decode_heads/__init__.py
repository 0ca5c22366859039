"""Decode heads that neither MMSegmentation nor timm has."""
from .daformer_head import DAFormerHead
from .deeplabv2_head import DeepLabV2Head
from .dpt_head import PlainDPTHead

__all__ = ['DAFormerHead', 'DeepLabV2Head', 'PlainDPTHead']
