"""Two crops of one image that overlap."""
from collections.abc import Sequence
from typing import Union

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmseg_fst.registry import TRANSFORMS
from mmseg_fst.utils.checks import check_range

# Number of second crops to try before the first one is taken twice.
_TRIES = 50
Box = tuple[int, int, int, int]


@TRANSFORMS.register_module()
class OverlappingCrops(BaseTransform):
    """Two crops of an image, one above the other in the result.

    Lai et al., CVPR 2021: the crops are shifted against each other by
    multiples of ``stride``, so that pixels of feature maps coincide, and each
    of them is flipped or not. Small images are padded at the lower right.

    Beside the image, ``(2 * height, width)``, the result has ``overlaps``:
    of each crop the box (top, left, bottom, right) of what both show of the
    image, in pixels of the crop before its flip; and ``flips``, whether each
    one is flipped. Give :class:`PackByteInputs` both as ``meta_keys``.

    Args:
        crop_size (tuple[int, int]): Height and width of a crop, multiples of
            ``stride``.
        stride (int): Defaults to 8.
        iou (tuple[float, float]): Range of the intersection over the union of
            the crops, in [0, 1]. Defaults to (0.1, 1).
        flip_prob (float): Probability of a flip, in [0, 1]. Defaults to 0.5.
        pad_val (Sequence[float]): A value for each channel, in the order of
            the image. Defaults to the rounded mean of ImageNet in BGR.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, crop_size: tuple[int, int], stride: int = 8,
                 iou: tuple[float, float] = (0.1, 1.), flip_prob: float = 0.5,
                 pad_val: Sequence[float] = (104, 116, 124)) -> None:
        check_range(self, flip_prob=flip_prob)
        if any(side % stride for side in crop_size):
            raise ValueError(
                'OverlappingCrops: crop_size must be multiples of '
                f'stride={stride}, got {tuple(crop_size)}.')
        if not 0 <= iou[0] <= iou[1] <= 1:
            raise ValueError('OverlappingCrops: iou must be a range in '
                             f'[0, 1], got {tuple(iou)}.')
        self.crop_size = tuple(crop_size)
        self.stride = stride
        self.iou = tuple(iou)
        self.flip_prob = flip_prob
        self.pad_val = tuple(pad_val)

    def transform(self, results: dict) -> dict:
        """Crop one image twice.

        Args:
            results (dict): With ``img``, (H, W, C), and, if there is a label,
                ``gt_seg_map``, (H, W).

        Returns:
            dict: ``img``, of shape (2 * height, width, C), ``gt_seg_map``
            alike, ``img_shape``, ``overlaps`` and ``flips``.
        """
        size = results['img'].shape[:2]
        corners = self.sample_corners(size)
        flips = tuple(bool(np.random.rand() < self.flip_prob)
                      for _ in corners)
        for key, value in (('img', self.pad_val), ('gt_seg_map', 255)):
            if key in results:
                results[key] = self._crop(results[key], corners, flips, value)
        results['img_shape'] = results['img'].shape[:2]
        results['overlaps'] = self.overlaps(corners, size)
        results['flips'] = flips
        return results

    def sample_corners(
            self, size: Sequence[int]
    ) -> tuple[tuple[int, int], tuple[int, int]]:
        """Sample the upper left corners of both crops.

        Args:
            size (Sequence[int]): Height and width of the image.

        Returns:
            tuple: Top and left of each crop.
        """
        room = [max(0, side - crop)
                for side, crop in zip(size, self.crop_size)]
        first = (int(np.random.randint(room[0] + 1)),
                 int(np.random.randint(room[1] + 1)))
        for _ in range(_TRIES):
            second = (
                self._aligned(int(np.random.randint(room[0] + 1)), first[0]),
                self._aligned(int(np.random.randint(room[1] + 1)), first[1]))
            common = np.prod([
                max(0, crop - abs(end - start)) for crop, start, end in zip(
                    self.crop_size, first, second)])
            union = 2 * np.prod(self.crop_size) - common
            if common and self.iou[0] <= common / union <= self.iou[1]:
                return first, second
        return first, first

    def overlaps(self, corners: Sequence[Sequence[int]],
                 size: Sequence[int]) -> tuple[Box, Box]:
        """Boxes of what both crops show of the image without its padding.

        Args:
            corners (Sequence): Top and left of each crop.
            size (Sequence[int]): Height and width of the image.

        Returns:
            tuple: Top, left, bottom and right within each crop; multiples of
            the stride.
        """
        start = [max(pair) for pair in zip(*corners)]
        # A position at the border of the padding belongs to it.
        extent = [
            max(0, min(min(pair) + crop, side) - low) // self.stride
            * self.stride
            for low, pair, crop, side in zip(start, zip(*corners),
                                             self.crop_size, size)
        ]
        first, second = (
            (start[0] - top, start[1] - left, start[0] - top + extent[0],
             start[1] - left + extent[1]) for top, left in corners)
        return first, second

    def _aligned(self, place: int, start: int) -> int:
        """A multiple of the stride away from ``start``, within the image."""
        place = (place - start) // self.stride * self.stride + start
        return place + self.stride if place < 0 else place

    def _crop(self, array: np.ndarray, corners: Sequence[Sequence[int]],
              flips: Sequence[bool],
              value: Union[int, Sequence[float]]) -> np.ndarray:
        """Both crops of an array, (2 * height, width, ...)."""
        height, width = self.crop_size
        missing = [max(0, crop - side)
                   for side, crop in zip(array.shape, self.crop_size)]
        if any(missing):
            array = cv2.copyMakeBorder(
                array, 0, missing[0], 0, missing[1], cv2.BORDER_CONSTANT,
                value=value)
        crops = [array[top:top + height, left:left + width]
                 for top, left in corners]
        return np.concatenate([
            crop[:, ::-1] if flip else crop
            for crop, flip in zip(crops, flips)])
