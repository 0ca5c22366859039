"""Boxes of noise instead of image content: the CutOut of ST++."""
from collections.abc import Iterator

import torch
from torch import Tensor

from mmseg_fst.ops import Mixed, box_mask, normalize
from mmseg_fst.registry import MODELS

from .random_boxes import RandomBoxes


@MODELS.register_module()
class NoiseCutOut(RandomBoxes):
    """Replace a box of some images by noise; it is not learned.

    As in the release of ST++: area, aspect ratio and place of a box are
    sampled again until it fits into the image, so that large boxes are rarer
    than small ones: the mean area is 0.142 for the defaults. Each value of a
    pixel is sampled on its own, of [0, 255).

    Args:
        prob (float): Probability of a box, in [0, 1]. Defaults to 0.5.
        area (tuple[float, float]): Range of its area, as a fraction of the
            image. Defaults to (0.02, 0.4).
        max_ratio (float): Maximum ratio of its sides, at least 1. Defaults to
            1 / 0.3.

    Raises:
        ValueError: If an argument is out of its range.
    """

    @property
    def fitting_area(self) -> float:
        """The smallest area, which is sampled at some time."""
        return self.area[0]

    def areas(self) -> Iterator[Tensor]:
        """Areas of one box, another one for each attempt.

        Yields:
            Tensor: Fractions of the image, float32 scalars, without end.
        """
        low, high = self.area
        while True:
            yield low + torch.rand(()) * (high - low)

    def forward(self, mixed: Mixed, mean: Tensor, std: Tensor,
                ignore_index: int) -> Mixed:
        """Cut boxes out of a batch.

        Args:
            mixed (Mixed): Normalized images of shape (N, C, H, W) with
                labels.
            mean (Tensor): Mean of the normalization, (C, 1, 1).
            std (Tensor): Its standard deviation, (C, 1, 1).
            ignore_index (int): Label of the boxes.

        Returns:
            Mixed: Images with noise and labels without the boxes.
        """
        image = mixed.image
        boxes = self.sample_boxes(len(image), *image.shape[2:])
        cut = box_mask(
            boxes.to(image.device, non_blocking=True), image.shape[2:])
        noise = torch.randint(255, image.shape).to(
            image.device, image.dtype, non_blocking=True) / 255
        return mixed._replace(
            image=torch.where(cut[:, None], normalize(noise, mean, std),
                              image),
            label=mixed.label.masked_fill(cut, ignore_index))
