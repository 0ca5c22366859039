"""Hooks and loops: when weights move, what is kept, what is shown."""
from .hooks import (FSTHook, MeanTeacherHook, MixVisualizationHook,
                    SelfLookAheadHook, WideFSTHook)
from .loops import NetworksTestLoop, NetworksValLoop
from .optim import (AutocastOptimWrapper, FewGroupsConstructor,
                    JointOptimWrapper, PerStudentConstructor)
from .snapshot import Snapshot

__all__ = [
    'AutocastOptimWrapper', 'FSTHook', 'FewGroupsConstructor',
    'JointOptimWrapper', 'MeanTeacherHook', 'MixVisualizationHook',
    'NetworksTestLoop', 'NetworksValLoop', 'PerStudentConstructor',
    'SelfLookAheadHook', 'Snapshot', 'WideFSTHook'
]
