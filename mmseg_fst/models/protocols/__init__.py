"""Evaluation protocols: how an image becomes the prediction that is scored."""
from .base import Protocol
from .canvas import Canvas
from .default import name_of_test_cfg
from .predictions import MeanScores, ScoredImages, score_images
from .scores import Scores, metas_of
from .sliding_windows import SlidingWindows
from .whole_image import WholeImage

__all__ = [
    'Canvas', 'MeanScores', 'Protocol', 'ScoredImages', 'Scores',
    'SlidingWindows', 'WholeImage', 'metas_of', 'name_of_test_cfg',
    'score_images'
]
