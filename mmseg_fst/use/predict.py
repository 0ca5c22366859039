"""Predictions for images in memory or on disk."""
import copy
from collections.abc import Sequence
from functools import reduce
from os import fspath
from pathlib import Path
from typing import NamedTuple, Optional, Union

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from mmcv.transforms import Compose
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.models.segmentors import BaseSegmentor
from mmseg.structures import SegDataSample
from torch import Tensor

from mmseg_fst.datasets.loading import LoadWholeImage, loader_of
from mmseg_fst.models.protocols import ScoredImages

#: A path, or the values of a file: RGB of shape (H, W, 3), uint8, or of
#: another number of channels, or type, if the network was trained on it.
Image = Union[str, Path, np.ndarray]


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


@torch.no_grad()
def predict(model: BaseSegmentor,
            images: Union[Image, Sequence[Image]],
            scales: Sequence[float] = (1., ),
            flip: bool = False,
            with_probabilities: bool = False) -> list[Prediction]:
    """Predict images as the test of the run does, one after the other.

    With several scales, or flips, probabilities are averaged over the views
    of an image (test-time augmentation).

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

    Returns:
        list[Prediction]: One for each image, at its size.

    Raises:
        OSError: If a file is missing, truncated or no image.
        ValueError: If an image is not of the kind trained on, a scale not
            above 0, the
            network does not take an image of that size, or the protocol
            predicts at another.
    """
    if isinstance(images, (str, Path, np.ndarray)):
        images = [images]
    if not scales or min(scales) <= 0:
        raise ValueError(f'scales={tuple(scales)}: give one or more numbers '
                         'above 0.')
    init_default_scope(model.cfg.get('default_scope', 'mmseg_fst'))
    return [
        _predict_one(model, _pixels(model, image), scales, flip,
                     with_probabilities)
        for image in images
    ]


def _predict_one(model: BaseSegmentor, image: np.ndarray,
                 scales: Sequence[float], flip: bool,
                 with_probabilities: bool) -> Prediction:
    """Predict one image, as the pipeline loads it."""
    plain = tuple(scales) == (1., ) and not flip
    if plain and not with_probabilities:
        # Labels alone need no scores at full size.
        sample, = score(model, image).write_labels()
        check_size(model, sample)
        return Prediction(to_uint8(sample.pred_sem_seg.data[0]))
    views = [(scale, mirrored) for scale in scales
             for mirrored in ((False, True) if flip else (False, ))]
    shares = (_probabilities(model, image, *view) for view in views)
    mean = reduce(Tensor.add_, shares).float().div_(len(views))
    return Prediction(
        to_uint8(mean.argmax(0)),
        mean.cpu().numpy() if with_probabilities else None)


def _probabilities(model: BaseSegmentor, image: np.ndarray, scale: float,
                   mirrored: bool) -> Tensor:
    """Probabilities (C, H, W) of one view, at the size of the image."""
    view = np.ascontiguousarray(image[:, ::-1]) if mirrored else image
    scored = score(model, view, scale)
    share, = scored.probabilities()
    check_size(model, scored.samples[0])
    if share.shape[1:] != image.shape[:2]:
        share = F.interpolate(
            share[None], image.shape[:2], mode='bilinear')[0]
    return share.flip(-1) if mirrored else share


def to_uint8(label: Tensor) -> np.ndarray:
    """A label map in main memory, as it is saved.

    Args:
        label (Tensor): Class ids of any shape, int64 in [0, 255].

    Returns:
        np.ndarray: The same, uint8.
    """
    return label.to(torch.uint8).cpu().numpy()


def _pixels(model: BaseSegmentor, image: Image) -> np.ndarray:
    """An image as the pipeline of the run loads it, (H, W, C) or (H, W)."""
    loader = loader_of(model.cfg.test_dataloader.dataset.pipeline)
    if not isinstance(image, np.ndarray):
        return loader.prepare(loader.read(fspath(image)), fspath(image))
    found = image.shape[2] if image.ndim == 3 else 1
    if loader.as_8_bits:
        _check_values(image, found, loader)
    if found == 3:
        image = np.ascontiguousarray(image[..., ::-1])  # to BGR
    return loader.prepare(image, 'The image')


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


def score(model: BaseSegmentor,
          image: np.ndarray,
          scale: float = 1.) -> ScoredImages:
    """Scores of one image, by the test pipeline of the run.

    Args:
        model (BaseSegmentor): Of :func:`load_model`.
        image (np.ndarray): What the loader of the run gives, of shape
            (H, W, C) or (H, W).
        scale (float): Factor of the size at which the network receives the
            image. Defaults to 1.

    Returns:
        ScoredImages: Of a batch of one image.

    Raises:
        ValueError: If the network does not take an image of that size.
    """
    steps = [
        copy.deepcopy(step)
        for step in model.cfg.test_dataloader.dataset.pipeline
        if not step['type'].startswith('Load')
    ]
    resizes = [step for step in steps if step['type'] == 'Resize']
    for step in resizes:
        _scale_resize(step, scale)
    if scale != 1 and not resizes:
        image = cv2.resize(
            image, [max(1, round(side * scale)) for side in image.shape[1::-1]]
        )
    size = image.shape[:2]
    results = dict(
        img=image, img_shape=size, ori_shape=size, img_path='an image')
    batch = pseudo_collate([Compose(steps)(results)])
    try:
        return model.score(**model.data_preprocessor(batch))
    except AssertionError as error:  # so a U-Net refuses a size
        raise ValueError(
            f'The network does not take an image of {size[0]} x {size[1]} '
            f'pixels: {error} Choose windows of a size that it takes, or let '
            'the config pad images: model.data_preprocessor.test_cfg='
            'dict(size_divisor=32).') from error


def _scale_resize(step: dict, scale: float) -> None:
    """Let a step of a pipeline resize to a multiple, in place."""
    if step.get('scale') is None:
        factors = step['scale_factor']
        step['scale_factor'] = (
            scale * factors if isinstance(factors, (int, float)) else tuple(
                scale * factor for factor in factors))
    else:
        sides = step['scale']
        step['scale'] = (
            round(scale * sides) if isinstance(sides, int) else tuple(
                round(scale * side) for side in sides))


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
