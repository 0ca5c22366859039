"""Segmentors that train more than one network, or on more than labels."""
from .self_training import SelfTrainingSegmentor

__all__ = ['SelfTrainingSegmentor']
