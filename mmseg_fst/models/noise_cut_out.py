"""Boxes of noise instead of image content: the CutOut of ST++."""
import torch
from torch import Tensor, nn

from mmseg_fst.ops import Mixed, box_mask, normalize
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


@MODELS.register_module()
class NoiseCutOut(nn.Module):
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

    def __init__(self,
                 prob: float = 0.5,
                 area: tuple[float, float] = (0.02, 0.4),
                 max_ratio: float = 1 / 0.3) -> None:
        super().__init__()
        check_range(self, prob=prob)
        if not 0 < area[0] <= area[1] < 1 or max_ratio < 1:
            raise ValueError(
                'NoiseCutOut: area must be a range in (0, 1) and max_ratio '
                f'at least 1, got {tuple(area)} and {max_ratio}.')
        self.prob = prob
        self.area = area
        self.max_ratio = max_ratio

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
        # The smallest box at its most favorable aspect ratio.
        longer = max(height / width, width / height)
        if self.area[0] * longer > self.max_ratio:
            raise ValueError(
                f'NoiseCutOut: no box with area={tuple(self.area)} and '
                f'max_ratio={self.max_ratio} fits into an image of {height} '
                f'x {width}; increase max_ratio.')
        boxes = torch.zeros(count, 4, dtype=torch.long)
        for box in boxes:
            if torch.rand(()) < self.prob:
                box.copy_(self._sample_box(height, width))
        return boxes

    def _sample_box(self, height: int, width: int) -> Tensor:
        """One box that fits."""
        low, high = self.area
        while True:
            pixels = (low + torch.rand(()) * (high - low)) * height * width
            ratio = torch.empty(()).uniform_(1 / self.max_ratio,
                                             self.max_ratio)
            across, down = ((pixels / ratio)**0.5, (pixels * ratio)**0.5)
            left, top = torch.randint(width, ()), torch.randint(height, ())
            right, bottom = left + across.long(), top + down.long()
            if right <= width and bottom <= height:
                return torch.stack([left, top, right, bottom])

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
