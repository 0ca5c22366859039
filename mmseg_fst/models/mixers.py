"""Mixers: build a training batch from labeled and unlabeled images."""
import warnings
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from mmseg_fst.ops import Mixed, box_mask, class_mix_mask, mix
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import single_image_message

from .random_boxes import RandomBoxes


@MODELS.register_module()
class ClassMix(nn.Module):
    """Paste half of the labeled classes onto the unlabeled images.

    The cross-domain mixing of DACS (Tranheden et al. 2021). Pasted pixels
    have their true label and weight 1.

    Args:
        per_image (bool): Whether to select among the classes of the image
            itself; False reproduces the releases of DAFormer and FST, see
            :func:`mmseg_fst.ops.class_mix_mask`. Defaults to True.
        ignore_index (int): Id of pixels without a label. Defaults to 255.
    """

    def __init__(self,
                 per_image: bool = True,
                 ignore_index: int = 255) -> None:
        super().__init__()
        self.per_image = per_image
        self.ignore_index = ignore_index

    def sample_mask(self, label_labeled: Tensor) -> Tensor:
        """Sample the classes to paste.

        Args:
            label_labeled (Tensor): Labels of shape (N, H, W), int64.

        Returns:
            Tensor: Mask of the pasted pixels, bool of shape (N, H, W).
        """
        # 256 ids, as in 8-bit label images. Sampled on the CPU, so that masks
        # are the same on every device.
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
            unlabeled (tuple): ``image`` (N, 3, H, W), pseudo-``label``
                (N, H, W), int64, and ``weight`` (N, H, W), float32.

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
        return mix(self.sample_mask(label), (image, label, weight), unlabeled)


@MODELS.register_module()
class UnlabeledClassMix(ClassMix):
    """Paste the next unlabeled image onto half of the classes of an image.

    ClassMix of Olsson et al. (WACV 2021): of the classes that the teacher
    predicts in an image, half keep their pixels; the other pixels, with their
    pseudo-labels and weights, come from the next image of the batch.

    Args:
        ignore_index (int): Id of pixels without a label, which keep their
            place. Defaults to 255.
    """

    def __init__(self, ignore_index: int = 255) -> None:
        super().__init__(ignore_index=ignore_index)

    def forward(self, labeled: tuple[Tensor, Tensor],
                unlabeled: tuple[Tensor, Tensor, Tensor]) -> Mixed:
        """Mix the unlabeled batch with itself.

        Args:
            labeled (tuple): Not used.
            unlabeled (tuple): ``image`` (N, 3, H, W), pseudo-``label``
                (N, H, W), int64, and ``weight`` (N, H, W).

        Returns:
            Mixed: The mixed batch.

        Raises:
            ValueError: If the batch has one image.
        """
        image, label, weight = unlabeled
        if len(image) < 2:
            raise ValueError(single_image_message(self))
        index = torch.arange(len(image), device=image.device).roll(-1)
        return mix(self.sample_mask(label),
                   (image[index], label[index], weight[index]), unlabeled,
                   index)


@MODELS.register_module()
class NoMix(nn.Module):
    """Unlabeled images without mixing: the plain mean teacher."""

    def forward(self, labeled: tuple[Tensor, Tensor],
                unlabeled: tuple[Tensor, Tensor, Tensor]) -> Mixed:
        """Return the unlabeled batch unchanged.

        Args:
            labeled (tuple): Not used.
            unlabeled (tuple): ``image`` (N, 3, H, W), pseudo-``label`` and
                ``weight`` (N, H, W).

        Returns:
            Mixed: The unlabeled batch with an empty mask.
        """
        mask = torch.zeros_like(unlabeled[1], dtype=torch.bool)
        return Mixed(*unlabeled, mask, None)

    def plan(self, count: int, size: Sequence[int],
             device: torch.device) -> tuple[Tensor, Tensor]:
        """Plan without mixing, see :meth:`CutMix.plan`.

        Args:
            count (int): Number of images.
            size (Sequence[int]): Height and width of the images.
            device (torch.device): Device of the images.

        Returns:
            tuple[Tensor, Tensor]: An empty mask and the identity permutation.
        """
        return (torch.zeros(count, *size, dtype=torch.bool, device=device),
                torch.arange(count, device=device))


