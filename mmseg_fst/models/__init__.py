"""Segmentors and the parts that a method is put together from."""
from .data_preprocessor import SelfTrainingDataPreProcessor
from .mixers import ClassMix
from .photometric import StrongPhotometric
from .pseudo_labelers import ConfidentRatio
from .regularizers import FeatureDistance
from .segmentors import SelfTrainingSegmentor

__all__ = [
    'ClassMix', 'ConfidentRatio', 'FeatureDistance',
    'SelfTrainingDataPreProcessor', 'SelfTrainingSegmentor',
    'StrongPhotometric'
]
