"""Predictions for images without labels: pseudo-labels and their stability."""
import copy
from collections.abc import Iterable, Iterator, Sequence
from os import path as osp
from typing import Optional

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.models.segmentors import BaseSegmentor
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from mmseg_fst.config.check_config import check_config
from mmseg_fst.datasets.sides import LABELED, UNLABELED, single_config
from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.files import save_label

from .predict import check_size
from .tiled_rows import to_uint8


class UnlabeledImages:
    """The unlabeled images of a config, loaded like test images.

    Args:
        cfg (Config): Config of a run; its unlabeled side is used, or else
            its labeled side.
        list_file (str, optional): List to take instead of the config's.
            Defaults to None.

    Raises:
        FileNotFoundError: If the data or the list are missing.
        ValueError: If images may have several endings, or belong to
            several data sets.
    """

    def __init__(self, cfg: Config, list_file: Optional[str] = None) -> None:
        init_default_scope(cfg.get('default_scope', 'mmseg_fst'))
        sides = cfg.train_dataloader.dataset.sides
        name = UNLABELED if sides.get(UNLABELED) else LABELED
        side = copy.deepcopy(
            single_config(name, sides[name], 'Labeling the images'))
        # Only packed for processes that share it; it collects garbage.
        side.update(test_mode=True, serialize_data=False)
        side.data_prefix = dict(img_path=side.data_prefix['img_path'])
        side.pipeline = [
            step for step in cfg.test_dataloader.dataset.pipeline
            if step['type'] != 'LoadAnnotations'
        ]
        if list_file is not None:
            side.ann_file = osp.abspath(list_file)
            side.pop('extra_ann_file', None)
        check_config(Config(dict(images=side)))
        self.dataset: BaseDataset = DATASETS.build(side)
        if not isinstance(self.dataset.img_suffix, str):
            raise ValueError(
                f'{side.type}: images of several endings have no list by '
                'name; convert them to one ending and give another data set.')
        self.workers = cfg.test_dataloader.get('num_workers', 0)

    @property
    def names(self) -> list[str]:
        """Lines of an image list: paths in the folder without the ending."""
        data = self.dataset
        return [
            osp.relpath(data.get_data_info(index)['img_path'],
                        data.data_prefix['img_path']).removesuffix(
                            data.img_suffix) for index in range(len(data))
        ]

    def batches(self, indices: Sequence[int],
                description: str) -> Iterator[dict]:
        """Load images, one in a batch, with a progress bar.

        Args:
            indices (Sequence[int]): Which ones.
            description (str): Text beside the bar.

        Yields:
            dict: What a model's ``data_preprocessor`` takes.
        """
        loader = DataLoader(
            Subset(self.dataset, indices),
            num_workers=self.workers,
            collate_fn=pseudo_collate)
        yield from tqdm(loader, desc=description, unit=' images')


@torch.no_grad()
def label_batch(model: BaseSegmentor, batch: dict) -> np.ndarray:
    """Label one image.

    Args:
        model (BaseSegmentor): Of :func:`load_network`.
        batch (dict): Of :meth:`UnlabeledImages.batches`.

    Returns:
        np.ndarray: Class ids, uint8 of the image's shape (H, W).

    Raises:
        ValueError: If the protocol predicts at another size.
    """
    sample, = model.score(**model.data_preprocessor(batch)).write_labels()
    check_size(model, sample)
    return to_uint8(sample.pred_sem_seg.data[0])


def label_images(model: BaseSegmentor,
                 images: UnlabeledImages,
                 folder: str,
                 suffix: Optional[str] = None) -> int:
    """Write a prediction for each image as a PNG; what is there is kept.

    Args:
        model (BaseSegmentor): Of :func:`load_network`.
        images (UnlabeledImages): The images.
        folder (str): Where to, below it by the names of the images.
        suffix (str, optional): Ending of a label. Defaults to None: that of
            the data set.

    Returns:
        int: Number of images that were not there yet.
    """
    suffix = suffix or images.dataset.seg_map_suffix
    paths = [osp.join(folder, name + suffix) for name in images.names]
    todo = [i for i, path in enumerate(paths) if not osp.isfile(path)]
    palette = images.dataset.metainfo['palette']
    batches = images.batches(todo, 'Labeling')
    for index, batch in zip(todo, batches):
        save_label(paths[index], label_batch(model, batch), palette,
                   optimize=False)
    return len(todo)


def mean_iou(first: np.ndarray, second: np.ndarray) -> float:
    """Agreement of two label maps.

    Args:
        first (np.ndarray): Class ids of any shape, uint8.
        second (np.ndarray): The same of the other.

    Returns:
        float: Mean over the classes that occur in one of them, in [0, 1].
    """
    ids = np.union1d(first, second)
    ious = [
        np.count_nonzero((first == i) & (second == i)) / np.count_nonzero(
            (first == i) | (second == i)) for i in ids
    ]
    return float(np.mean(ious))


def rank_images(models: Sequence[BaseSegmentor],
                images: UnlabeledImages) -> dict[str, float]:
    """How stable the predictions for each image were (ST++).

    Args:
        models (Sequence[BaseSegmentor]): One network at several moments of its
            training, the last one last.
        images (UnlabeledImages): The images.

    Returns:
        dict[str, float]: By name, the most stable first: mean IoU of the
        earlier predictions with the last one, averaged over them.

    Raises:
        ValueError: If there is no earlier one.
    """
    if len(models) < 2:
        raise ValueError('Stability needs two checkpoints or more of one '
                         'run, but there is one; raise max_keep_ckpts and '
                         'lower the interval of its CheckpointHook.')
    names, scores = images.names, {}
    batches: Iterable = images.batches(range(len(names)), 'Ranking')
    for name, batch in zip(names, batches):
        *earlier, last = (label_batch(model, batch) for model in models)
        scores[name] = float(
            np.mean([mean_iou(label, last) for label in earlier]))
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))
