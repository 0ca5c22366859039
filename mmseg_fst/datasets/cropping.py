"""Random crops that are faster than MMSegmentation's."""
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
from mmseg_fst.utils.checks import check_range

from .geometry import RandomFactorResize, check_pillow_scales

# Number of boxes to try before accepting one that a single class dominates.
_TRIES = 10
Box = tuple[int, int, int, int]


@TRANSFORMS.register_module()
class HistogramCrop(RandomCrop):
    """``RandomCrop`` that counts the classes of a crop without sorting.

    The same random numbers result in the same crop. With ``cat_max_ratio``
    below 1 it takes a tenth of the time. See
    :class:`mmseg.datasets.transforms.RandomCrop` for the arguments; labels
    must be uint8.
    """

    @cache_randomness
    def crop_bbox(self, results: dict) -> Box:
        """Sample a box.

        Args:
            results (dict): With ``img``, (H, W, 3), and, if
                ``cat_max_ratio`` is below 1, ``gt_seg_map``, (H, W), uint8.

        Returns:
            tuple[int, int, int, int]: Top, bottom, left and right; bottom and
            right can exceed a small image.
        """
        shape = results['img'].shape[:2]
        box = self._sample_box(shape)
        for _ in range(_TRIES if self.cat_max_ratio < 1 else 0):
            if self._is_varied(self.crop(results['gt_seg_map'], box)):
                break
            box = self._sample_box(shape)
        return box

    def _sample_box(self, shape: Sequence[int]) -> Box:
        """Sample a box for an image of the given height and width."""
        top, left = (
            np.random.randint(max(side - crop, 0) + 1)
            for side, crop in zip(shape, self.crop_size))
        return top, top + self.crop_size[0], left, left + self.crop_size[1]

    def _is_varied(self, label: np.ndarray) -> bool:
        """Whether a label has several classes and none dominates."""
        counts = cv2.calcHist([label], [0], None, [256], [0, 256])
        # Integers, because ratios in float32 would be rounded. OpenCV 4
        # returns a column.
        counts = counts.astype(np.int64).ravel()
        counts[self.ignore_index] = 0
        return bool(
            np.count_nonzero(counts) > 1
            and counts.max() / counts.sum() < self.cat_max_ratio)


@TRANSFORMS.register_module()
class ClassCrop(HistogramCrop):
    """Random crops, a part of them around a pixel of a class.

    The class is the one of :class:`RareClassSampling` if it samples the
    image, else one of the classes of the label, each as likely. The pixel is
    sampled among all pixels of the class, its place within the crop as well.
    Thin and small classes are then seen in every such crop, however large
    the image is.

    Args:
        crop_size (int | tuple[int, int]): Height and width of the crop.
        share (float): Fraction of the crops around a pixel, in [0, 1].
            Defaults to 0.75.
        ignore_index (int): Label without a class, in [0, 255]. Defaults to
            255.

    Raises:
        ValueError: If ``share`` is out of its range.
    """

    def __init__(self,
                 crop_size: Union[int, tuple[int, int]],
                 share: float = 0.75,
                 ignore_index: int = 255) -> None:
        super().__init__(crop_size, ignore_index=ignore_index)
        check_range(self, share=share)
        self.share = share

    @cache_randomness
    def crop_bbox(self, results: dict) -> Box:
        """Sample a box.

        Args:
            results (dict): With ``img``, (H, W, C), ``gt_seg_map``, (H, W),
                uint8, and, if there is one, ``sampled_class``.

        Returns:
            tuple[int, int, int, int]: Top, bottom, left and right; bottom and
            right can exceed a small image.
        """
        if np.random.random() >= self.share:
            return self._sample_box(results['img'].shape[:2])
        label = results['gt_seg_map']
        class_id = results.get('sampled_class')
        if class_id is None or not (label == class_id).any():
            shown = np.unique(label)
            shown = shown[shown != self.ignore_index]
            if not len(shown):
                return self._sample_box(label.shape)
            class_id = np.random.choice(shown)
        pixels = np.flatnonzero(label == class_id)
        pixel = np.unravel_index(np.random.choice(pixels), label.shape)
        top, left = (
            int(np.clip(place - np.random.randint(crop), 0,
                        max(side - crop, 0)))
            for place, crop, side in zip(pixel, self.crop_size, label.shape))
        return top, top + self.crop_size[0], left, left + self.crop_size[1]