@MODELS.register_module()
class CutMix(RandomBoxes):
    """Paste a box of one unlabeled image onto another (French et al. 2020).

    Sampling follows UniMatch: for each image, whether a box is pasted and its
    area; then aspect ratio and place, again and again until the box lies
    within the image. Labels and weights are pasted with the pixels.

    Args:
        prob (float): Probability of a box, in [0, 1]. Defaults to 0.5.
        area (tuple[float, float]): Range of the area of the box, as a
            fraction of the image. Defaults to (0.02, 0.4).
        max_ratio (float): Maximum ratio of its sides, at least 1. Defaults to
            1 / 0.3.
        source (str): Image of the batch from which the box is cut: ``'flip'``
            the last one for the first and so on, ``'roll'`` the next one,
            ``'other'`` any other one, at the same distance for all images,
            ``'permute'`` a random permutation, in which some images are
            paired with themselves. Defaults to ``'flip'``.
        single (str): Behavior for a batch of one image, which has no partner:
            ``'raise'`` an error, or ``'warn'`` once and do not mix. Defaults
            to ``'raise'``.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> mixer = CutMix(prob=0.5, source='permute')
        >>> mixed = mixer(None, (image, label, weight))
    """

    def __init__(
        self,
        prob: float = 0.5,
        area: tuple[float, float] = (0.02, 0.4),
        max_ratio: float = 1 / 0.3,
        source: Literal['flip', 'roll', 'other', 'permute'] = 'flip',
        single: Literal['raise', 'warn'] = 'raise'
    ) -> None:
        super().__init__(prob, area, max_ratio)
        for name, value, allowed in (('source', source,
                                      ('flip', 'roll', 'other', 'permute')),
                                     ('single', single, ('raise', 'warn'))):
            if value not in allowed:
                raise ValueError(
                    f'{type(self).__name__}: {name} must be '
                    f'{" or ".join(map(repr, allowed))}, got {value!r}.')
        self.source = source
        self.single = single

    def partners(self, count: int) -> Tensor:
        """Index of the image from which each box is cut.

        Args:
            count (int): Number of images N.

        Returns:
            Tensor: Indices of shape (N,), int64.
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
        """Sample boxes and their source images.

        Args:
            count (int): Number of images N.
            size (Sequence[int]): Height and width of the images.
            device (torch.device): Device of the images.

        Returns:
            tuple[Tensor, Tensor]: Mask of the pasted pixels, bool of shape
            (N, *size), and indices of the source images, int64 of shape (N,).

        Raises:
            ValueError: If there is a single image, unless ``single`` is
                ``'warn'``.
        """
        if count < 2:
            message = single_image_message(self)
            if self.single == 'raise':
                raise ValueError(message)
            warnings.warn(message + ' It is not mixed.', stacklevel=2)
            return NoMix().plan(count, size, device)
        boxes = self.sample_boxes(count, *size)
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
        image, label, weight = unlabeled
        mask, index = self.plan(len(label), label.shape[1:], label.device)
        return mix(mask, (image[index], label[index], weight[index]),
                   unlabeled, index)

    def paste(self, pasted: tuple[Tensor, Tensor, Tensor],
              onto: tuple[Tensor, Tensor, Tensor]) -> Mixed:
        """Paste boxes of one batch onto another, image by image.

        Args:
            pasted (tuple): ``image`` (N, 3, H, W), pseudo-``label`` and
                ``weight`` (N, H, W) of the images that boxes are cut from.
            onto (tuple): The same of the images that they are pasted onto.

        Returns:
            Mixed: The mixed batch.
        """
        size = onto[1].shape[1:]
        boxes = self.sample_boxes(len(onto[1]), *size)
        boxes = boxes.to(onto[1].device, non_blocking=True)
        return mix(box_mask(boxes, size), pasted, onto)


@MODELS.register_module()
class HalfCutMix(CutMix):
    """CutMix of U2PL: boxes of half the image area, from the next image.

    Whether to mix is sampled once for the whole batch.

    Args:
        prob (float): Probability that the batch is mixed, in [0, 1].
            Defaults to 0.5.

    Raises:
        ValueError: If ``prob`` is not in [0, 1].
    """

    def __init__(self, prob: float = 0.5) -> None:
        super().__init__(prob, source='roll')

    def sample_boxes(self, count: int, height: int, width: int) -> Tensor:
        """Sample the boxes, wider than half of the image.

        Args:
            count (int): Number of images N.
            height (int): Height of the images.
            width (int): Width of the images.

        Returns:
            Tensor: Left, top, right and bottom, int64 of shape (N, 4).

        Raises:
            ValueError: If no box fits into the image.
        """
        if width < 3:
            raise ValueError(
                'HalfCutMix: the width of an image must be at least 3 pixels, '
                f'got {height} x {width}; train on larger crops.')
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
