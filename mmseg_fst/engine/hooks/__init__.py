"""Hooks of the training run."""
from .checkpoint import AtomicCheckpointHook
from .finite_guard import FiniteGuardHook
from .fst import FSTHook, SelfLookAheadHook, WideFSTHook
from .mean_teacher import MeanTeacherHook
from .mix_visualization import MixVisualizationHook
from .prediction_panel import PredictionPanelHook
from .prepare_model import PrepareModelHook
from .pseudo_label_quality import PseudoLabelQualityHook
from .results import ResultsHook
from .resume import ResumeHook
from .seed_iteration import SeedIterationHook
from .sync_statistics import SyncStatisticsHook

__all__ = [
    'AtomicCheckpointHook', 'FSTHook', 'FiniteGuardHook', 'MeanTeacherHook',
    'MixVisualizationHook', 'PredictionPanelHook', 'PrepareModelHook',
    'PseudoLabelQualityHook', 'ResultsHook', 'ResumeHook', 'SeedIterationHook',
    'SelfLookAheadHook', 'SyncStatisticsHook', 'WideFSTHook'
]
