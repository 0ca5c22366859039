"""Rare-class sampling of DAFormer."""
import json
import logging
from os import path as osp
from typing import Any, Optional

import numpy as np
from mmengine.logging import print_log

from mmseg_fst.utils.files import IGNORE

from .fixed_steps import repeat_item
from .image_names import counts_of, image_names
from .sides import Side

# Share of the median count of a class above which an image shows it.
_ENOUGH = 0.1


class RareClassSampling:
    """Sample a class, rare ones more often, then an image that shows it.

    DAFormer (Hoyer et al. 2022, section 3.3): the probability of class c of
    pixel share f_c is ``softmax((1 - f_c) / temperature)``. The crop is
    sampled again, up to ``max_crops`` times, until it shows enough of the
    class; the image is loaded once. Labels are read for sampled images only.

    Images are resized before they are cropped, so that numbers of pixels of
    a file say little about a crop. By default, the share of a class among
    the labeled pixels is counted: an image shows a class if its share is
    above a tenth of the median of all images with the class, a crop if its
    share is above ``min_crop_ratio`` times that of the image. The sampled
    class is available to transforms as ``sampled_class``, see
    :class:`ClassCrop`.

    Every class that occurs is sampled. Classes without any pixel are named in
    a warning.

    Random numbers come from NumPy's global generator, as in the transforms
    of mmcv.

    Args:
        dataset (BaseDataset | ConcatDataset | RepeatDataset): The labeled
            side.
        stats (str): JSON file of ``tools/class_stats.py``: for each image the
            pixels of each class.
        temperature (float): The lower, the more often the rarest classes are
            sampled; positive. Defaults to 0.01.
        min_pixels (int, optional): Pixels of the file above which an image
            shows a class, as in DAFormer, where it is 3000. If no image has
            as many, the limit is a tenth of the median number. Defaults to
            None: shares are counted, see above.
        min_crop_ratio (float): Part of ``min_pixels``, or of the share in the
            image, above which a crop shows the class. Defaults to 0.5.
        max_crops (int): Maximum number of new crops, at least 0. Defaults to
            10.

    Raises:
        FileNotFoundError: If there is no file ``stats``.
        ValueError: If ``stats`` belongs to other classes or images, two
            images have one name, no image shows any class, or an argument is
            out of its range.
    """

    def __init__(self,
                 dataset: Side,
                 stats: str,
                 temperature: float = 0.01,
                 min_pixels: Optional[int] = None,
                 min_crop_ratio: float = 0.5,
                 max_crops: int = 10) -> None:
        if temperature <= 0 or max_crops < 0:
            raise ValueError(
                f'rare_class_sampling: temperature={temperature} must be '
                f'positive and max_crops={max_crops} at least 0.')
        self.dataset = dataset
        self.min_pixels = min_pixels
        self.min_crop_ratio = min_crop_ratio
        self.max_crops = max_crops
        pixels = self._load(stats)
        self.shares = pixels / pixels.sum(1, keepdims=True).clip(min=1)
        counts = self.shares if min_pixels is None else pixels
        most = counts.max(0)
        if not most.any():
            raise ValueError(f'No image of {stats} shows any class; correct '
                             'the labels, then make it anew with: python '
                             'tools/class_stats.py YOUR_CONFIG')
        # The median: an image full of a class must not rule out the others.
        limits = _ENOUGH * np.array([
            np.median(column[column > 0]) if column.any() else 0.
            for column in counts.T])
        if min_pixels is not None:
            limits = np.where(most > min_pixels, min_pixels, limits)
        self.limits = limits
        self.images = [np.flatnonzero(shown) for shown in (counts > limits).T]
        self.class_probs = class_probabilities(pixels.sum(0), temperature)
        self.class_probs[most == 0] = 0
        self.class_probs /= self.class_probs.sum()
        self._name_missing(stats, most == 0)

    def _name_missing(self, stats: str, missing: np.ndarray) -> None:
        """Warn of classes that are in no labeled image."""
        names = [name for name, is_missing in zip(
            self.dataset.metainfo['classes'], missing) if is_missing]
        if names:
            print_log(
                f'Rare-class sampling: no labeled image of {stats} shows '
                f'{", ".join(names)}, so nothing is learned about '
                f'{"it" if len(names) == 1 else "them"}. Label images that '
                'do, or remove the class.', 'current', logging.WARNING)

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
        items = repeat_item(self.dataset, index, int(class_id))
        item = next(items)
        for _ in range(self.max_crops):
            label = item['data_samples'].gt_sem_seg.data
            if self._is_shown(label.numpy(), index, class_id):
                break
            item = next(items)
        return item

    def _is_shown(self, label: np.ndarray, index: int, class_id: int) -> bool:
        """Whether the label of a crop shows enough of a class."""
        pixels = (label == class_id).sum()
        if self.min_pixels is not None:
            return bool(
                pixels > self.limits[class_id] * self.min_crop_ratio)
        valid = max((label != IGNORE).sum(), 1)
        share = self.min_crop_ratio * self.shares[index, class_id]
        return bool(pixels / valid > share)


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
