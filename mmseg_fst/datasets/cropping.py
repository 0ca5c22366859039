"""Random crops that cost less than MMSegmentation's."""
import math
from collections.abc import Sequence
from typing import Union

import cv2
import mmcv
import numpy as np
from mmcv.transforms.utils import cache_randomness
from mmseg.datasets.transforms import RandomCrop
from PIL import Image

from mmseg_fst.registry import TRANSFORMS

from .geometry import RandomFactorResize, check_pillow_scales

# Boxes that are tried before one is taken in which a class prevails.
_TRIES = 10
Box = tuple[int, int, int, int]


@TRANSFORMS.register_module()
class HistogramCrop(RandomCrop):
    """``RandomCrop`` that counts the classes of a crop without sorting.

    The same random numbers give the same crop; where ``cat_max_ratio`` is
    below 1 it is found in a tenth of the time. Takes the arguments of
    :class:`mmseg.datasets.transforms.RandomCrop`; labels must be uint8.
    """

    @cache_randomness
    def crop_bbox(self, results: dict) -> Box:
        """Draw a box.

        Args:
            results (dict): With ``img``, (H, W, 3), and, where
                ``cat_max_ratio`` is below 1, ``gt_seg_map``, (H, W), uint8.

        Returns:
            tuple[int, int, int, int]: Upper, lower, left and right end; the
            lower and the right one may lie outside a small image.
        """
        shape = results['img'].shape[:2]
        box = self._draw_box(shape)
        for _ in range(_TRIES if self.cat_max_ratio < 1 else 0):
            if self._is_varied(self.crop(results['gt_seg_map'], box)):
                break
            box = self._draw_box(shape)
        return box

    def _draw_box(self, shape: Sequence[int]) -> Box:
        """Draw a box for an image of that height and width."""
        top, left = (
            np.random.randint(max(side - crop, 0) + 1)
            for side, crop in zip(shape, self.crop_size))
        return top, top + self.crop_size[0], left, left + self.crop_size[1]

    def _is_varied(self, label: np.ndarray) -> bool:
        """Whether a label shows several classes and none prevails."""
        counts = cv2.calcHist([label], [0], None, [256], [0, 256])
        # Shares of float32 would be rounded; OpenCV 4 returns a column.
        counts = counts.astype(np.int64).ravel()
        counts[self.ignore_index] = 0
        return bool(
            np.count_nonzero(counts) > 1
            and counts.max() / counts.sum() < self.cat_max_ratio)


@TRANSFORMS.register_module()
class FactorResizedCrop(HistogramCrop):
    """``RandomFactorResize`` of Pillow and ``RandomCrop`` at once.

    Only what the crop shows of the image is scaled; the same random numbers
    give the same crop. Labels are equal to the last pixel. In the image some
    values in a thousand differ, by one or two of 255 levels, because Pillow
    rounds the corners of a part. OpenCV, which does not smooth, would gain
    too little to be offered.

    Args:
        ranges (Sequence[tuple[float, float]]): Lowest and highest factor, as
            of :class:`RandomFactorResize`.
        crop_size (int | tuple[int, int]): Height and width of the crop.
        cat_max_ratio (float): Largest share of a crop that one class may
            have. Defaults to 1, any.
        ignore_index (int): Label that is not counted, from 0 to 255. Defaults
            to 255.

    Raises:
        ValueError: If a range is empty or not positive.
    """

    def __init__(self,
                 ranges: Sequence[tuple[float, float]],
                 crop_size: Union[int, tuple[int, int]],
                 cat_max_ratio: float = 1.,
                 ignore_index: int = 255) -> None:
        super().__init__(crop_size, cat_max_ratio, ignore_index)
        self.resize = RandomFactorResize(ranges, backend='pillow')

    def transform(self, results: dict) -> dict:
        """Scale and crop one image.

        Args:
            results (dict): With ``img``, (H, W, 3), uint8, and, if there is a
                label, ``gt_seg_map``, (H, W), uint8.

        Returns:
            dict: The same keys, scaled and cropped, and ``img_shape``,
            ``scale`` and ``scale_factor``.

        Raises:
            ValueError: If Pillow cannot scale the image.
        """
        image, factor = results['img'], self.resize.draw_factor()
        check_pillow_scales(image)
        height, width = image.shape[:2]
        # Rounded as Resize rounds.
        scale = int(width * factor + .5), int(height * factor + .5)
        for key in results.get('seg_fields', []):
            results[key] = mmcv.imresize(
                results[key], scale, interpolation='nearest',
                backend='pillow')
        # A box is drawn by the size of the scaled image alone, so that one
        # that takes no memory stands in for it.
        stand_in = np.broadcast_to(
            image[:1, :1], (*scale[::-1], *image.shape[2:]))
        box = self.crop_bbox({**results, 'img': stand_in})
        for key in results.get('seg_fields', []):
            results[key] = self.crop(results[key], box)
        results['img'] = resized_part(image, scale, box)
        results['img_shape'] = results['img'].shape[:2]
        results['scale'] = scale
        results['scale_factor'] = scale[0] / width, scale[1] / height
        return results


