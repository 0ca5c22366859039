"""Segmentors and the parts that a method is put together from."""
from .backbones import ResizedBEiT, TIMMVisionTransformer
from .data_preprocessor import SelfTrainingDataPreProcessor
from .decode_heads import DAFormerHead, DeepLabV2Head, PlainDPTHead
from .mixers import ClassMix
from .photometric import StrongPhotometric
from .protocols import Canvas, SlidingWindows, WholeImage
from .pseudo_labelers import ConfidentRatio
from .regularizers import FeatureDistance
from .segmentors import SelfTrainingSegmentor

__all__ = [
    'Canvas', 'ClassMix', 'ConfidentRatio', 'DAFormerHead', 'DeepLabV2Head',
    'FeatureDistance', 'PlainDPTHead', 'ResizedBEiT',
    'SelfTrainingDataPreProcessor', 'SelfTrainingSegmentor',
    'SlidingWindows', 'StrongPhotometric', 'TIMMVisionTransformer',
    'WholeImage'
]
