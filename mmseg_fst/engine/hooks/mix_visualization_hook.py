"""Figures of mixed training batches."""
from collections.abc import Mapping
from os import path as osp
from typing import Any, Optional

import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor

from mmseg_fst.engine.networks import unwrap
from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.images import (
    color_label,
    side_by_side,
    titled,
    to_rgb,
    write_image,
)


@HOOKS.register_module()
class MixVisualizationHook(Hook):
    """Write a figure of the training batch every ``interval`` iterations.

    A row for each image: source image, its label, target image, its
    pseudo-label, mixing mask, mixed image, mixed label, pixel weight; then
    the images of further sides, and their labels if there are any. Written
    to ``WORK_DIR/.../vis_data/mixed/iter_N.png`` and to TensorBoard. Does
    nothing where there is no teacher.

    Args:
        interval (int): Iterations between figures, at least 1. Defaults to
            1000.
        max_images (int): Number of rows of a figure. Defaults to 2.
    """

    priority = 'LOW'

    def __init__(self, interval: int = 1000, max_images: int = 2) -> None:
        self.interval = interval
        self.max_images = max_images

    @master_only
    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: DATA_BATCH = None,
                         outputs: Optional[dict] = None) -> None:
        """Write a figure of the batch of the real step.

        Args:
            runner (Runner): The runner of the training.
            batch_idx (int): Index of the batch.
            data_batch (dict): The batch, as it came from the loader.
            outputs (dict, optional): Logged values, not used.
        """
        model = unwrap(runner)
        first = runner.iter == 0
        due = self.every_n_train_iters(runner, self.interval)
        if not (first or due) or getattr(model, 'mixed', None) is None:
            return
        batch = model.data_preprocessor(data_batch, training=True)
        metainfo = runner.train_dataloader.dataset.metainfo
        figure = render_mixed(model, batch, metainfo, self.max_images)
        folder = osp.join(runner.log_dir, 'vis_data', 'mixed')
        name = osp.join(folder, f'iter_{runner.iter + 1:06d}.png')
        write_image(name, figure)
        runner.visualizer.add_image('mixed', figure, step=runner.iter + 1)


def render_mixed(model: BaseSegmentor, batch: dict,
                 metainfo: Mapping[str, Any], max_images: int) -> np.ndarray:
    """Render the last mixed batch of a method next to its sources.

    Args:
        model (Method): The method, after a training step.
        batch (dict): The preprocessed batch of that step.
        metainfo (Mapping[str, Any]): Of the data set: ``palette`` and, for
            :func:`mmseg_fst.utils.images.to_rgb`, ``rgb_channels``.
        max_images (int): Number of rows.

    Returns:
        np.ndarray: RGB image of shape (H, W, 3), uint8.
    """
    preprocessor = model.data_preprocessor
    labels = torch.stack([
        sample.gt_sem_seg.data[0]
        for sample in batch['data_samples']['labeled']
    ])

    def photo(image: Tensor) -> list[np.ndarray]:
        image = image[:max_images] * preprocessor.std + preprocessor.mean
        image = image.clamp(0, 255).byte().permute(0, 2, 3, 1)
        return [to_rgb(array, metainfo) for array in image.cpu().numpy()]

    def label_map(label: Tensor) -> list[np.ndarray]:
        return [
            color_label(array, metainfo['palette'])
            for array in label[:max_images].cpu().numpy()
        ]

    def gray(value: Tensor) -> list[np.ndarray]:
        levels = (value[:max_images].float() * 255).byte().cpu().numpy()
        return [np.repeat(array[..., None], 3, -1) for array in levels]

    columns = {
        'source': photo(batch['inputs']['labeled']),
        'label': label_map(labels),
        'target': photo(batch['inputs']['unlabeled']),
        'pseudo-label': label_map(model.pseudo_label),
        'mask': gray(model.mixed.mask),
        'mixed': photo(model.mixed.image),
        'mixed label': label_map(model.mixed.label),
        'weight': gray(model.mixed.weight),
    }
    for side in batch['inputs']:
        if side in ('labeled', 'unlabeled'):
            continue
        columns[side] = photo(batch['inputs'][side])
        samples = batch['data_samples'][side]
        if all('gt_sem_seg' in sample for sample in samples):
            columns[f'{side} label'] = label_map(torch.stack(
                [sample.gt_sem_seg.data[0] for sample in samples]))
    return side_by_side(
        [titled(title, tiles) for title, tiles in columns.items()])