def scale_crops_alone(pipeline: Sequence[dict]) -> list[dict]:
    """Put ``FactorResizedCrop`` in the place of the two steps it does.

    Args:
        pipeline (Sequence[dict]): Configs of transforms.

    Returns:
        list[dict]: The same, with the two steps in one.

    Raises:
        ValueError: If there is no ``RandomFactorResize`` of Pillow with a
            ``RandomCrop`` or ``HistogramCrop`` behind it.
    """
    for place, (resize, crop) in enumerate(zip(pipeline, pipeline[1:])):
        if (resize['type'] == 'RandomFactorResize'
                and resize.get('backend') == 'pillow'
                and crop['type'] in ('RandomCrop', 'HistogramCrop')):
            both = {**crop, 'type': 'FactorResizedCrop',
                    'ranges': resize['ranges']}
            return [*pipeline[:place], both, *pipeline[place + 2:]]
    raise ValueError(
        "scale_crops: there is no RandomFactorResize with backend='pillow' "
        f'before a crop in {[step["type"] for step in pipeline]}; leave it '
        'out.')


def resized_part(image: np.ndarray, scale: tuple[int, int],
                 box: Box) -> np.ndarray:
    """A part of a scaled image, without scaling the rest.

    Args:
        image (np.ndarray): The whole image, (H, W, 3), uint8.
        scale (tuple[int, int]): Width and height of the scaled image.
        box (tuple[int, int, int, int]): Upper, lower, left and right end of
            the part within the scaled image; what lies outside is left out.

    Returns:
        np.ndarray: The part, (h, w, 3), uint8, up to rounding what Pillow's
        bilinear filter makes of the whole.
    """
    height, width = image.shape[:2]
    rows, top, bottom = _needed(box[0], min(box[1], scale[1]), scale[1],
                                height)
    columns, left, right = _needed(box[2], min(box[3], scale[0]), scale[0],
                                   width)
    size = min(box[3], scale[0]) - box[2], min(box[1], scale[1]) - box[0]
    part = Image.fromarray(np.ascontiguousarray(image[rows, columns]))
    return np.array(
        part.resize(size, Image.Resampling.BILINEAR,
                    (left, top, right, bottom)))


def _needed(start: int, stop: int, scaled: int,
            length: int) -> tuple[slice, float, float]:
    """The pixels along one side that a range of the scaled side depends on.

    Returns:
        tuple[slice, float, float]: These pixels, and where the range begins
        and ends within them.
    """
    ratio = length / scaled
    first, last = start * ratio, stop * ratio
    # The filter reaches as far as a scaled pixel, or a pixel if that is more.
    reach = max(ratio, 1) + 1
    low = max(math.floor(first - reach), 0)
    high = min(math.ceil(last + reach), length)
    return slice(low, high), first - low, last - low
