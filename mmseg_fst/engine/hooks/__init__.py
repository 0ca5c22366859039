"""Hooks of the training run."""
from .fst import FSTHook, SelfLookAheadHook, WideFSTHook
from .mean_teacher import MeanTeacherHook
from .mix_visualization import MixVisualizationHook
from .prediction_panel import PredictionPanelHook
from .prepare_model import PrepareModelHook
from .pseudo_label_quality import PseudoLabelQualityHook
from .results import ResultsHook
from .sync_statistics import SyncStatisticsHook

__all__ = [
    'FSTHook', 'MeanTeacherHook', 'MixVisualizationHook',
    'PredictionPanelHook', 'PrepareModelHook', 'PseudoLabelQualityHook',
    'ResultsHook', 'SelfLookAheadHook', 'SyncStatisticsHook', 'WideFSTHook'
]
