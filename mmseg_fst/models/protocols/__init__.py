"""Evaluation protocols: how an image becomes the prediction that is scored."""
from .base import Protocol
from .canvas import Canvas
from .default import name_of_test_cfg
from .sliding_windows import SlidingWindows
from .whole_image import WholeImage

__all__ = [
    'Canvas', 'Protocol', 'SlidingWindows', 'WholeImage', 'name_of_test_cfg'
]
