"""A network, images, and the compared variants of scoring them."""
import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.config import Config, ConfigDict
from mmengine.evaluator import Evaluator
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.evaluation import IoUMetric
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from mmseg_fst.apis import drop_pretrained
from mmseg_fst.evaluation import ConfusionIoUMetric
from mmseg_fst.models import SlidingWindows
from mmseg_fst.registry import MODELS

MODEL_CONFIGS = Path(__file__).parents[2] / 'configs/_base_/models'


class Variant(NamedTuple):
    """A variant of scoring images.

    Attributes:
        mode (str): ``'windows'`` or ``'whole image'``.
        windows (int, optional): Batch size of windows in mmseg_fst; None for
            MMSegmentation.
    """
    mode: str
    windows: Optional[int]

    @property
    def name(self) -> str:
        """Name of the variant in the table."""
        if self.windows is None:
            return f'{self.mode}, MMSegmentation'
        if self.windows == 1:
            return f'{self.mode}, mmseg_fst'
        return f'{self.mode}, mmseg_fst, {self.windows} at once'


class Unrounded:
    """Mixin that returns the mean IoU in percent without rounding."""

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the mean over the classes.

        Args:
            results (list[tuple[Tensor]]): Areas of images or processes.

        Returns:
            dict[str, float]: ``mIoU``.
        """
        areas = [sum(areas) for areas in zip(*results)]
        iou = self.total_area_to_metrics(*areas)['IoU']
        return dict(mIoU=float(np.nanmean(iou) * 100))


class UnroundedIoU(Unrounded, IoUMetric):
    """Unrounded metric of MMSegmentation."""


class UnroundedConfusionIoU(Unrounded, ConfusionIoUMetric):
    """Unrounded metric of mmseg_fst."""

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the mean over the classes.

        Args:
            results (list[Tensor]): Confusion matrices of processes.

        Returns:
            dict[str, float]: ``mIoU``.
        """
        self.confusion = sum(results)
        return super().compute_metrics([self._areas()])


class Bench:
    """A network, images, and all variants of scoring them.

    Args:
        args (Namespace): Options of :mod:`benchmarks.evaluation`.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        init_default_scope('mmseg_fst')
        torch.manual_seed(0)
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
        self.window_cfg = dict(
            crop_size=(args.crop, ) * 2, stride=(args.stride, ) * 2)
        self.model = build_model(args).to(device).eval()
        fit_last_layer(self.model, patches(0, (256, 512), args.classes))
        self.network = self.model.student
        self.network.data_preprocessor = self.model.data_preprocessor
        width, height = args.size
        self.images = [
            patches(index, (height, width), args.classes)
            for index in range(args.images)
        ]
        self.meta = dict(classes=tuple(map(str, range(args.classes))))
        self.evaluators: dict[Variant, Evaluator] = {}

    def reset(self) -> None:
        """Discard all scores."""
        self.evaluators.clear()

    def score(self, variant: Variant, index: int) -> None:
        """Score an image.

        Args:
            variant (Variant): The variant.
            index (int): Index of the image.
        """
        if variant not in self.evaluators:
            kind = UnroundedIoU if variant.windows is None else (
                UnroundedConfusionIoU)
            self.evaluators[variant] = Evaluator(kind(prefix=None))
            self.evaluators[variant].dataset_meta = self.meta
        batch = self.images[index]
        with torch.no_grad():
            samples = self._predict(variant, batch)
        self.evaluators[variant].process(samples, batch)

    def _predict(self, variant: Variant, batch: dict) -> list[SegDataSample]:
        """Predict a batch."""
        slides = variant.mode == 'windows'
        self.network.test_cfg = ConfigDict(
            mode='slide' if slides else 'whole', **self.window_cfg)
        if variant.windows is None:
            return self.network.val_step(batch)
        self.model.protocol = None
        if slides:
            self.model.protocol = self._windows(variant.windows)
        data = self.model.data_preprocessor(batch)
        return self.model.predict_each(**data)['student']

    def _windows(self, batch_size: int) -> SlidingWindows:
        """Return sliding windows that equal MMSegmentation's."""
        return SlidingWindows(
            **self.window_cfg, last='shift', merge='logits',
            batch_size=batch_size)

    def bare(self, mode: str, index: int) -> Callable[[], None]:
        """Return the bare forward passes that all variants need.

        Args:
            mode (str): Mode of a :class:`Variant`.
            index (int): Index of the image.

        Returns:
            Callable: Function to time.
        """
        with torch.no_grad():
            image = self.model.data_preprocessor(self.images[index])['inputs']
        windows = [(slice(None), slice(None))]
        if mode == 'windows':
            windows = self._windows(1).windows(*image.shape[2:])

        @torch.no_grad()
        def passes() -> None:
            for rows, columns in windows:
                self.network(image[..., rows, columns])

        return passes

    def mean_iou(self, variant: Variant) -> float:
        """Compute the mean IoU of all images scored so far.

        Args:
            variant (Variant): The variant.

        Returns:
            float: The mean IoU in percent, not rounded.
        """
        return self.evaluators[variant].evaluate(10**9)['mIoU']


