"""Mixing of two batches by a binary mask: ClassMix and CutMix."""
from collections.abc import Sequence
from typing import NamedTuple, Optional

import torch
from torch import Tensor


class Mixed(NamedTuple):
    """A batch that was mixed from two batches.

    Attributes:
        image (Tensor): Images of shape (N, 3, H, W), floating point.
        label (Tensor): Class ids of shape (N, H, W), int64.
        weight (Tensor): Loss weights of shape (N, H, W), float32.
        mask (Tensor): True where the pixel was pasted, (N, H, W), bool.
        index (Tensor, optional): Index of the unlabeled image that was
            pasted, (N,), or of that of each pixel, (N, H, W), int64; None if
            it was the image of another side with the same index, such as the
            labeled one.
    """
    image: Tensor
    label: Tensor
    weight: Tensor
    mask: Tensor
    index: Optional[Tensor]  # type: ignore[assignment]  # hides tuple.index


def concatenate(views: Sequence[Mixed]) -> Mixed:
    """Concatenate mixed batches.

    Args:
        views (Sequence[Mixed]): The batches, before the pseudo-label filter.

    Returns:
        Mixed: One batch with the images of all, in order.
    """
    if len(views) == 1:
        return views[0]
    indices = [view.index for view in views if view.index is not None]
    return Mixed(
        image=torch.cat([view.image for view in views]),
        label=torch.cat([view.label for view in views]),
        weight=torch.cat([view.weight for view in views]),
        mask=torch.cat([view.mask for view in views]),
        index=torch.cat(indices) if len(indices) == len(views) else None)


def class_mix_mask(label: Tensor,
                   priority: Tensor,
                   ignore_index: int = 255,
                   per_image: bool = True) -> Tensor:
    """Select half of the classes and mark their pixels (ClassMix).

    Of the n classes that occur, the ``ceil(n / 2)`` with the lowest
    ``priority`` are selected (Olsson et al. 2021). There is no host
    synchronization.

    Args:
        label (Tensor): Ids of shape (N, H, W), int64, each below M.
        priority (Tensor): Random numbers in [0, 1) of shape (N, M), one for
            each image and id.
        ignore_index (int): Id of pixels without a class. Defaults to 255.
        per_image (bool): Whether to select among the classes of the image
            itself. If False, among the classes of the whole batch, with
            ignored pixels as one more class, as in the releases of DAFormer
            and FST; a mask can then be empty or cover the whole image.
            Defaults to True.

    Returns:
        Tensor: Bool mask of shape (N, H, W).
    """
    index = label.flatten(1)
    present = torch.zeros_like(priority, dtype=torch.bool)
    present.scatter_(1, index, True)
    if per_image:
        present[:, ignore_index] = False
    else:
        present = present.any(0, keepdim=True).expand_as(present)
    # Absent classes are ranked last, so that the rank of a present class is
    # its position in a random permutation of the present classes.
    rank = priority.masked_fill(~present, 2.0).argsort(1).argsort(1)
    half = (present.sum(1, keepdim=True) + 1) // 2
    return (rank < half).gather(1, index).view(label.shape)


def box_mask(boxes: Tensor, size: Sequence[int]) -> Tensor:
    """Mark the pixels of one box in each image.

    Args:
        boxes (Tensor): Left, top, right and bottom of each box, of shape
            (N, 4); right and bottom are exclusive.
        size (Sequence[int]): Height and width of the images.

    Returns:
        Tensor: Bool mask of shape (N, *size).
    """
    row = torch.arange(size[0], device=boxes.device)[:, None]
    column = torch.arange(size[1], device=boxes.device)
    left, top, right, bottom = boxes[:, :, None, None].unbind(1)
    return ((column >= left) & (column < right) & (row >= top) &
            (row < bottom))


def mix(mask: Tensor,
        pasted: tuple[Tensor, Tensor, Tensor],
        onto: tuple[Tensor, Tensor, Tensor],
        index: Optional[Tensor] = None) -> Mixed:
    """Paste the masked pixels of one batch onto another.

    Args:
        mask (Tensor): True where a pixel of ``pasted`` is taken, bool of
            shape (N, H, W).
        pasted (tuple): Image (N, 3, H, W), label (N, H, W) and weight
            (N, H, W).
        onto (tuple): Image, label and weight of the batch below.
        index (Tensor, optional): See :class:`Mixed`. Defaults to None.

    Returns:
        Mixed: The mixed batch.
    """
    image = torch.where(mask[:, None], pasted[0], onto[0])
    label = torch.where(mask, pasted[1], onto[1])
    weight = torch.where(mask, pasted[2], onto[2])
    return Mixed(image, label, weight, mask, index)


def mix_labels(mixed: Mixed, label_labeled: Tensor, label: Tensor,
               weight: Tensor) -> Mixed:
    """Replace the pseudo-labels of a mixed batch; the images do not change.

    Args:
        mixed (Mixed): One or more concatenated views of the batch.
        label_labeled (Tensor): Labels of the labeled images, (N, H, W),
            int64.
        label (Tensor): Pseudo-labels of the unlabeled images, (N, H, W),
            int64.
        weight (Tensor): Weights of the pseudo-labels, (N, H, W), float32.

    Returns:
        Mixed: The batch, before the pseudo-label filter.
    """
    if mixed.index is None:
        pasted = label_labeled, weight.new_ones(label_labeled.shape)
    else:
        pasted = label, weight
    return relabel(mixed, pasted, (label, weight))


def relabel(mixed: Mixed, pasted: tuple[Tensor, Tensor],
            onto: tuple[Tensor, Tensor]) -> Mixed:
    """Give a mixed batch other labels; the images do not change.

    Args:
        mixed (Mixed): One or more concatenated views of a batch.
        pasted (tuple): Labels (N, H, W), int64, and weights (N, H, W) of the
            images that pixels were cut from.
        onto (tuple): The same of the images that they were pasted onto.

    Returns:
        Mixed: The batch with these labels and weights.
    """
    views = len(mixed.image) // len(onto[0])

    def mixture(cut: Tensor, whole: Tensor) -> Tensor:
        if mixed.index is None:
            cut = cut.repeat(views, 1, 1)
        elif mixed.index.ndim == 1:
            cut = cut[mixed.index]
        else:
            cut = cut.gather(0, mixed.index)
        return torch.where(mixed.mask, cut, whole.repeat(views, 1, 1))

    label, weight = map(mixture, pasted, onto)
    return mixed._replace(label=label, weight=weight)
