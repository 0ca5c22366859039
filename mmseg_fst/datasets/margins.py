"""Margins of images, in which pseudo-labels are not trusted."""
import numpy as np
from mmcv.transforms import BaseTransform

from mmseg_fst.registry import TRANSFORMS
from mmseg_fst.utils.fields import TRUSTED


@TRANSFORMS.register_module()
class PseudoLabelMargins(BaseTransform):
    """Mark the margins of an image, in which pseudo-labels have weight 0.

    Cityscapes has artifacts of the rectification at its borders and the hood
    of the car at the bottom. Unlike ``ignore_top`` and ``ignore_bottom`` of
    :class:`mmseg_fst.models.ConfidentRatio`, margins of the image remain where
    they are if it is cropped, as in HRDA's release (30, 240, 30, 30 pixels of
    images of 2048 x 1024). Put it after a :class:`LoadWholeImage` without
    ``reduce_to`` and before transforms that resize, crop or flip;
    :class:`PackByteInputs` has to follow.

    Args:
        top (int): Rows at the top. Defaults to 0.
        bottom (int): Rows at the bottom. Defaults to 0.
        left (int): Columns at the left. Defaults to 0.
        right (int): Columns at the right. Defaults to 0.

    Raises:
        ValueError: If a margin is negative.
    """

    def __init__(self,
                 top: int = 0,
                 bottom: int = 0,
                 left: int = 0,
                 right: int = 0) -> None:
        if min(top, bottom, left, right) < 0:
            raise ValueError(
                'PseudoLabelMargins: margins must be at least 0, got '
                f'top={top}, bottom={bottom}, left={left}, right={right}.')
        self.top, self.bottom = top, bottom
        self.left, self.right = left, right

    def transform(self, results: dict) -> dict:
        """Mark the margins of one image.

        Args:
            results (dict): With ``img`` of shape (H, W) or (H, W, C).

        Returns:
            dict: With the pixels that are trusted, uint8 of shape (H, W),
            which is one of ``seg_fields``.
        """
        height, width = results['img'].shape[:2]
        trusted = np.zeros((height, width), np.uint8)
        trusted[self.top:max(height - self.bottom, 0),
                self.left:max(width - self.right, 0)] = 1
        results[TRUSTED] = trusted
        results['seg_fields'] = [*results.get('seg_fields', []), TRUSTED]
        return results


def trusted_box(trusted: np.ndarray) -> tuple[int, int, int, int]:
    """The box of the pixels that are trusted.

    Args:
        trusted (np.ndarray): A map of shape (H, W) whose pixels of value 1
            form a box.

    Returns:
        tuple[int, int, int, int]: Top, bottom, left and right, the second
        and the last one exclusive; all 0 if there are none.
    """
    sides: list[int] = []
    for axis in (1, 0):
        (places, ) = np.nonzero((trusted == 1).any(axis))
        if not len(places):
            return 0, 0, 0, 0
        sides += [int(places[0]), int(places[-1]) + 1]
    top, bottom, left, right = sides
    return top, bottom, left, right
