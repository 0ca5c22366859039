"""A finished run as a frozen teacher of another network."""
from collections.abc import Sequence
from os import path as osp
from typing import Any, Optional

import torch
from mmengine.config import Config
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor, nn

from mmseg_fst.config.config_file import CONFIG_JSON
from mmseg_fst.datasets.loading import LoadWholeImage
from mmseg_fst.models.data_preprocessor import SelfTrainingDataPreProcessor
from mmseg_fst.models.losses import resize_logits
from mmseg_fst.registry import TRANSFORMS

from .load import load_model
from .run_pipeline import RunPipeline, resize_factor, step_name
from .training_scale import native_size

# Steps of a test pipeline that do not change what a network reads, by what
# their names begin with.
_NEUTRAL = ('LoadAnnotation', 'Pack')
# Channels that are converted between BGR and RGB; a single mean is for all.
_COLORS = (1, 3)


class FrozenRun:
    """Probabilities of a finished run for the images of another one.

    The images are normalized, ordered (RGB or BGR) and scaled as the test
    pipeline of the run would have done it, and predicted by its protocol, as
    :func:`mmseg_fst.use.predict.predict` does: in windows, by an ensemble of
    co-training, at two scales or from DCT coefficients. Classes are put into
    the order of the student by their names.

    Args:
        path (str): Folder of the run, whose best checkpoint is taken, or a
            checkpoint in it. Both are read as data only.
        student (BaseSegmentor): The model that will learn from it.
        cfg (Config): Config of the student's run.
        classes (Sequence[str]): Names of the student's classes.

    Raises:
        FileNotFoundError: If there is no such run.
        ValueError: If its config is not data, or it has other classes or
            reads other images than the student.
    """

    def __init__(self, path: str, student: BaseSegmentor, cfg: Config,
                 classes: Sequence[str]) -> None:
        folder = path if osp.isdir(path) else osp.dirname(path)
        config = osp.join(folder, CONFIG_JSON)
        if osp.exists(path) and not osp.isfile(config):
            raise ValueError(
                f'{path} has no {CONFIG_JSON}; a teacher is read as data, and '
                'its .py is not run. Train it with this version, or write '
                'the file: python tools/push.py RUN --out FOLDER, and name '
                'FOLDER.')
        device = next(student.parameters()).device
        self.path = path
        self.model = load_model(path, str(device))
        self.model.requires_grad_(False)
        if not hasattr(self.model, 'score'):
            raise ValueError(
                f'{path} is a plain {type(self.model).__name__} of '
                "MMSegmentation; train it with model.type='Supervised'.")
        if self.model.cfg.get('channels_last'):
            self.model.to(memory_format=torch.channels_last)
        order = _class_order(path, self.model.dataset_meta['classes'], classes)
        self._order = (None if order == sorted(order) else
                       torch.tensor(order, device=device))
        _check_pipeline(path, self.model.cfg, cfg)
        self.scale = _scale(path, self.model.cfg, cfg)
        own, given = (model.data_preprocessor
                      for model in (self.model, student))
        self._flips, self._affine = _conversion(path, own, given, device)

    def __call__(self, image: Tensor) -> Tensor:
        """Predict images of the student.

        Args:
            image (Tensor): Normalized by the student's data preprocessor, of
                shape (N, C, H, W).

        Returns:
            Tensor: Probabilities of the student's classes, (N, K, H, W),
            float32.

        Raises:
            ValueError: If the protocol of the run predicts at another size.
        """
        size = image.shape[2:]
        scored = self.model.score(self._as_own(image))
        shares = torch.stack([*scored.probabilities()]).float()
        if 'canvas' in scored.samples[0]:
            raise ValueError(
                f'{self.path} predicts at another size than that of the '
                f'image, by the protocol "{self.model.protocol_name}"; train '
                'or save it with a protocol that keeps the size, such as '
                'configs/_base_/protocols/voc_native.py.')
        if shares.shape[2:] != size:
            # As the image was resized: corners are not aligned.
            shares = resize_logits(shares, size, align_corners=False)
        return (shares if self._order is None else
                shares.index_select(1, self._order))

    def describe(self) -> str:
        """What a log says of it.

        Returns:
            str: Checkpoint, network, scale and protocol.
        """
        return (f'{self.model.checkpoint}, {self.model.predict_with}, images '
                f'at {self.scale:.4g} times the scale of the student, '
                f'{self.model.protocol_name}')

    def _as_own(self, image: Tensor) -> Tensor:
        """Images as the run itself would have prepared them."""
        if self._flips:
            image = image.flip(1)
        if self._affine is not None:
            factor, shift = self._affine
            image = image * factor + shift
        if self.scale != 1:
            size = [max(1, round(side * self.scale))
                    for side in image.shape[2:]]
            image = nn.functional.interpolate(
                image, size, mode='bilinear', antialias=True)
        return image


