"""Segmentors and the parts that a method is put together from."""
from .data_preprocessor import SelfTrainingDataPreProcessor
from .mixers import ClassMix
from .photometric import StrongPhotometric
from .pseudo_labelers import ConfidentRatio
from .segmentors import SelfTrainingSegmentor

__all__ = [
    'ClassMix', 'ConfidentRatio', 'SelfTrainingDataPreProcessor',
    'SelfTrainingSegmentor', 'StrongPhotometric'
]
