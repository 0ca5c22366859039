"""Figures of predictions."""
from collections.abc import Sequence
from os import path as osp
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.datasets import BaseSegDataset
from mmseg.structures import SegDataSample

from mmseg_fst.datasets.loading import load_rgb
from mmseg_fst.engine.networks import networks_of, unwrap
from mmseg_fst.ops import center_canvas
from mmseg_fst.registry import HOOKS
from mmseg_fst.utils.images import error_map, titled, write_image
from mmseg_fst.utils.tinting import tint


@HOOKS.register_module()
class PredictionPanelHook(Hook):
    """Save image, label, predictions and their errors side by side.

    One PNG for each tested image in ``folder``, named by
    :func:`figure_name`.

    Args:
        folder (str): Folder to write to.
        max_images (int): Number of figures of each process, at least 1.
            Defaults to 100.
    """

    priority = 'LOW'

    def __init__(self, folder: str, max_images: int = 100) -> None:
        self.folder = folder
        self.max_images = max_images

    def after_test_iter(self,
                        runner: Runner,
                        batch_idx: int,
                        data_batch: DATA_BATCH = None,
                        outputs: Sequence[SegDataSample] = ()) -> None:
        """Write figures of a batch.

        Args:
            runner (Runner): The runner of the test.
            batch_idx (int): Index of the batch.
            data_batch (dict, optional): The batch, not used.
            outputs (Sequence[SegDataSample]): Predictions.
        """
        dataset = runner.test_dataloader.dataset
        done = batch_idx * runner.test_dataloader.batch_size
        for sample in outputs[:max(0, self.max_images - done)]:
            tiles = tiles_of(sample, networks_of(unwrap(runner)), dataset)
            panel = np.concatenate(
                [titled(title, [tile]) for title, tile in tiles.items()],
                axis=1)
            name = figure_name(sample.img_path, dataset)
            write_image(osp.join(self.folder, f'{name}.png'), panel)


def figure_name(path: str, dataset: BaseSegDataset) -> str:
    """Name of the figure of an image.

    Images of other folders may have the same file name, so the folders count.

    Args:
        path (str): The image.
        dataset (BaseSegDataset): Its data set; the ``data_prefix``, if it has
            one, says where its images begin.

    Returns:
        str: The path below that folder, or else below the current one, such
        as ``'city_img_7'`` of ``city/img/7.png``.
    """
    folder = getattr(dataset, 'data_prefix', {}).get('img_path')
    below = Path(osp.relpath(path, folder or osp.curdir)).with_suffix('')
    return '_'.join(part for part in below.parts if part != osp.pardir)


def tiles_of(sample: SegDataSample, networks: Sequence[str],
             dataset: BaseSegDataset) -> dict[str, np.ndarray]:
    """Render an image, its label and the predictions of networks.

    Args:
        sample (SegDataSample): A prediction; that of each network is
            ``NETWORK_sem_seg``.
        networks (Sequence[str]): Their names.
        dataset (BaseSegDataset): Where the image is from: how it is loaded and
            shown, and the ``palette`` of its ``metainfo``.

    Returns:
        dict[str, np.ndarray]: ``'image'``; ``'label'``, if there is one, and
        the networks, see :func:`mmseg_fst.utils.tinting.tint`; and
        ``'NETWORK errors'``, see :func:`mmseg_fst.utils.images.error_map`.
        RGB images (H, W, 3) of one size, uint8.
    """
    image = load_rgb(sample.img_path, dataset)
    metainfo = dataset.metainfo
    if 'canvas' in sample:  # where label and predictions are
        canvas = center_canvas(
            torch.from_numpy(image.copy()).movedim(2, 0), sample.canvas)
        image = canvas.movedim(0, 2).numpy()

    def ids_of(found: PixelData) -> np.ndarray:
        return cv2.resize(
            found.data[0].cpu().numpy().astype(np.uint8), image.shape[1::-1],
            interpolation=cv2.INTER_NEAREST)

    tiles = {'image': image}
    truth = None
    if 'gt_sem_seg' in sample:
        truth = ids_of(sample.gt_sem_seg)
        tiles['label'] = tint(image, truth, metainfo)
    for network in networks:
        label = ids_of(sample.get(f'{network}_sem_seg'))
        tiles[network] = tint(image, label, metainfo)
        if truth is not None:
            tiles[f'{network} errors'] = error_map(image, label, truth,
                                                   len(metainfo['classes']))
    return tiles
