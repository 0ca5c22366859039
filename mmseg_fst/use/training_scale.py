"""The scale at which a run has been trained: pixels read by pixels of a file.

A test pipeline resizes each image to one size, whatever its own. That is right
for images like the training images, but shrinks a mosaic of a hundred of them
to the size of one.
"""
import warnings
from collections.abc import Sequence
from typing import Optional

import numpy as np
from mmengine.config import Config, ConfigDict
from PIL import Image

from mmseg_fst.datasets.sides import LABELED, parts_of
from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.file_patterns import ARRAY_ENDING

from .run_pipeline import resize_factor

#: Key of a config: median height and width of the files trained on.
NATIVE_SIZE = 'native_size'
# Number of files whose size is read.
_MOST = 25


def training_factor(cfg: Config, resize: Optional[dict]) -> Optional[float]:
    """By how much training images were resized.

    Args:
        cfg (Config): Config of the run. ``native_size`` is the size of its
            training images; without it the size is read from the files.
        resize (dict, optional): The ``Resize`` of its test pipeline.

    Returns:
        float | None: 1 without a ``Resize``; None if the size of the training
        images is not known.
    """
    if resize is None:
        return 1.
    size = native_size(cfg) if resize.get('scale') else (1, 1)
    return None if size is None else resize_factor(resize, size)


def native_size(cfg: Config) -> Optional[tuple[int, int]]:
    """Median height and width of the files of the labeled images.

    Args:
        cfg (Config): Config of the run.

    Returns:
        tuple[int, int] | None: None if the files are not there.
    """
    if cfg.get(NATIVE_SIZE):
        height, width = cfg[NATIVE_SIZE]
        return height, width
    sides = cfg.get('train_dataloader', {}).get('dataset', {}).get('sides')
    if not sides or not sides.get(LABELED):
        return None
    sizes = [size for size in map(_size_of, _some_images(sides[LABELED]))
             if size is not None]
    if not sizes:
        return None
    height, width = np.median(sizes, 0)
    return int(height), int(width)


def _some_images(side: ConfigDict) -> Sequence[str]:
    """Paths of images of a side, spread over it; none if it is missing."""
    side = ConfigDict(side.copy())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            parts = parts_of(DATASETS.build(side))
    # Each data set raises others if its files are not there.
    except Exception:
        return []
    paths = [
        part.get_data_info(index)['img_path'] for part in parts
        for index in range(len(part))
    ]
    step = max(1, len(paths) // _MOST)
    return paths[::step]


def _size_of(path: str) -> Optional[tuple[int, int]]:
    """Height and width of an image by its header; None if it has none."""
    try:
        if path.endswith(ARRAY_ENDING):
            height, width = np.load(path, mmap_mode='r').shape[:2]
            return height, width
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of large images
            with Image.open(path) as image:
                return image.size[::-1]
    except (OSError, ValueError):
        return None
