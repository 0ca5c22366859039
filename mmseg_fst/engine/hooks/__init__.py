"""Hooks of the training run."""
from .checkpoint_hook import AtomicCheckpointHook
from .collapsed_class_hook import CollapsedClassHook
from .data_check_hook import DataCheckHook
from .early_stopping_hook import EarlyStoppingHook
from .finite_guard_hook import FiniteGuardHook
from .free_look_ahead_hook import ExtrapolationHook, MomentLookAheadHook
from .fst_hook import FSTHook, SelfLookAheadHook, WideFSTHook
from .mean_teacher_hook import MeanTeacherHook
from .mix_visualization_hook import MixVisualizationHook
from .prediction_panel_hook import PredictionPanelHook
from .prepare_model_hook import PrepareModelHook
from .previous_students_hook import PreviousStudentsHook
from .pseudo_label_quality_hook import PseudoLabelQualityHook
from .results_hook import ResultsHook
from .resume_hook import ResumeHook
from .seed_iteration_hook import SeedIterationHook
from .student_reset_hook import StudentResetHook
from .sync_statistics_hook import SyncStatisticsHook

__all__ = [
    'AtomicCheckpointHook', 'CollapsedClassHook', 'DataCheckHook',
    'EarlyStoppingHook', 'ExtrapolationHook', 'FSTHook', 'FiniteGuardHook',
    'MeanTeacherHook', 'MixVisualizationHook', 'MomentLookAheadHook',
    'PredictionPanelHook', 'PrepareModelHook', 'PreviousStudentsHook',
    'PseudoLabelQualityHook', 'ResultsHook', 'ResumeHook',
    'SeedIterationHook', 'SelfLookAheadHook', 'StudentResetHook',
    'SyncStatisticsHook', 'WideFSTHook'
]
