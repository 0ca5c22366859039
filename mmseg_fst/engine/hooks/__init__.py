"""Hooks of the training run."""
from .fst import FSTHook, WideFSTHook
from .mean_teacher import MeanTeacherHook
from .mix_visualization import MixVisualizationHook

__all__ = [
    'FSTHook', 'MeanTeacherHook', 'MixVisualizationHook', 'WideFSTHook'
]
