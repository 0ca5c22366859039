"""Mixers that prefer classes of low confidence: AEL."""
from collections.abc import Sequence

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn

from mmseg_fst.ops import (
    Mixed,
    box_mask,
    doubt_softmax,
    half_box,
    mix,
    sample_index,
)
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


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

    Connected components are found on the CPU: the step waits for the
    pseudo-labels once.

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
            label (Tensor): Pseudo-labels of shape (N, H, W), int64, on the
                CPU.
            confidence (Tensor): Confidence of each class, (C,), on the CPU.

        Returns:
            tuple[Tensor, Tensor]: Left, top, right and bottom of each box,
            int64 of shape (N, 4), and indices of the images, int64 (N,).

        Raises:
            ValueError: If there is a single image.
        """
        count = len(label)
        if count < 2:
            raise ValueError(
                'AdaptiveCutMix mixes the images of a batch with each other, '
                'but the batch has one image; set '
                '`train_dataloader.batch_size` to 2 or more.')
        classes = sample_index(
            doubt_softmax(confidence, self.power), torch.rand(count))
        boxes, partners = [], []
        for image, index in enumerate(classes):
            masks = label == index
            contain = masks.flatten(1).float().mean(1) >= self.min_share
            contain[image] = False
            found = bool(contain.any())
            if not found:
                contain = torch.arange(count) != image
            partner = int(_choose(contain.nonzero()[:, 0]))
            boxes.append(self._box(masks[partner], found))
            partners.append(partner)
        return torch.tensor(boxes), torch.tensor(partners)

    def _box(self, mask: Tensor, found: bool) -> tuple[int, ...]:
        """The box of a component of a mask (H, W), or one of half the area."""
        regions = component_boxes(
            mask.numpy(), self.min_component * mask.numel()) if found else []
        if not regions:
            return half_box(mask.shape, torch.rand(3).tolist())
        return tuple(_choose(torch.tensor(regions)).tolist())

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
        boxes, index = (
            part.to(label.device, non_blocking=True)
            for part in self.plan(label.cpu(), confidence.cpu()))
        return mix(
            box_mask(boxes, label.shape[1:]),
            (image[index], label[index], weight[index]), unlabeled, index)


def component_boxes(mask: np.ndarray,
                    min_pixels: float = 0.) -> list[tuple[int, ...]]:
    """Bounding boxes of the connected components of a mask.

    Pixels that touch at a corner are connected.

    Args:
        mask (np.ndarray): Bool array of shape (H, W).
        min_pixels (float): Components with at most as many pixels are left
            out. Defaults to 0.

    Returns:
        list[tuple]: Left, top, right and bottom of each component, from top
        to bottom; right and bottom are exclusive.
    """
    components, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    sizes = np.bincount(components.ravel())[1:]
    return [(columns.start, rows.start, columns.stop, rows.stop)
            for (rows, columns), size in zip(
                ndimage.find_objects(components), sizes) if size > min_pixels]


def _choose(rows: Tensor) -> Tensor:
    """A random row."""
    return rows[int(torch.randint(len(rows), ()))]
