"""The test pipeline of a run: how it loads, resizes and packs an image."""
import copy
from collections.abc import Sequence
from os import fspath
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from mmcv.transforms import Compose, LoadImageFromFile
from mmengine.config import Config
from mmengine.dataset import pseudo_collate

from mmseg_fst.datasets.loading import LoadWholeImage
from mmseg_fst.registry import TRANSFORMS

#: A path, or the values of a file: RGB of shape (H, W, 3), uint8, or of
#: another number of channels, or type, if the network was trained on it.
Image = Union[str, Path, np.ndarray]


class RunPipeline:
    """Loads and prepares images as the test of a run does.

    Args:
        cfg (Config): Config of the run; ``test_dataloader.dataset.pipeline``
            is used.
    """

    def __init__(self, cfg: Config) -> None:
        steps = list(cfg.test_dataloader.dataset.pipeline)
        loading = [step for step in steps
                   if step_name(step).startswith('Load')]
        images = [step for step in loading
                  if not step_name(step).startswith('LoadAnnotation')]
        self._steps = [step for step in steps if step not in loading]
        #: The step that loads images.
        self.loader: Any = (
            TRANSFORMS.build(copy.deepcopy(images[0])) if images else
            LoadWholeImage())
        # Further steps may add channels from other files.
        self._further = Compose(list(copy.deepcopy(images[1:])))

    @property
    def resize(self) -> Optional[dict[str, Any]]:
        """Config of the step that resizes images, if there is one."""
        return next(
            (step for step in self._steps if step_name(step) == 'Resize'),
            None)

    def load(self, image: Image) -> np.ndarray:
        """An image as the first steps of the pipeline load it.

        Args:
            image (str | Path | np.ndarray): A path, or the values of a file.

        Returns:
            np.ndarray: Of shape (H, W) or (H, W, C), three channels in BGR
            order.

        Raises:
            OSError: If a file is missing, truncated or not an image.
            ValueError: If it is not of the kind trained on.
        """
        if isinstance(image, np.ndarray):
            return self._prepare(image)
        path = fspath(image)
        if isinstance(self.loader, LoadWholeImage):
            values = self.loader.prepare(self.loader.read(path), path)
        else:
            values = self._load_by_step(path)
        results = dict(img=values, img_path=path, img_shape=values.shape[:2],
                       ori_shape=values.shape[:2])
        return self._further(results)['img']

    def _load_by_step(self, path: str) -> np.ndarray:
        """The image of a loading step of another class."""
        try:
            loaded = self.loader(dict(img_path=path))
        except OSError:
            raise
        except Exception as error:  # each class raises others
            raise OSError(
                f'{path} cannot be loaded by {type(self.loader).__name__}, '
                f'the first step of the test pipeline: {error}') from error
        if loaded is None:
            raise OSError(f'{path} is not an image that '
                          f'{type(self.loader).__name__} can read.')
        return loaded['img']

    def _prepare(self, image: np.ndarray) -> np.ndarray:
        """The values of an array as the pipeline would have loaded them."""
        found = image.shape[2] if image.ndim == 3 else 1
        whole = isinstance(self.loader, LoadWholeImage)
        if whole and self.loader.as_8_bits:
            _check_values(image, found, self.loader)
        if found == 3:
            image = np.ascontiguousarray(image[..., ::-1])  # to BGR
        if whole:
            return self.loader.prepare(image, 'The image')
        is_plain = isinstance(self.loader, LoadImageFromFile)
        return (image.astype(np.float32)
                if is_plain and self.loader.to_float32 else image)

    def batch(self, image: np.ndarray, resize: Optional[dict] = None) -> dict:
        """What a data preprocessor takes, of one loaded image.

        Args:
            image (np.ndarray): Of :meth:`load`, or rows of it.
            resize (dict, optional): Config to use in the place of
                :attr:`resize`; None leaves this step out.

        Returns:
            dict: A batch of one image.
        """
        steps = [
            copy.deepcopy(resize if step_name(step) == 'Resize' else step)
            for step in self._steps
            if step_name(step) != 'Resize' or resize is not None
        ]
        size = image.shape[:2]
        results = dict(
            img=image, img_shape=size, ori_shape=size, img_path='an image')
        return pseudo_collate([Compose(steps)(results)])


def step_name(step: Union[dict, Any]) -> str:
    """Name of a step of a pipeline without its scope.

    Args:
        step (dict): Config of the step; its type may be a class.

    Returns:
        str: Such as ``'Resize'``.
    """
    kind = step['type']
    name = kind if isinstance(kind, str) else kind.__name__
    return name.rpartition('.')[2]


def scaled(resize: dict[str, Any], scale: float) -> dict[str, Any]:
    """Config of a ``Resize`` that resizes to a multiple.

    Args:
        resize (dict): Config of the step.
        scale (float): The multiple.

    Returns:
        dict: A new config.
    """
    resize = copy.deepcopy(resize)
    if resize.get('scale') is None:
        factors = resize['scale_factor']
        resize['scale_factor'] = (
            scale * factors if isinstance(factors, (int, float)) else tuple(
                scale * factor for factor in factors))
    else:
        sides = resize['scale']
        resize['scale'] = (
            round(scale * sides) if isinstance(sides, int) else tuple(
                max(1, round(scale * side)) for side in sides))
    return resize


def resize_factor(resize: dict[str, Any], size: Sequence[int]) -> float:
    """By how much a ``Resize`` changes the sides of an image.

    Args:
        resize (dict): Config of the step.
        size (Sequence[int]): Height and width of the image.

    Returns:
        float: The factor; the smaller one if two sides differ.
    """
    sides = resize.get('scale')
    if sides is None:
        factors = resize['scale_factor']
        return float(
            factors if isinstance(factors, (int, float)) else min(factors))
    if isinstance(sides, int):
        sides = (sides, sides)
    if not resize.get('keep_ratio', False):
        return min(sides[1] / size[0], sides[0] / size[1])
    return min(max(sides) / max(size), min(sides) / min(size))


def _check_values(image: np.ndarray, found: int,
                  loader: LoadWholeImage) -> None:
    """Raise on an array of other channels or values than were trained on."""
    count = loader.channels
    # Frames of a video have colors, which a gray network does without.
    known = image.ndim in (2, 3) and found in ((1, 3) if count == 1 else
                                               (count, ))
    if not known or loader.stretch is None and image.dtype != np.uint8:
        kind = 'RGB values' if count == 3 else 'values'
        raise ValueError(
            f'An image of shape {image.shape} and type {image.dtype} cannot '
            f'be predicted; give {kind} of shape (H, W, {count})' +
            (', uint8.' if loader.stretch is None else '.'))
