"""Resizing and padding as in the semi-supervised releases."""
from collections.abc import Sequence

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform, Resize

from mmseg_fst.registry import TRANSFORMS


def check_pillow_scales(image: np.ndarray) -> None:
    """Raise on an image that Pillow cannot scale as OpenCV does.

    Args:
        image (np.ndarray): Of shape (H, W) or (H, W, C).

    Raises:
        ValueError: If it is not of 8 bits, or has neither 1 nor 3 channels:
            Pillow would take a fourth one for an alpha channel.
    """
    if image.dtype != np.uint8 or image.shape[2:] not in ((), (3, )):
        raise ValueError(
            f"backend='pillow' scales images of 1 or 3 channels of 8 bits, "
            f'got shape {image.shape} of {image.dtype}. Use '
            "RandomFactorResize with backend='cv2' and RandomCrop.")


@TRANSFORMS.register_module()
class RandomFactorResize(BaseTransform):
    """Resize image and label by a factor sampled from one of several ranges.

    mmcv's ``RandomResize`` samples a size; here the factor is relative to the
    size of each image, because photos of Pascal VOC differ in size. All
    ranges are equally likely; the factor is uniform within the range.

    Args:
        ranges (Sequence[tuple[float, float]]): Minimum and maximum factor of
            each range: ``((.5, 1), (1, 2))`` in U2PL and FST, ``((.5, 2), )``
            in UniMatch.
        backend (str): 'cv2', or 'pillow', which smooths when it shrinks an
            image and is used by UniMatch; it resizes images of 1 or 3
            channels of 8 bits. Defaults to 'cv2'.

    Raises:
        ValueError: If a range is empty or not positive.
    """

    def __init__(self,
                 ranges: Sequence[tuple[float, float]],
                 backend: str = 'cv2') -> None:
        if not ranges or any(not 0 < low <= high for low, high in ranges):
            raise ValueError('ranges must be pairs of a minimum and a maximum '
                             f'factor, both positive, got {ranges}.')
        self.ranges = ranges
        self.backend = backend

    def transform(self, results: dict) -> dict:
        """Resize one image.

        Args:
            results (dict): With ``img``, (H, W, 3), and ``gt_seg_map``,
                (H, W), if there is a label.

        Returns:
            dict: The same keys, resized (the label by nearest neighbor), and
            ``img_shape``, ``scale`` and ``scale_factor``.

        Raises:
            ValueError: If Pillow cannot scale the image.
        """
        if self.backend == 'pillow':
            check_pillow_scales(results['img'])
        return Resize(
            scale_factor=self.sample_factor(), backend=self.backend)(results)

    def sample_factor(self) -> float:
        """Sample a factor, with NumPy's global generator."""
        low, high = self.ranges[np.random.randint(len(self.ranges))]
        return float(np.random.uniform(low, high))


@TRANSFORMS.register_module()
class PadToCrop(BaseTransform):
    """Pad an image that is smaller than the crop.

    By default the data preprocessor pads at the lower right, and padding has
    neither a label nor a weight. With this transform padding is part of the
    image: U2PL and FST pad symmetrically with the mean color and *label 0*
    (background on Pascal VOC, road on Cityscapes), labeled and unlabeled
    images alike.

    Args:
        size (tuple[int, int]): Minimum height and width.
        position (str): Position of the image: 'center', or 'corner' for the
            upper left. Defaults to 'center'.
        pad_val (Sequence[float]): A value for each channel, in the channel
            order of the image. Defaults to the rounded mean of ImageNet in
            BGR, which is less than 0.01 after normalization.
        seg_pad_val (int): Label. Defaults to 255, ignored.

    Raises:
        ValueError: If ``position`` is unknown.
    """

    def __init__(self,
                 size: tuple[int, int],
                 position: str = 'center',
                 pad_val: Sequence[float] = (104, 116, 124),
                 seg_pad_val: int = 255) -> None:
        if position not in ('center', 'corner'):
            raise ValueError("PadToCrop: position must be 'center' or "
                             f"'corner', got {position!r}.")
        self.size = size
        self.position = position
        self.pad_val = tuple(pad_val)
        self.seg_pad_val = seg_pad_val

    def transform(self, results: dict) -> dict:
        """Pad one image.

        Args:
            results (dict): With ``img``, (H, W, 3), and ``seg_fields``, the
                keys of labels, (H, W).

        Returns:
            dict: The same keys, padded, and ``img_shape``.

        Raises:
            ValueError: If ``pad_val`` has another number of values than the
                image has channels.
        """
        image = results['img']
        channels = image.shape[2] if image.ndim == 3 else 1
        if len(self.pad_val) != channels:
            raise ValueError(
                f'PadToCrop: pad_val={self.pad_val} has {len(self.pad_val)} '
                f'values, but {results.get("img_path", "the image")} has '
                f'{channels} channels. Give pad_val a value for each channel.')
        missing = (max(self.size[0] - image.shape[0], 0),
                   max(self.size[1] - image.shape[1], 0))
        top, left = (
            side // 2 if self.position == 'center' else 0 for side in missing)
        border = (left, top, missing[1] - left, missing[0] - top)
        results['img'] = self._pad_image(image, border)
        for key in results.get('seg_fields', []):
            results[key] = mmcv.impad(
                results[key], padding=border, pad_val=self.seg_pad_val)
        results['img_shape'] = results['img'].shape[:2]
        return results

    def _pad_image(self, image: np.ndarray,
                   border: tuple[int, int, int, int]) -> np.ndarray:
        """Pad the left, upper, right and lower side by as many pixels."""
        if image.ndim == 2:
            return mmcv.impad(image, padding=border, pad_val=self.pad_val[0])
        # OpenCV pads no more than four channels at once.
        parts = [
            mmcv.impad(
                image[..., start:start + 4], padding=border,
                pad_val=self.pad_val[start:start + 4])
            for start in range(0, image.shape[2], 4)
        ]
        parts = [part if part.ndim == 3 else part[..., None] for part in parts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, 2)
