"""Boxes of random area, shape and place: of CutMix and of CutOut."""
from collections.abc import Iterator
from itertools import repeat
from typing import Union

import torch
from torch import Tensor, nn

from mmseg_fst.utils.checks import check_range


class RandomBoxes(nn.Module):
    """Samples a box in some of the images.

    Aspect ratio and place of a box are sampled again until it lies within the
    image. Its area is sampled once: sampled again with the rest, large boxes,
    which fit less often, would be rare.

    Args:
        prob (float): Probability of a box, in [0, 1]. Defaults to 0.5.
        area (tuple[float, float]): Range of its area, as a fraction of the
            image. Defaults to (0.02, 0.4).
        max_ratio (float): Maximum ratio of its sides, at least 1. Defaults to
            1 / 0.3.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 prob: float = 0.5,
                 area: tuple[float, float] = (0.02, 0.4),
                 max_ratio: float = 1 / 0.3) -> None:
        super().__init__()
        check_range(self, prob=prob)
        if not 0 < area[0] <= area[1] < 1 or max_ratio < 1:
            raise ValueError(
                f'{type(self).__name__}: area must be a range in (0, 1) and '
                f'max_ratio at least 1, got {tuple(area)} and {max_ratio}.')
        self.prob = prob
        self.area = area
        self.max_ratio = max_ratio

    @property
    def fitting_area(self) -> float:
        """The area that must fit into an image for the sampling to end."""
        return self.area[1]

    def areas(self) -> Iterator[Union[float, Tensor]]:
        """Areas of one box, for one attempt after the other.

        Returns:
            Iterator: Fractions of the image, without end.
        """
        low, high = self.area
        return repeat(low + torch.rand(()).item() * (high - low))

    def sample_boxes(self, count: int, height: int, width: int) -> Tensor:
        """Sample the boxes, on the CPU.

        Args:
            count (int): Number of images N.
            height (int): Height of the images.
            width (int): Width of the images.

        Returns:
            Tensor: Left, top, right and bottom, int64 of shape (N, 4); all
            zero for images without a box.

        Raises:
            ValueError: If no box fits into the image.
        """
        # At the most favorable aspect ratio.
        longer = max(height / width, width / height)
        if self.fitting_area * longer > self.max_ratio:
            raise ValueError(
                f'{type(self).__name__}: no box with area={tuple(self.area)} '
                f'and max_ratio={self.max_ratio} fits into an image of '
                f'{height} x {width}; increase max_ratio.')
        boxes = torch.zeros(count, 4, dtype=torch.long)
        for box in boxes:
            if torch.rand(()) < self.prob:
                box.copy_(self._sample_box(height, width))
        return boxes

    def _sample_box(self, height: int, width: int) -> Tensor:
        """One box that fits."""
        areas = self.areas()
        while True:
            pixels = next(areas) * height * width
            ratio = torch.empty(()).uniform_(
                1 / self.max_ratio, self.max_ratio).item()
            left = int(torch.randint(width, ()))
            top = int(torch.randint(height, ()))
            right = left + int((pixels / ratio)**0.5)
            bottom = top + int((pixels * ratio)**0.5)
            if right <= width and bottom <= height:
                return torch.tensor((left, top, right, bottom))
