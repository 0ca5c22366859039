"""Hooks and loops: when weights move, what is kept, what is shown."""
from .hooks import (FSTHook, MeanTeacherHook, MixVisualizationHook,
                    WideFSTHook)
from .loops import NetworksTestLoop, NetworksValLoop
from .snapshot import Snapshot

__all__ = [
    'FSTHook', 'MeanTeacherHook', 'MixVisualizationHook', 'NetworksTestLoop',
    'NetworksValLoop', 'Snapshot', 'WideFSTHook'
]