def build_model(args: argparse.Namespace) -> nn.Module:
    """Build a model with an untrained student and no teacher."""
    path = MODEL_CONFIGS / f'{args.network}.py'
    if not path.is_file():
        sys.exit(f'{path} does not exist; choose a file of {path.parent}.')
    segmentor = Config.fromfile(str(path)).segmentor
    drop_pretrained(segmentor)
    for name in ('decode_head', 'auxiliary_head'):
        if segmentor.get(name):
            segmentor[name].num_classes = args.classes
    model = MODELS.build(
        ConfigDict(
            type='Supervised',
            segmentor=segmentor,
            data_preprocessor=dict(
                type='SelfTrainingDataPreProcessor',
                mean=[123.675, 116.28, 103.53],
                std=[58.395, 57.12, 57.375],
                bgr_to_rgb=True)))
    return model


@torch.no_grad()
def fit_last_layer(model: nn.Module, batch: dict) -> None:
    """Fit the last layer by least squares, to tell patches by their colors.

    Args:
        model (nn.Module): The last layer of its student is changed in place.
            Heads that do not run ``conv_seg`` are left unchanged.
        batch (dict): Batch of :func:`patches`.
    """
    data = model.data_preprocessor(batch)
    inputs: list[Tensor] = []
    last = model.student.decode_head.conv_seg
    handle = last.register_forward_pre_hook(
        lambda _, args: inputs.append(args[0]))
    model.student(data['inputs'])
    handle.remove()
    if not inputs:
        return
    features = inputs[0].flatten(2)[0].T
    label = data['data_samples'][0].gt_sem_seg.data[None].float()
    label = F.interpolate(label, inputs[0].shape[2:]).flatten().long()
    valid = label < last.out_channels
    target = F.one_hot(label[valid], last.out_channels).float()
    # Noise makes the system solvable if some channels are equal.
    features = features[valid] + 1e-3 * torch.randn_like(features[valid])
    weight = torch.linalg.lstsq(features, target - target.mean(0)).solution
    last.weight.copy_(weight.T[:, :, None, None])
    last.bias.copy_(target.mean(0))


def patches(seed: int, size: tuple[int, int], classes: int) -> dict:
    """Make a batch of one image of patches in the colors of their classes.

    Args:
        seed (int): Seed of the patches and the noise.
        size (tuple[int, int]): Height and width.
        classes (int): Number of classes.

    Returns:
        dict: A collated batch; the top rows are not labeled.
    """
    generator = torch.Generator().manual_seed(seed)
    # Generated at an eighth of the size to limit peak memory, which is
    # measured.
    height, width = (-(-side // 8) for side in size)
    coarse = torch.randn(1, classes, 8, 16, generator=generator)
    label = F.interpolate(
        coarse, (height, width), mode='bilinear')[0].argmax(0)
    colors = torch.randint(
        0, 216, (3, classes), generator=torch.Generator().manual_seed(0))
    image = _eightfold(colors[:, label].byte(), size)
    image += torch.randint(
        0, 40, image.shape, dtype=torch.uint8, generator=generator)
    label = _eightfold(label[None], size)
    label[:, :size[0] // 16] = 255
    sample = SegDataSample(metainfo=dict(ori_shape=size, img_shape=size))
    sample.gt_sem_seg = PixelData(data=label)
    return dict(inputs=[image], data_samples=[sample])


def _eightfold(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Enlarge maps (K, h, w) eight times and crop them to ``size``."""
    maps = maps.repeat_interleave(8, 1).repeat_interleave(8, 2)
    return maps[:, :size[0], :size[1]].clone()
