"""Mixers that prefer classes of low confidence: AEL."""
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmseg_fst.ops import (
    Mixed,
    box_mask,
    connected_components,
    doubt_softmax,
    half_box,
    mix,
    sample_index,
    sample_object_box,
)
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range, single_image_message


@MODELS.register_module()
class AdaptiveCopyPaste(nn.Module):
    """Paste classes of low confidence onto labeled images.

    Adaptive copy-paste of AEL (Hu et al., NeurIPS 2021). A batch samples
    ``count`` classes, with replacement, by ``softmax((1 - confidence) **
    power)``; their pixels are copied from one labeled image to another.

    Args:
        count (int): Number of classes that are sampled. Defaults to 3.
        prob (float): Probability that something is pasted onto an image, in
            [0, 1]. Defaults to 0.5.
        power (float): Exponent of the doubt. Defaults to 0.5, as in the
            release.
        excluded (Sequence[int]): Classes that are never pasted, because they
            fill most images. Defaults to ().
        ignore_index (int): Id of pixels without a label. Defaults to 255.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 count: int = 3,
                 prob: float = 0.5,
                 power: float = 0.5,
                 excluded: Sequence[int] = (),
                 ignore_index: int = 255) -> None:
        super().__init__()
        check_range(self, prob=prob)
        if count < 1:
            raise ValueError('AdaptiveCopyPaste: count must be a positive '
                             f'integer, got {count}.')
        self.count = count
        self.prob = prob
        self.power = power
        self.excluded = list(excluded)
        self.ignore_index = ignore_index

    def sample_classes(self, confidence: Tensor) -> Tensor:
        """Sample the classes to paste.

        Args:
            confidence (Tensor): Confidence of each class, (C,), in [0, 1].

        Returns:
            Tensor: True for sampled classes, bool of shape (C,).

        Raises:
            ValueError: If all classes are excluded.
        """
        left = [index not in self.excluded
                for index in range(len(confidence))]
        if not any(left):
            raise ValueError('AdaptiveCopyPaste: `excluded` names all '
                             f'{len(left)} classes; leave some out.')
        included = torch.tensor(left).to(
            confidence.device, non_blocking=True)
        numbers = torch.rand(self.count)
        index = sample_index(
            doubt_softmax(confidence, self.power) * included,
            numbers.to(confidence.device, non_blocking=True))
        chosen = torch.zeros_like(included)
        return chosen.scatter(0, index, True)

    def forward(self, onto: tuple[Tensor, Tensor],
                pasted: tuple[Tensor, Tensor],
                confidence: Tensor) -> tuple[Tensor, Tensor]:
        """Paste a batch onto another one of equal size.

        Args:
            onto (tuple): ``image`` (N, 3, H, W) and ``label`` (N, H, W),
                int64.
            pasted (tuple): Likewise.
            confidence (Tensor): Confidence of each class, (C,), in [0, 1].

        Returns:
            tuple[Tensor, Tensor]: The image and the label.
        """
        image, label = pasted
        chosen = self.sample_classes(confidence)
        mask = chosen[label.clamp(max=len(chosen) - 1)]
        used = (torch.rand(len(label)) < self.prob).to(
            label.device, non_blocking=True)
        mask = mask & (label != self.ignore_index) & used[:, None, None]
        return (torch.where(mask[:, None], image, onto[0]),
                torch.where(mask, label, onto[1]))


@MODELS.register_module()
class AdaptiveCutMix(nn.Module):
    """Paste a region with a class of low confidence onto another image.

    Adaptive CutMix of AEL (Hu et al., NeurIPS 2021). Each unlabeled image
    samples a class by ``softmax((1 - confidence) ** power)``, an image of the
    batch whose pseudo-label contains it, and a connected component of the
    class in there, whose bounding box is pasted. Without such an image or
    component, a box of half the area of any other image is pasted.

    The release differs in the choice of images: it remembers which unlabeled
    images of the data set contain a class, loads the sampled image within the
    training step, and trains on a single mixed image in each process. Here
    both images are from the batch, and each is mixed.

    Args:
        power (float): Exponent of the doubt. Defaults to 1.
        min_share (float): Share of the pixels that a class must have in an
            image to be sampled from it, in [0, 1]. Defaults to 0.01.
        min_component (float): Share of the pixels that a component must
            exceed, in [0, 1]. Defaults to 0.005.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 power: float = 1.,
                 min_share: float = 0.01,
                 min_component: float = 0.005) -> None:
        super().__init__()
        check_range(self, min_share=min_share, min_component=min_component)
        self.power = power
        self.min_share = min_share
        self.min_component = min_component

    def plan(self, label: Tensor, confidence: Tensor) -> tuple[Tensor, Tensor]:
        """Sample boxes and the images that they are cut from.

        Args:
            label (Tensor): Pseudo-labels of shape (N, H, W), int64.
            confidence (Tensor): Confidence of each class, (C,).

        Returns:
            tuple[Tensor, Tensor]: Left, top, right and bottom of each box,
            int64 of shape (N, 4), and indices of the images, int64 (N,).

        Raises:
            ValueError: If there is a single image.
        """
        count, *size = label.shape
        if count < 2:
            raise ValueError(single_image_message(self))
        # All is sampled on the CPU, and whether or not it will be used: what
        # the pseudo-labels are is not known there.
        number, priority, choice, half = (
            part.to(label.device, non_blocking=True)
            for part in (torch.rand(count), torch.rand(count, count),
                         torch.rand(count), self._half_boxes(count, size)))
        classes = sample_index(doubt_softmax(confidence, self.power), number)
        shares = torch.stack([
            (label == index).flatten(1).float().mean(1) for index in classes
        ])
        others = ~torch.eye(count, dtype=torch.bool, device=label.device)
        contain = (shares >= self.min_share) & others
        found = contain.any(1)
        allowed = torch.where(found[:, None], contain, others)
        partners = priority.masked_fill(~allowed, -1).argmax(1)
        masks = label[partners] == classes[:, None, None]
        boxes, is_large = sample_object_box(
            connected_components(masks), choice,
            self.min_component * masks[0].numel())
        return (torch.where((found & is_large)[:, None], boxes, half),
                partners)

    @staticmethod
    def _half_boxes(count: int, size: Sequence[int]) -> Tensor:
        """Boxes of half the area, int64 of shape (N, 4)."""
        return torch.tensor(
            [half_box(size, row) for row in torch.rand(count, 3).tolist()])

    def forward(self, unlabeled: tuple[Tensor, Tensor, Tensor],
                confidence: Tensor) -> Mixed:
        """Mix the unlabeled batch with itself.

        Args:
            unlabeled (tuple): ``image`` (N, 3, H, W), pseudo-``label``
                (N, H, W), int64, and ``weight`` (N, H, W).
            confidence (Tensor): Confidence of each class, (C,), in [0, 1].

        Returns:
            Mixed: The mixed batch.

        Raises:
            ValueError: See :meth:`plan`.
        """
        image, label, weight = unlabeled
        boxes, index = self.plan(label, confidence)
        return mix(
            box_mask(boxes, label.shape[1:]),
            (image[index], label[index], weight[index]), unlabeled, index)
