"""Evaluation protocols: how an image becomes the prediction that is scored."""
from .base import Protocol
from .canvas import Canvas
from .default import name_of_test_cfg, windows_of
from .merged_rows import resized_rows
from .multi_scale import MultiScale
from .predictions import (
    MeanScores,
    ScoredImages,
    score_images,
    score_rows,
    some_pixels,
)
from .scores import (
    SCORES_AT_ONCE,
    Scores,
    mean_threshold,
    metas_of,
    threshold_of,
)
from .sliding_windows import SlidingWindows
from .whole_image import WholeImage

__all__ = [
    'Canvas', 'MeanScores', 'MultiScale', 'Protocol', 'SCORES_AT_ONCE',
    'ScoredImages', 'Scores', 'SlidingWindows', 'WholeImage', 'mean_threshold',
    'metas_of', 'name_of_test_cfg', 'resized_rows', 'score_images',
    'score_rows', 'some_pixels', 'threshold_of', 'windows_of'
]
