"""A network and images, and the ways to score them that are compared."""
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


class Way(NamedTuple):
    """A way to score images.

    Attributes:
        mode (str): ``'windows'`` or ``'whole image'``.
        windows (int, optional): Windows that we put through the network at
            once; None for MMSegmentation.
    """
    mode: str
    windows: Optional[int]

    @property
    def name(self) -> str:
        """The way in words."""
        if self.windows is None:
            return f'{self.mode}, MMSegmentation'
        if self.windows == 1:
            return f'{self.mode}, ours'
        return f'{self.mode}, ours, {self.windows} at once'


class Unrounded:
    """The mean IoU in percent, before a metric rounds it to 2 decimals."""

    def compute_metrics(self, results: list) -> dict[str, float]:
        """The mean over the classes.

        Args:
            results (list[tuple[Tensor]]): Areas of images or processes.

        Returns:
            dict[str, float]: ``mIoU``.
        """
        areas = [sum(areas) for areas in zip(*results)]
        iou = self.total_area_to_metrics(*areas)['IoU']
        return dict(mIoU=float(np.nanmean(iou) * 100))


class UnroundedIoU(Unrounded, IoUMetric):
    """Of MMSegmentation."""


class UnroundedConfusionIoU(Unrounded, ConfusionIoUMetric):
    """Of ours."""


class Bench:
    """A network, images, and all ways to score them.

    Args:
        args (Namespace): Those of :mod:`benchmarks.evaluation`.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        init_default_scope('mmseg_fst')
        torch.manual_seed(0)
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
        self.rules = dict(
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
        self.evaluators: dict[Way, Evaluator] = {}

    def start_anew(self) -> None:
        """Forget what was counted."""
        self.evaluators.clear()

    def score(self, way: Way, index: int) -> None:
        """Score an image by a way.

        Args:
            way (Way): The way.
            index (int): Index of the image.
        """
        if way not in self.evaluators:
            kind = UnroundedIoU if way.windows is None else (
                UnroundedConfusionIoU)
            self.evaluators[way] = Evaluator(kind(prefix=None))
            self.evaluators[way].dataset_meta = self.meta
        batch = self.images[index]
        with torch.no_grad():
            samples = self._predict(way, batch)
        self.evaluators[way].process(samples, batch)

    def _predict(self, way: Way, batch: dict) -> list[SegDataSample]:
        """Predictions of a batch."""
        slides = way.mode == 'windows'
        self.network.test_cfg = ConfigDict(
            mode='slide' if slides else 'whole', **self.rules)
        if way.windows is None:
            return self.network.val_step(batch)
        self.model.protocol = None
        if slides:
            self.model.protocol = self._windows(way.windows)
        data = self.model.data_preprocessor(batch)
        return self.model.predict_each(**data)['student']

    def _windows(self, batch_size: int) -> SlidingWindows:
        """The windows of MMSegmentation."""
        return SlidingWindows(
            **self.rules, last='shift', merge='logits', batch_size=batch_size)

    def bare(self, mode: str, index: int) -> Callable[[], None]:
        """The forward passes that a way cannot do without.

        Args:
            mode (str): As of :class:`Way`.
            index (int): Index of the image.

        Returns:
            Callable: What is to be timed.
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

    def mean_iou(self, way: Way) -> float:
        """Score of all images so far, in percent.

        Args:
            way (Way): The way.

        Returns:
            float: Unrounded.
        """
        return self.evaluators[way].evaluate(10**9)['mIoU']


def build_model(args: argparse.Namespace) -> nn.Module:
    """A model with an untrained student alone."""
    path = MODEL_CONFIGS / f'{args.network}.py'
    if not path.is_file():
        sys.exit(f'There is no {path}; name one of the files beside it.')
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
    """Let an untrained network tell patches by their colors, more or less.

    Args:
        model (nn.Module): Its student's last layer is changed, by least
            squares on what it reads; heads without such a layer stay.
        batch (dict): Of :func:`patches`.
    """
    data = model.data_preprocessor(batch)
    seen: list[Tensor] = []
    last = model.student.decode_head.conv_seg
    handle = last.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0]))
    model.student(data['inputs'])
    handle.remove()
    if not seen:
        return
    features = seen[0].flatten(2)[0].T
    label = data['data_samples'][0].gt_sem_seg.data[None].float()
    label = F.interpolate(label, seen[0].shape[2:]).flatten().long()
    known = label < last.out_channels
    wanted = F.one_hot(label[known], last.out_channels).float()
    # A little noise, since some channels may be all the same.
    features = features[known] + 1e-3 * torch.randn_like(features[known])
    found = torch.linalg.lstsq(features, wanted - wanted.mean(0)).solution
    last.weight.copy_(found.T[:, :, None, None])
    last.bias.copy_(wanted.mean(0))


def patches(seed: int, size: tuple[int, int], classes: int) -> dict:
    """A batch of one image of patches in the colors of their classes.

    Args:
        seed (int): Of the draw.
        size (tuple[int, int]): Height and width.
        classes (int): Number of classes.

    Returns:
        dict: As a loader collates it; the top rows have no label.
    """
    generator = torch.Generator().manual_seed(seed)
    # At an eighth of the size, since memory is measured.
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
    """Maps (K, h, w) of eight times the size, cut to ``size``."""
    maps = maps.repeat_interleave(8, 1).repeat_interleave(8, 2)
    return maps[:, :size[0], :size[1]].clone()
