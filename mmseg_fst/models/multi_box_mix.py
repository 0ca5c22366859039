"""CutMix with several boxes in each image."""
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmseg_fst.ops import Mixed, box_mask, relabel
from mmseg_fst.registry import MODELS


@MODELS.register_module()
class MultiBoxMix(nn.Module):
    """Boxes of CutMix-Seg (French et al., BMVC 2020), as CPS samples them.

    Each box has a share of the area A, uniform, over the number of boxes; its
    height is ``A**u`` of the image with u uniform in [0, 1], before that
    division, and its place is uniform inside the image. Where an even number
    of boxes overlap, nothing is pasted.

    Args:
        count (int): Number of boxes in each image. Defaults to 3.
        area (tuple[float, float]): Range of A, a fraction of the image.
            Defaults to (0.25, 0.5).

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 count: int = 3,
                 area: tuple[float, float] = (0.25, 0.5)) -> None:
        super().__init__()
        if count < 1 or not 0 < area[0] <= area[1] <= 1:
            raise ValueError(
                'MultiBoxMix: count must be at least 1 and area a range in '
                f'(0, 1], got {count} and {tuple(area)}.')
        self.count = count
        self.area = area

    def sample_boxes(self, count: int, height: int, width: int) -> Tensor:
        """Sample the boxes, on the CPU.

        Args:
            count (int): Number of images N.
            height (int): Height of the images.
            width (int): Width of the images.

        Returns:
            Tensor: Left, top, right and bottom of each, int64 of shape
            (N, ``self.count``, 4).
        """
        low, high = self.area
        area = low + (high - low) * torch.rand(count, self.count)
        tall = area**torch.rand(count, self.count)
        share = torch.stack([area / tall, tall], -1) * self.count**-0.5
        image = torch.tensor([width, height])
        size = (share * image).round()
        place = ((image - size) * torch.rand(size.shape)).round()
        return torch.cat([place, place + size], -1).long()

    def sample_mask(self, count: int, size: Sequence[int]) -> Tensor:
        """Sample the pixels to paste, on the CPU.

        Args:
            count (int): Number of images N.
            size (Sequence[int]): Height and width of the images.

        Returns:
            Tensor: Bool mask of shape (N, *size).
        """
        mask = torch.zeros(count, *size, dtype=torch.bool)
        for boxes in self.sample_boxes(count, *size).unbind(1):
            mask ^= box_mask(boxes, size)
        return mask


@MODELS.register_module()
class MultiBoxCutMix(MultiBoxMix):
    """Paste several boxes onto an image, each from a random image.

    CutMix of PS-MT (Liu et al., CVPR 2022) on Cityscapes, as in the authors'
    code. Boxes are sampled as by :class:`MultiBoxMix`. The image that a box
    is cut from is any of the batch, also the same one, and a later box lies
    on top of the earlier ones.

    See :class:`MultiBoxMix` for the arguments.
    """

    def sample_sources(self, count: int, size: Sequence[int]) -> Tensor:
        """Sample for each pixel the image that it comes from, on the CPU.

        Args:
            count (int): Number of images N.
            size (Sequence[int]): Height and width of the images.

        Returns:
            Tensor: Indices of images, int64 of shape (N, *size).
        """
        index = torch.randint(count, (self.count, count, 1, 1))
        source = torch.arange(count)[:, None, None].expand(count, *size)
        for box, image in zip(self.sample_boxes(count, *size).unbind(1),
                              index):
            source = torch.where(box_mask(box, size), image, source)
        return source

    def forward(self, labeled: tuple[Tensor, Tensor],
                unlabeled: tuple[Tensor, Tensor, Tensor]) -> Mixed:
        """Mix the unlabeled batch with itself.

        Args:
            labeled (tuple): Not used.
            unlabeled (tuple): ``image`` (N, 3, H, W), pseudo-``label``
                (N, H, W), int64, and ``weight`` (N, H, W).

        Returns:
            Mixed: The mixed batch; its ``index`` is that of each pixel.

        Raises:
            ValueError: If the batch has one image.
        """
        image, label, weight = unlabeled
        count = len(image)
        if count < 2:
            raise ValueError(
                'MultiBoxCutMix mixes the images of a batch with each other, '
                'but the batch has one image; set '
                '`train_dataloader.batch_size` to 2 or more.')
        source = self.sample_sources(count, label.shape[1:])
        mask = source != torch.arange(count)[:, None, None]
        source, mask = (value.to(image.device, non_blocking=True)
                        for value in (source, mask))
        pasted = image.gather(0, source[:, None].expand_as(image))
        mixed = Mixed(pasted, label, weight, mask, source)
        return relabel(mixed, (label, weight), (label, weight))