def _class_order(path: str, own: Sequence[str],
                 wanted: Sequence[str]) -> list[int]:
    """Place of each wanted class among the classes of a run."""
    missing = [name for name in wanted if name not in own]
    extra = [name for name in own if name not in wanted]
    if missing or extra or len(own) != len(wanted):
        parts = [f'{text}: {", ".join(names)}' for text, names in (
            ('it does not have', missing), ('it has in addition', extra))
            if names]
        raise ValueError(
            f'{path} has other classes than the student ('
            f'{"; ".join(parts) or "some twice"}). Choose a teacher with the '
            'same classes, in any order; names are compared.')
    return [list(own).index(name) for name in wanted]


def _check_pipeline(path: str, own: Config, given: Config) -> None:
    """Raise unless both load images alike, but for their size."""
    first, second = map(_read_steps, (own, given))
    if first != second:
        raise ValueError(
            f'{path} loads images in another way than the student: {first}, '
            f'and here {second}. Give both the same channels, stretch and '
            'other steps in their test pipelines.')


def _read_steps(cfg: Config) -> list[dict[str, Any]]:
    """Steps of a test pipeline that decide about the values of an image."""
    steps = []
    for step in cfg.test_dataloader.dataset.pipeline:
        name = step_name(step)
        if name == LoadWholeImage.__name__:
            loader = TRANSFORMS.build(dict(step))
            stretch = loader.stretch and [
                torch.as_tensor(bound).expand(loader.channels).tolist()
                for bound in loader.stretch]
            steps.append(dict(type=name, channels=loader.channels,
                              stretch=stretch,
                              backend=loader.imdecode_backend))
        elif name != 'Resize' and not name.startswith(_NEUTRAL):
            steps.append({**step, 'type': name})
    return steps


def _scale(path: str, own: Config, given: Config) -> float:
    """By how much images of the student are resized for a run."""
    first, second = (RunPipeline(cfg).resize for cfg in (own, given))
    if first == second:
        return 1.
    size = native_size(given)
    if size is None:
        raise ValueError(
            f'{path} resizes images otherwise than the student ({first}, and '
            f'here {second}), and the size of the images is not known. Write '
            'native_size = (HEIGHT, WIDTH) into the config of the student.')
    return _factor(first, size) / _factor(second, size)


def _factor(resize: Optional[dict], size: Sequence[int]) -> float:
    """By how much a ``Resize``, if any, changes images of a size."""
    return 1. if resize is None else resize_factor(resize, size)


def _conversion(
    path: str, own: nn.Module, given: nn.Module, device: torch.device
) -> tuple[bool, Optional[tuple[Tensor, Tensor]]]:
    """How images of the student become images of a run.

    Returns:
        tuple: Whether the channels are reversed; then factor and shift, of
        shape (C, 1, 1), None if both normalize alike.
    """
    for each in (own, given):
        if not isinstance(each, SelfTrainingDataPreProcessor):
            raise ValueError(
                f'{path}: the data_preprocessor of teacher and student must '
                'be a SelfTrainingDataPreProcessor, got a '
                f'{type(each).__name__}.')
    own_mean, own_std = _normalization(own, device)
    mean, std = _normalization(given, device)
    counts = {len(own_mean), len(mean)}
    if len(counts - {1}) > 1:
        raise ValueError(
            f'{path} normalizes {len(own_mean)} channels, the student '
            f'{len(mean)}; choose a teacher of the same images.')
    flips = (own.reverses_channels != given.reverses_channels
             and counts <= {*_COLORS})
    if flips:
        mean, std = mean.flip(0), std.flip(0)
    factor, shift = std / own_std, (mean - own_mean) / own_std
    if bool((factor == 1).all()) and bool((shift == 0).all()):
        return flips, None
    return flips, (factor.float(), shift.float())


def _normalization(preprocessor: nn.Module,
                   device: torch.device) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation, (C, 1, 1), in double precision."""
    mean, std = (getattr(preprocessor, name, None)
                 for name in ('mean', 'std'))
    if mean is None or std is None:
        return (torch.zeros(1, 1, 1, dtype=torch.float64, device=device),
                torch.ones(1, 1, 1, dtype=torch.float64, device=device))
    return mean.to(device).double(), std.to(device).double()
