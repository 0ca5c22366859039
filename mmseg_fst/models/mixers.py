"""Mixers: put a training batch together from labeled and unlabeled ones."""
import warnings
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from mmseg_fst.ops import Mixed, box_mask, class_mix_mask, mix
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


@MODELS.register_module()
class ClassMix(nn.Module):
    """Paste half of the labeled classes onto the unlabeled images.

    The cross-domain mixing of DACS (Tranheden et al. 2021). Pasted pixels
    keep their true label and weigh 1.

    Args:
        per_image (bool): Whether the classes to choose from are those of the
            image itself; False for the released behavior of DAFormer and
            FST, see :func:`mmseg_fst.ops.class_mix_mask`. Defaults to True.
        ignore_index (int): Id of pixels without a label. Defaults to 255.
    """

    def __init__(self,
                 per_image: bool = True,
                 ignore_index: int = 255) -> None:
        super().__init__()
        self.per_image = per_image
        self.ignore_index = ignore_index

    def draw_mask(self, label_labeled: Tensor) -> Tensor:
        """Draw which pixels are pasted.

        Args:
            label_labeled (Tensor): Labels of shape (N, H, W), int64.

        Returns:
            Tensor: Bool mask of shape (N, H, W).
        """
        # Ids are those of 8-bit label images. Drawn on the CPU: the same
        # masks on every device.
        priority = torch.rand(len(label_labeled), 256)
        return class_mix_mask(
            label_labeled,
            priority.to(label_labeled.device, non_blocking=True),
            self.ignore_index, self.per_image)

    def forward(self, labeled: tuple[Tensor, Tensor],
                unlabeled: tuple[Tensor, Tensor, Tensor]) -> Mixed:
        """Mix two batches of equal size.

        Args:
            labeled (tuple): ``image`` (N, 3, H, W) and ``label`` (N, H, W),
                int64.
            unlabeled (tuple): ``image``, pseudo-``label`` and ``weight``
                (N, H, W), float32.

        Returns:
            Mixed: The mixed batch.

        Raises:
            ValueError: If the batch sizes differ.
        """
        image, label = labeled
        if len(image) != len(unlabeled[0]):
            raise ValueError(
                'ClassMix pastes labeled images onto unlabeled ones, so both '
                f'sides need the same batch size, got {len(image)} and '
                f'{len(unlabeled[0])}; use CutMix, or equal batch sizes.')
        weight = torch.ones_like(unlabeled[2])
        return mix(self.draw_mask(label), (image, label, weight), unlabeled)


@MODELS.register_module()
class NoMix(nn.Module):
    """Unlabeled images as they are: the plain mean teacher."""

    def forward(self, labeled: tuple[Tensor, Tensor],
                unlabeled: tuple[Tensor, Tensor, Tensor]) -> Mixed:
        """Pass the unlabeled batch on.

        Args:
            labeled (tuple): Not used.
            unlabeled (tuple): ``image`` (N, 3, H, W), pseudo-``label`` and
                ``weight`` (N, H, W).

        Returns:
            Mixed: The batch.
        """
        mask = torch.zeros_like(unlabeled[1], dtype=torch.bool)
        return Mixed(*unlabeled, mask, None)

    def plan(self, count: int, size: Sequence[int],
             device: torch.device) -> tuple[Tensor, Tensor]:
        """Plan to mix nothing, see :meth:`CutMix.plan`.

        Args:
            count (int): Number of images.
            size (Sequence[int]): Their height and width.
            device (torch.device): Where the images are.

        Returns:
            tuple[Tensor, Tensor]: An empty mask and each image's own index.
        """
        return (torch.zeros(count, *size, dtype=torch.bool, device=device),
                torch.arange(count, device=device))


