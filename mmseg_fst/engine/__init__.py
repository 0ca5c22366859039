"""Hooks and loops: when weights move, what is kept, what is shown."""
from .hooks import (
    AtomicCheckpointHook,
    FiniteGuardHook,
    FSTHook,
    MeanTeacherHook,
    MixVisualizationHook,
    ResumeHook,
    SeedIterationHook,
    SelfLookAheadHook,
    WideFSTHook,
)
from .label_free_scores import LABEL_FREE, LabelFreeScores
from .loops import NetworksTestLoop, NetworksValLoop
from .optim import (
    AutocastOptimWrapper,
    FewGroupsConstructor,
    JointOptimWrapper,
    PerStudentConstructor,
)
from .snapshot import Snapshot
from .step_watch import SINGLE_SIDE, StepWatch, from_plain, to_plain

__all__ = [
    'AtomicCheckpointHook', 'AutocastOptimWrapper', 'FSTHook',
    'FewGroupsConstructor', 'FiniteGuardHook', 'JointOptimWrapper',
    'LABEL_FREE', 'LabelFreeScores', 'MeanTeacherHook', 'MixVisualizationHook',
    'NetworksTestLoop', 'NetworksValLoop', 'PerStudentConstructor',
    'ResumeHook', 'SINGLE_SIDE', 'SeedIterationHook', 'SelfLookAheadHook',
    'Snapshot', 'StepWatch', 'WideFSTHook', 'from_plain', 'to_plain'
]
