"""Regional contrast: which pixels of a batch are compared with which.

ReCo (Liu et al., ICLR 2022, "Bootstrapping Semantic Segmentation with Regional
Contrast", section 3). Nothing here waits for the device: random numbers are
sampled in advance, and classes without pixels are masked.
"""
import torch
import torch.nn.functional as F
from torch import Tensor

from .pixel_contrast import similarity_nce


def class_relation(prototype: Tensor, present: Tensor,
                   temperature: float) -> Tensor:
    """Distribution of the negatives of each class over the other classes.

    The softmax of the cosine similarity of the class means (ReCo, equation
    4): classes that are alike are compared more often.

    Args:
        prototype (Tensor): Mean representations of shape (C, D), floating
            point.
        present (Tensor): Classes that occur, bool of shape (C,).
        temperature (float): Divisor of the similarities.

    Returns:
        Tensor: Probabilities of shape (C, C), by row; 0 for the class itself
        and for classes that do not occur.
    """
    unit = F.normalize(prototype, dim=1)
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    allowed = present & ~itself
    similarity = (unit @ unit.T / temperature).masked_fill(
        ~allowed, torch.finfo(unit.dtype).min)
    return similarity.softmax(1) * allowed


def sample_classes(probability: Tensor, uniform: Tensor) -> Tensor:
    """Sample classes by inverting the distribution function.

    Args:
        probability (Tensor): Probabilities of shape (C, C), by row.
        uniform (Tensor): Random numbers in [0, 1) of shape (C, K), float64.

    Returns:
        Tensor: Class ids of shape (C, K), int64; arbitrary in rows without a
        probability.
    """
    total = probability.double().cumsum(1)
    # The last value is 1 in spite of rounding, so that a class is found.
    total = total / total[:, -1:].clamp(min=torch.finfo(total.dtype).tiny)
    index = torch.searchsorted(total, uniform, right=True)
    return index.clamp(max=len(probability) - 1)


def sample_members(member: Tensor, class_id: Tensor,
                   uniform: Tensor) -> Tensor:
    """Sample rows of given classes, with replacement.

    Args:
        member (Tensor): Classes of each row, bool of shape (P, C).
        class_id (Tensor): The class of each sample, int64 of shape (C, K).
        uniform (Tensor): Random numbers in [0, 1) of shape (C, K), float64.

    Returns:
        Tensor: Indices of rows of shape (C, K), int64; arbitrary where no row
        belongs to the class.
    """
    flat = member.T.flatten()  # the rows of one class after another
    end = flat.cumsum(0)
    sizes = member.sum(0)
    before = sizes.cumsum(0) - sizes
    size = sizes.take(class_id)
    # A product that is rounded up would belong to the next class.
    place = torch.minimum((uniform * size).long(), (size - 1).clamp(min=0))
    found = torch.searchsorted(end, before.take(class_id) + place + 1)
    return found.clamp(max=len(flat) - 1) % len(member)


def region_nce(anchor: Tensor, positive: Tensor, keys: Tensor,
               negative: Tensor, temperature: float) -> Tensor:
    """InfoNCE of the queries of one class (ReCo, equation 3).

    Args:
        anchor (Tensor): Representations of the queries, (Q, D), floating
            point.
        positive (Tensor): Mean representation of the class, of shape (D,).
        keys (Tensor): Representations of all pixels as unit vectors, of shape
            (P, D).
        negative (Tensor): Indices of the negatives of each query among the
            keys, int64 of shape (Q, K).
        temperature (float): Divisor of the cosine similarities.

    Returns:
        Tensor: Mean loss over the queries, a scalar.
    """
    unit = F.normalize(anchor, dim=1)
    # Without a copy of the keys beside the positive: they fill the memory.
    similarity = torch.cat(
        [(unit @ F.normalize(positive, dim=0))[:, None],
         torch.einsum('qd,qkd->qk', unit, keys[negative])], dim=1)
    return similarity_nce(similarity / temperature)