@MODELS.register_module()
class CutMix(nn.Module):
    """Paste a box of one unlabeled image onto another (French et al. 2020).

    As drawn by UniMatch: each image draws whether it gets a box, the share of
    its pixels and its shape. The label goes with the pixels.

    Args:
        prob (float): Probability of a box, in [0, 1]. Defaults to 0.5.
        area (tuple[float, float]): Range of its share of the image. Defaults
            to (0.02, 0.4).
        max_ratio (float): Largest ratio of its sides, at least 1. Defaults to
            1 / 0.3.
        source (str): From which image of the batch it is cut: ``'flip'``: the
            last for the first and so on, ``'roll'``: the next one,
            ``'other'``: any other one, all images from the same distance,
            ``'permute'``: of a random permutation, which leaves some images
            with themselves. Defaults to ``'flip'``.
        single (str): What to do with a batch of one image, which has no
            other to be mixed with: ``'raise'`` or ``'warn'``, once, and leave
            it as it is. Defaults to ``'raise'``.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        prob: float = 0.5,
        area: tuple[float, float] = (0.02, 0.4),
        max_ratio: float = 1 / 0.3,
        source: Literal['flip', 'roll', 'other', 'permute'] = 'flip',
        single: Literal['raise', 'warn'] = 'raise'
    ) -> None:
        super().__init__()
        check_range(self, prob=prob)
        for name, value, known in (('source', source,
                                    ('flip', 'roll', 'other', 'permute')),
                                   ('single', single, ('raise', 'warn'))):
            if value not in known:
                raise ValueError(
                    f'{type(self).__name__}: {name}={value!r} is not known; '
                    f'give {" or ".join(map(repr, known))}.')
        if not 0 < area[0] <= area[1] < 1 or max_ratio < 1:
            raise ValueError(
                f'{type(self).__name__}: area={area} must be a range within '
                f'(0, 1) and max_ratio={max_ratio} at least 1.')
        self.prob = prob
        self.area = area
        self.max_ratio = max_ratio
        self.source = source
        self.single = single

    def draw_boxes(self, count: int, height: int, width: int) -> Tensor:
        """Draw the boxes, on the CPU.

        Args:
            count (int): Number of images.
            height (int): Their height.
            width (int): Their width.

        Returns:
            Tensor: Left, top, right and bottom, int64 of shape (N, 4); of no
            area where there is no box.

        Raises:
            ValueError: If no box fits into the image.
        """
        # The smallest area, as flat as the image: else drawing never ends.
        longer = max(height / width, width / height)
        if self.area[0] * longer > self.max_ratio:
            raise ValueError(
                f'{type(self).__name__}: no box of area={self.area} and '
                f'max_ratio={self.max_ratio} fits into an image of '
                f'{height} x {width}; raise max_ratio.')
        boxes = torch.zeros(count, 4, dtype=torch.long)
        for box in boxes:
            if torch.rand(()) >= self.prob:
                continue
            while True:
                low, high = self.area
                pixels = (low + torch.rand(()).item() *
                          (high - low)) * height * width
                ratio = torch.empty(()).uniform_(
                    1 / self.max_ratio, self.max_ratio).item()
                left = int(torch.randint(width, ()))
                top = int(torch.randint(height, ()))
                right = left + int((pixels / ratio)**0.5)
                bottom = top + int((pixels * ratio)**0.5)
                if right <= width and bottom <= height:
                    break
            box.copy_(torch.tensor((left, top, right, bottom)))
        return boxes

    def partners(self, count: int) -> Tensor:
        """From which image each box is cut.

        Args:
            count (int): Number of images.

        Returns:
            Tensor: Indices of shape (N, ), int64.
        """
        if self.source == 'permute':
            return torch.randperm(count)
        index = torch.arange(count)
        if self.source == 'flip':
            return index.flip(0)
        if self.source == 'roll':
            return index.roll(-1)
        return index.roll(-int(torch.randint(1, count, ())))

    def plan(self, count: int, size: Sequence[int],
             device: torch.device) -> tuple[Tensor, Tensor]:
        """Draw what is pasted from where.

        Args:
            count (int): Number of images.
            size (Sequence[int]): Their height and width.
            device (torch.device): Where the images are.

        Returns:
            tuple[Tensor, Tensor]: True where a pixel is pasted, bool of shape
            (N, *size), and the image it is taken from, int64 of shape (N, ).

        Raises:
            ValueError: If there is one image alone, unless ``single`` is
                ``'warn'``.
        """
        if count < 2:
            message = (f'{type(self).__name__} mixes the images of a batch '
                       'with one another, but it has one; raise '
                       '`train_dataloader.batch_size` to 2 or more.')
            if self.single == 'raise':
                raise ValueError(message)
            warnings.warn(message + ' It is left unmixed.', stacklevel=2)
            return NoMix().plan(count, size, device)
        boxes = self.draw_boxes(count, *size)
        return (box_mask(boxes.to(device, non_blocking=True), size),
                self.partners(count).to(device, non_blocking=True))

    def forward(self, labeled: tuple[Tensor, Tensor],
                unlabeled: tuple[Tensor, Tensor, Tensor]) -> Mixed:
        """Mix the unlabeled batch with itself.

        Args:
            labeled (tuple): Not used.
            unlabeled (tuple): ``image`` (N, 3, H, W), pseudo-``label`` and
                ``weight`` (N, H, W).

        Returns:
            Mixed: The mixed batch.

        Raises:
            ValueError: See :meth:`plan`.
        """
        label = unlabeled[1]
        mask, index = self.plan(len(label), label.shape[1:], label.device)
        return mix(mask, tuple(part[index] for part in unlabeled), unlabeled,
                   index)


@MODELS.register_module()
class HalfCutMix(CutMix):
    """CutMix of U2PL: boxes of half the area, from the next image.

    The batch draws once whether it is mixed at all.

    Args:
        prob (float): Probability that the batch is mixed, in [0, 1].
            Defaults to 0.5.

    Raises:
        ValueError: If it is no probability.
    """

    def __init__(self, prob: float = 0.5) -> None:
        super().__init__(prob, source='roll')

    def draw_boxes(self, count: int, height: int, width: int) -> Tensor:
        """Draw the boxes, wider than half of the image.

        Args:
            count (int): Number of images.
            height (int): Their height.
            width (int): Their width.

        Returns:
            Tensor: Left, top, right and bottom, int64 of shape (N, 4).

        Raises:
            ValueError: If no box fits into the image.
        """
        if width < 3:
            raise ValueError(
                'HalfCutMix: no box is wider than half of an image of '
                f'{height} x {width} and narrower than the whole; train on '
                'crops of 3 pixels across or more.')
        boxes = torch.zeros(count, 4, dtype=torch.long)
        if torch.rand(()) >= self.prob:
            return boxes
        for box in boxes:
            across = int(torch.randint(width // 2 + 1, width, ()))
            down = round(height * width / 2 / across)
            left = int(torch.randint(width - across + 1, ()))
            top = int(torch.randint(height - down + 1, ()))
            box.copy_(torch.tensor((left, top, left + across, top + down)))
        return boxes
