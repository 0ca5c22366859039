"""Segmentors that train more than one network, or on more than labels."""
from .co_training import CoTrainingSegmentor
from .self_training import SelfTrainingSegmentor

__all__ = ['CoTrainingSegmentor', 'SelfTrainingSegmentor']
