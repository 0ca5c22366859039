"""Large images, predicted in overlapping tiles, some rows at a time."""
from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import NamedTuple, Optional

import mmcv
import numpy as np
import torch
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor

from mmseg_fst.methods import ENSEMBLE
from mmseg_fst.models.domains import to_domain
from mmseg_fst.models.protocols import (
    SCORES_AT_ONCE,
    MeanScores,
    ScoredImages,
    SlidingWindows,
    resized_rows,
    score_rows,
)
from mmseg_fst.ops import most_probable

from .run_pipeline import RunPipeline


class Tiling(NamedTuple):
    """How an image is cut into tiles.

    Attributes:
        windows (SlidingWindows): Size and distance of the tiles, in pixels of
            the resized image.
        factor (float): By how much the image is resized before.
    """
    windows: SlidingWindows
    factor: float


class Rows(NamedTuple):
    """Predictions of some rows of an image.

    Attributes:
        label (np.ndarray): Class ids of shape (h, W), uint8.
        probabilities (np.ndarray, optional): Of shape (C, h, W), float32.
    """
    label: np.ndarray
    probabilities: Optional[np.ndarray] = None


def tiled_rows(model: BaseSegmentor, pipeline: RunPipeline,
               image: np.ndarray, tiling: Tiling,
               views: Sequence[tuple[float, bool]],
               with_probabilities: bool) -> Iterator[Rows]:
    """Predict an image from top to bottom, in bounded memory.

    Args:
        model (BaseSegmentor): Of :func:`load_model`.
        pipeline (RunPipeline): That of its run.
        image (np.ndarray): As the pipeline loads it, (H, W) or (H, W, C).
        tiling (Tiling): The tiles.
        views (Sequence[tuple[float, bool]]): Factor of the size, and whether
            mirrored, of each view; probabilities are averaged over them.
        with_probabilities (bool): Whether to give them.

    Yields:
        Rows: The next rows.
    """
    if list(views) == [(1., False)] and not with_probabilities:
        for scored in _scored_rows(model, pipeline, image, tiling):
            sample, = scored.write_labels()
            yield Rows(to_uint8(sample.pred_sem_seg.data[0]))
        return
    streams = [
        _probabilities(model, pipeline, image, tiling, *view)
        for view in views
    ]
    for shares in zip(*streams):
        mean = reduce(Tensor.add_, shares).float().div_(len(views))
        yield Rows(
            to_uint8(most_probable(mean, model.threshold)[0]),
            mean.cpu().numpy() if with_probabilities else None)


def _probabilities(model: BaseSegmentor, pipeline: RunPipeline,
                   image: np.ndarray, tiling: Tiling, scale: float,
                   mirrored: bool) -> Iterator[Tensor]:
    """Probabilities (C, h, W) of one view, some rows at a time."""
    view = image[:, ::-1] if mirrored else image
    tiling = tiling._replace(factor=tiling.factor * scale)
    for scored in _scored_rows(model, pipeline, view, tiling):
        share, = scored.probabilities()
        yield share.flip(-1) if mirrored else share


def _scored_rows(model: BaseSegmentor, pipeline: RunPipeline,
                 image: np.ndarray,
                 tiling: Tiling) -> Iterator[ScoredImages]:
    """Scores of some rows at a time, at the size of the image."""
    height, width = image.shape[:2]
    reader = _TileReader(model, pipeline, image, tiling.factor)
    ensemble = model.predict_with == ENSEMBLE
    networks = (
        list(model.network().values()) if ensemble else [model.network()])
    classes = len(model.dataset_meta['classes'])
    streams = [
        resized_rows(
            tiling.windows.rows(
                network, reader.crop_for(network), reader.size),
            reader.size[0], (height, width), network.align_corners,
            max(1, SCORES_AT_ONCE // (classes * width)))
        for network in networks
    ]
    for parts in zip(*streams):
        scored = [
            score_rows(network, rows, tiling.windows)
            for network, rows in zip(networks, parts)
        ]
        yield _mean(scored) if ensemble else scored[0]


def _mean(scored: Sequence[ScoredImages]) -> MeanScores:
    """The mean of several networks."""
    mean = MeanScores()
    for scores in scored:
        mean.add(scores)
    return mean


class _TileReader:
    """Normalized tiles of an image, of which a band is normalized at a time.

    Args:
        model (BaseSegmentor): Its preprocessor is used.
        pipeline (RunPipeline): That of its run.
        image (np.ndarray): As the pipeline loads it.
        factor (float): By how much to resize it.
    """

    def __init__(self, model: BaseSegmentor, pipeline: RunPipeline,
                 image: np.ndarray, factor: float) -> None:
        self.model = model
        self.pipeline = pipeline
        height, width = (
            max(1, round(side * factor)) for side in image.shape[:2])
        if (height, width) == image.shape[:2]:
            self.image = image
        else:
            self.image = mmcv.imresize(
                np.ascontiguousarray(image), (width, height))
        self.size = height, width
        self._rows, self._band = slice(0, 0), torch.empty(0)

    def crop_for(
            self,
            network: BaseSegmentor) -> Callable[[slice, slice], Tensor]:
        """A function from rows and columns to what a network reads."""
        return lambda y, x: to_domain(network, self._normalized(y)[..., x])

    def _normalized(self, rows: slice) -> Tensor:
        """Some rows of the image, (1, C, h, W); the last ones are stored."""
        if rows != self._rows:
            part = np.ascontiguousarray(self.image[rows])
            batch = self.pipeline.batch(part)
            inputs = self.model.data_preprocessor(batch)['inputs']
            self._band = inputs[..., :len(part), :part.shape[1]]
            self._rows = rows
        return self._band


def to_uint8(label: Tensor) -> np.ndarray:
    """A label map in main memory, as it is saved.

    Args:
        label (Tensor): Class ids of any shape, int64 in [0, 255].

    Returns:
        np.ndarray: The same, uint8.
    """
    return label.to(torch.uint8).cpu().numpy()
