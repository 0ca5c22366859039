"""Evaluation protocols: how an image becomes the prediction that is scored."""
from .base import Protocol
from .canvas import Canvas
from .default import default_scores, name_of_test_cfg
from .scores import Scores, metas_of, native_scores, write_labels
from .sliding_windows import SlidingWindows
from .whole_image import WholeImage

__all__ = [
    'Canvas', 'Protocol', 'Scores', 'SlidingWindows', 'WholeImage',
    'default_scores', 'metas_of', 'name_of_test_cfg', 'native_scores',
    'write_labels'
]
