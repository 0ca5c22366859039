"""Predictions for images in memory or on disk."""
import warnings
from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import NamedTuple, Optional, Union

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmseg.models.segmentors import BaseSegmentor
from mmseg.structures import SegDataSample
from torch import Tensor

from mmseg_fst.models.protocols import ScoredImages
from mmseg_fst.ops import most_probable

from .run_pipeline import Image, RunPipeline, scaled
from .tiled_rows import Rows, tiled_rows, to_uint8
from .tiling import TilingRule


class Prediction(NamedTuple):
    """What a model makes of one image.

    Attributes:
        label (np.ndarray): Class ids of the image's shape (H, W), uint8.
        probabilities (np.ndarray, optional): Of shape (C, H, W), float32;
            they sum up to 1 over the classes. None if they were not asked
            for.
    """
    label: np.ndarray
    probabilities: Optional[np.ndarray] = None


def predict(model: BaseSegmentor,
            images: Union[Image, Sequence[Image]],
            scales: Sequence[float] = (1., ),
            flip: bool = False,
            with_probabilities: bool = False,
            whole: bool = False) -> list[Prediction]:
    """Predict images as the test of the run does, one after the other.

    Images that are much larger than the training images are cut into tiles,
    see :class:`TilingRule`. With several scales, or flips, probabilities are
    averaged over the views of an image (test-time augmentation).

    Args:
        model (BaseSegmentor): Of :func:`load_model`.
        images (str | Path | np.ndarray | Sequence): One image or several:
            paths, or RGB values of shape (H, W, 3), uint8; of networks for
            other images the values of a file, (H, W, C) or (H, W), which are
            stretched as in training.
        scales (Sequence[float]): Factors of the size at which the network
            receives an image. Defaults to 1 alone.
        flip (bool): Whether to average with the mirrored image. Defaults to
            False.
        with_probabilities (bool): Whether to return them. Defaults to False.
        whole (bool): Whether to predict images as a whole, however large they
            are. Defaults to False.

    Returns:
        list[Prediction]: One for each image, at its size.

    Raises:
        OSError: If a file is missing, truncated or no image.
        ValueError: If an image is not of the kind trained on, a scale not
            above 0, the network does not take an image of that size, or the
            protocol predicts at another.
    """
    if isinstance(images, (str, Path, np.ndarray)):
        images = [images]
    predictor = Predictor(model, scales, flip, whole)
    predictions = []
    for image in images:
        values = predictor.pipeline.load(image)
        note = predictor.rule.shrinkage_note(values.shape[:2])
        if note:
            warnings.warn(f'An image is {note}', stacklevel=2)
        parts = list(predictor.rows(values, with_probabilities))
        label = np.concatenate([rows.label for rows in parts])
        shares = [rows.probabilities for rows in parts
                  if rows.probabilities is not None]
        predictions.append(
            Prediction(label, np.concatenate(shares, 1) if shares else None))
    return predictions


class Predictor:
    """Predicts images from top to bottom.

    Args:
        model (BaseSegmentor): Of :func:`load_model`.
        scales (Sequence[float]): See :func:`predict`. Defaults to 1 alone.
        flip (bool): See :func:`predict`. Defaults to False.
        whole (bool): See :func:`predict`. Defaults to False.

    Raises:
        ValueError: If a scale is not above 0.
    """

    def __init__(self, model: BaseSegmentor,
                 scales: Sequence[float] = (1., ), flip: bool = False,
                 whole: bool = False) -> None:
        if not scales or min(scales) <= 0:
            raise ValueError(f'scales={tuple(scales)}: give one or more '
                             'numbers above 0.')
        init_default_scope(model.cfg.get('default_scope', 'mmseg_fst'))
        self.model = model
        #: How images are loaded.
        self.pipeline = RunPipeline(model.cfg)
        #: Which images are cut into tiles.
        self.rule = TilingRule(model, self.pipeline, whole)
        self.views = [(scale, mirrored) for scale in scales
                      for mirrored in ((False, True) if flip else (False, ))]

    @torch.no_grad()
    def rows(self, image: np.ndarray,
             with_probabilities: bool = False) -> Iterator[Rows]:
        """Predict an image.

        Args:
            image (np.ndarray): As the pipeline loads it, (H, W) or (H, W, C).
            with_probabilities (bool): Whether to give them. Defaults to
                False.

        Yields:
            Rows: Predictions of the next rows; of all rows, unless the image
            is cut into tiles.

        Raises:
            ValueError: See :func:`predict`.
        """
        tiling = self.rule.tiling(image.shape[:2])
        if tiling is None:
            yield self._whole(image, with_probabilities)
        else:
            yield from tiled_rows(self.model, self.pipeline, image, tiling,
                                  self.views, with_probabilities)

    def _whole(self, image: np.ndarray, with_probabilities: bool) -> Rows:
        """All rows of an image."""
        if self.views == [(1., False)] and not with_probabilities:
            # Labels alone need no scores at full size.
            sample, = self._score(image).write_labels()
            check_size(self.model, sample)
            return Rows(to_uint8(sample.pred_sem_seg.data[0]))
        shares = (self._probabilities(image, *view) for view in self.views)
        mean = reduce(Tensor.add_, shares).float().div_(len(self.views))
        return Rows(
            to_uint8(most_probable(mean, self.model.threshold)[0]),
            mean.cpu().numpy() if with_probabilities else None)

    def _probabilities(self, image: np.ndarray, scale: float,
                       mirrored: bool) -> Tensor:
        """Probabilities (C, H, W) of one view, at the size of the image."""
        view = np.ascontiguousarray(image[:, ::-1]) if mirrored else image
        scored = self._score(view, scale)
        share, = scored.probabilities()
        check_size(self.model, scored.samples[0])
        if share.shape[1:] != image.shape[:2]:
            share = F.interpolate(
                share[None], image.shape[:2], mode='bilinear')[0]
        return share.flip(-1) if mirrored else share

    def _score(self, image: np.ndarray, scale: float = 1.) -> ScoredImages:
        """Scores of one image, by the test pipeline of the run."""
        resize = self.pipeline.resize
        if resize is not None:
            resize = scaled(resize, scale)
        elif scale != 1:
            image = cv2.resize(image, [
                max(1, round(side * scale)) for side in image.shape[1::-1]
            ])
        try:
            return self.model.score(**self.model.data_preprocessor(
                self.pipeline.batch(image, resize)))
        except (AssertionError, RuntimeError, cv2.error) as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            height, width = image.shape[:2]
            raise ValueError(
                f'The network does not take an image of {height} x {width} '
                f'pixels: {error}') from error


def check_size(model: BaseSegmentor, sample: SegDataSample) -> None:
    """Raise on a prediction that is not of the size of its image.

    Args:
        model (BaseSegmentor): The model.
        sample (SegDataSample): What it has predicted.

    Raises:
        ValueError: If the protocol predicts at another size.
    """
    size = tuple(sample.pred_sem_seg.data.shape[-2:])
    # Of an image on a canvas even `ori_shape` is that of the canvas.
    if 'canvas' in sample or size != tuple(sample.ori_shape[:2]):
        raise ValueError(
            f'The prediction of {sample.img_path} has not its size but '
            f'{size}, by the protocol "{model.protocol_name}". Choose one '
            'that keeps the size, such as '
            'configs/_base_/protocols/voc_native.py, or windows.')
