"""Boxes within images, and maps of them put together."""
from collections.abc import Sequence
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor


class Box(NamedTuple):
    """A box of rows and columns.

    Attributes:
        top (int): First row.
        bottom (int): The row after the last one.
        left (int): First column.
        right (int): The column after the last one.
    """
    top: int
    bottom: int
    left: int
    right: int

    @property
    def rows(self) -> slice:
        """Its rows."""
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        """Its columns."""
        return slice(self.left, self.right)


def scale_box(box: Box, factor: float) -> Box:
    """A box on a map of another resolution.

    Args:
        box (Box): A box whose sides fall on positions of the map.
        factor (float): Positions of the map per position of the box.

    Returns:
        Box: The box in positions of the map.
    """
    return Box(*(round(side * factor) for side in box))


def insert_window(window: Tensor, box: Box, size: Sequence[int]) -> Tensor:
    """A map that is zero outside of a window.

    Args:
        window (Tensor): Of shape (N, C, h, w).
        box (Box): Where it lies, h x w.
        size (Sequence[int]): Height and width of the map.

    Returns:
        Tensor: Of shape (N, C, *size).
    """
    return F.pad(window, (box.left, size[1] - box.right,
                          box.top, size[0] - box.bottom))


def average_windows(windows: Tensor, boxes: Sequence[Box],
                    size: Sequence[int]) -> Tensor:
    """A map put together of windows; where they overlap, their mean.

    Args:
        windows (Tensor): Of shape (W N, C, h, w), all images of the first of
            W windows, then all images of the second, and so on.
        boxes (Sequence[Box]): Where each window lies; together they cover
            the map.
        size (Sequence[int]): Height and width of the map.

    Returns:
        Tensor: Of shape (N, C, *size).
    """
    count = len(windows) // len(boxes)
    total = windows.new_zeros(count, windows.shape[1], *size)
    number = windows.new_zeros(1, 1, *size)
    for box, window in zip(boxes, windows.split(count)):
        total[:, :, box.rows, box.columns] += window
        number[:, :, box.rows, box.columns] += 1
    return total / number
