"""Rare-class sampling of DAFormer."""
import json
from os import path as osp
from typing import Any

import numpy as np

from .fixed_steps import repeat_item
from .image_names import counts_of, image_names
from .sides import Side


class RareClassSampling:
    """Sample a class, rare ones more often, then an image that shows it.

    DAFormer (Hoyer et al. 2022, section 3.3): the probability of class c of
    pixel share f_c is ``softmax((1 - f_c) / temperature)``. The crop is
    sampled again, up to ``max_crops`` times, until it shows enough of the
    class; the image is loaded once. Labels are read for sampled images only.

    Random numbers come from NumPy's global generator, as in the transforms
    of mmcv.

    Args:
        dataset (BaseDataset | ConcatDataset | RepeatDataset): The labeled
            side.
        stats (str): JSON file of ``tools/class_stats.py``: for each image the
            pixels of each class.
        temperature (float): The lower, the more often the rarest classes are
            sampled; positive. Defaults to 0.01.
        min_pixels (int): Pixels from which an image counts as showing a
            class. Defaults to 3000.
        min_crop_ratio (float): Share of ``min_pixels`` that the crop must
            show. Defaults to 0.5.
        max_crops (int): Maximum number of new crops, at least 0. Defaults to
            10.

    Raises:
        FileNotFoundError: If there is no file ``stats``.
        ValueError: If ``stats`` belongs to other classes or images, two
            images have one name, no image shows enough of any class, or an
            argument is out of its range.
    """

    def __init__(self,
                 dataset: Side,
                 stats: str,
                 temperature: float = 0.01,
                 min_pixels: int = 3000,
                 min_crop_ratio: float = 0.5,
                 max_crops: int = 10) -> None:
        if temperature <= 0 or max_crops < 0:
            raise ValueError(
                f'rare_class_sampling: temperature={temperature} must be '
                f'positive and max_crops={max_crops} at least 0.')
        self.dataset = dataset
        self.min_crop_pixels = min_pixels * min_crop_ratio
        self.max_crops = max_crops
        pixels = self._load(stats)
        self.images = [
            np.flatnonzero(column > min_pixels) for column in pixels.T
        ]
        shown = np.array([len(images) > 0 for images in self.images])
        if not shown.any():
            raise ValueError(
                f'No image of {stats} shows more than min_pixels={min_pixels}'
                ' pixels of any class; lower `min_pixels`.')
        self.class_probs = class_probabilities(pixels.sum(0), temperature)
        # A class that no image shows well enough cannot be sampled.
        self.class_probs = np.where(shown, self.class_probs, 0)
        self.class_probs /= self.class_probs.sum()

    def _load(self, stats: str) -> np.ndarray:
        """Pixels of each class in each image, (images, classes)."""
        if not osp.isfile(stats):
            raise FileNotFoundError(
                f'Rare-class sampling needs {stats}. Make it with: python '
                'tools/class_stats.py YOUR_CONFIG')
        with open(stats) as file:
            try:
                content = json.load(file)
            except ValueError as error:
                raise ValueError(
                    f'{stats} is not JSON ({error}). Make it anew with: '
                    'python tools/class_stats.py YOUR_CONFIG') from error
        classes = list(self.dataset.metainfo['classes'])
        if content['classes'] != classes:
            raise ValueError(
                f'{stats} was made for classes {content["classes"]}, the data'
                f' set has {classes}. Make it anew with: python '
                'tools/class_stats.py YOUR_CONFIG')
        pixels = np.zeros((len(self.dataset), len(classes)), np.int64)
        counts = counts_of(
            image_names(self.dataset), content['pixels'], stats)
        for row, found in zip(pixels, counts):
            for class_id, count in found.items():
                row[int(class_id)] = count
        return pixels

    def sample(self) -> dict[str, Any]:
        """Sample an item.

        Returns:
            dict: As packed by the pipeline of the data set.
        """
        class_id = np.random.choice(len(self.class_probs), p=self.class_probs)
        index = int(np.random.choice(self.images[class_id]))
        items = repeat_item(self.dataset, index)
        item = next(items)
        for _ in range(self.max_crops):
            label = item['data_samples'].gt_sem_seg.data
            if (label == class_id).sum() > self.min_crop_pixels:
                break
            item = next(items)
        return item


def class_probabilities(pixels: np.ndarray, temperature: float) -> np.ndarray:
    """Probability of sampling each class (DAFormer, equation 7).

    Args:
        pixels (np.ndarray): Pixels of each class, of shape (C, ).
        temperature (float): Positive.

    Returns:
        np.ndarray: Probabilities of shape (C, ), float64.
    """
    logits = (1 - pixels / pixels.sum()) / temperature
    probs = np.exp(logits - logits.max())
    return probs / probs.sum()