@TRANSFORMS.register_module()
class FactorResizedCrop(HistogramCrop):
    """Pillow's ``RandomFactorResize`` and ``RandomCrop`` in one step.

    Only the cropped part of the image is resized; the same random numbers
    result in the same crop. Labels are identical. A few values per thousand
    of the image differ by one or two of 255 levels, because Pillow rounds the
    corners of a part. There is no OpenCV backend, because resizing without
    smoothing gains too little.

    Args:
        ranges (Sequence[tuple[float, float]]): Ranges of the scale factor,
            see :class:`RandomFactorResize`.
        crop_size (int | tuple[int, int]): Height and width of the crop.
        cat_max_ratio (float): Maximum fraction of the pixels of one class in
            a crop. Defaults to 1: no limit.
        ignore_index (int): Label that is not counted, in [0, 255]. Defaults
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
        """Resize and crop one image.

        Args:
            results (dict): With ``img``, (H, W, 3), uint8, and, if there is a
                label, ``gt_seg_map``, (H, W), uint8.

        Returns:
            dict: The same keys, resized and cropped, and ``img_shape``,
            ``scale`` and ``scale_factor``.

        Raises:
            ValueError: If Pillow cannot scale the image.
        """
        image, factor = results['img'], self.resize.sample_factor()
        check_pillow_scales(image)
        height, width = image.shape[:2]
        # Rounded as in mmcv's Resize.
        scale = int(width * factor + .5), int(height * factor + .5)
        for key in results.get('seg_fields', []):
            results[key] = mmcv.imresize(
                results[key], scale, interpolation='nearest',
                backend='pillow')
        # Sampling a box uses only the shape of the resized image; a broadcast
        # pixel has this shape without its memory.
        placeholder = np.broadcast_to(
            image[:1, :1], (*scale[::-1], *image.shape[2:]))
        box = self.crop_bbox({**results, 'img': placeholder})
        for key in results.get('seg_fields', []):
            results[key] = self.crop(results[key], box)
        results['img'] = resized_part(image, scale, box)
        results['img_shape'] = results['img'].shape[:2]
        results['scale'] = scale
        results['scale_factor'] = scale[0] / width, scale[1] / height
        return results


def scale_crops_alone(pipeline: Sequence[dict]) -> list[dict]:
    """Replace resize and crop in a pipeline by ``FactorResizedCrop``.

    Args:
        pipeline (Sequence[dict]): Configs of transforms.

    Returns:
        list[dict]: The configs, with both steps combined.

    Raises:
        ValueError: If there is no ``RandomFactorResize`` with the Pillow
            backend, followed by ``RandomCrop`` or ``HistogramCrop``.
    """
    for index, (resize, crop) in enumerate(zip(pipeline, pipeline[1:])):
        if (resize['type'] == 'RandomFactorResize'
                and resize.get('backend') == 'pillow'
                and crop['type'] in ('RandomCrop', 'HistogramCrop')):
            both = {**crop, 'type': 'FactorResizedCrop',
                    'ranges': resize['ranges']}
            return [*pipeline[:index], both, *pipeline[index + 2:]]
    raise ValueError(
        "scale_crops needs a RandomFactorResize with backend='pillow' before "
        f'a crop, got {[step["type"] for step in pipeline]}; remove the '
        'option.')


def resized_part(image: np.ndarray, scale: tuple[int, int],
                 box: Box) -> np.ndarray:
    """Compute a part of a resized image without resizing the rest.

    Args:
        image (np.ndarray): The whole image, (H, W, 3), uint8.
        scale (tuple[int, int]): Width and height of the resized image.
        box (tuple[int, int, int, int]): Top, bottom, left and right of the
            part within the resized image; it is clipped to the image.

    Returns:
        np.ndarray: The part, (h, w, 3), uint8; up to rounding, equal to the
        part of the image that Pillow's bilinear filter resizes.
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
    """Source pixels along one side that a range of the resized side needs.

    Returns:
        tuple[slice, float, float]: The source pixels, and start and end of
        the range relative to them.
    """
    ratio = length / scaled
    first, last = start * ratio, stop * ratio
    # The filter radius is one target pixel, or one source pixel if larger.
    reach = max(ratio, 1) + 1
    low = max(math.floor(first - reach), 0)
    high = min(math.ceil(last + reach), length)
    return slice(low, high), first - low, last - low
