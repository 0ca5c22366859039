"""Segmentors and the parts that a method is put together from."""
from .backbones import ResizedBEiT, TIMMVisionTransformer
from .data_preprocessor import SelfTrainingDataPreProcessor
from .decode_heads import (DAFormerHead, DeepLabV2Head, DeepLabV3PlusHead,
                           PlainDPTHead, ShufflePSPHead)
from .mixers import ClassMix
from .photometric import StrongPhotometric
from .pseudo_labelers import ConfidentRatio
from .regularizers import FeatureDistance
from .segmentors import SelfTrainingSegmentor

__all__ = [
    'ClassMix', 'ConfidentRatio', 'DAFormerHead', 'DeepLabV2Head',
    'DeepLabV3PlusHead', 'FeatureDistance', 'PlainDPTHead', 'ResizedBEiT',
    'SelfTrainingDataPreProcessor', 'SelfTrainingSegmentor', 'ShufflePSPHead',
    'StrongPhotometric', 'TIMMVisionTransformer'
]
