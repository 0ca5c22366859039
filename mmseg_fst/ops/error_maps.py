"""Losses of ELN: where predictions err, and pixels of one class."""
import torch
import torch.nn.functional as F
from torch import Tensor

# Sums of exponentials have this floor, as in the release.
_SMALLEST = 1e-8


def balanced_cross_entropy(logits: Tensor, right: Tensor,
                           counted: Tensor) -> Tensor:
    """Binary cross-entropy in which errors weigh as much as all the rest.

    A pixel whose prediction is wrong has the number of right pixels divided
    by the number of wrong ones as its weight, the others 1 (Kwon and Kwak,
    CVPR 2022, the loss of the error localization network).

    Args:
        logits (Tensor): Logits of being right, of shape (N, H, W).
        right (Tensor): Whether predictions are right, bool, (N, H, W).
        counted (Tensor): Pixels that count, bool of shape (N, H, W).

    Returns:
        Tensor: Mean over the pixels that count, a scalar; 0 without any.
    """
    loss = F.binary_cross_entropy_with_logits(
        logits, right.to(logits.dtype), reduction='none')
    total = counted.sum().to(loss.dtype)
    num_right = (right & counted).sum().to(loss.dtype)
    factor = num_right / (total - num_right).clamp(min=1)
    weight = torch.where(right, 1., factor) * counted
    return (loss * weight).sum() / total.clamp(min=1)


def class_contrast(anchor: Tensor, feature: Tensor, label: Tensor,
                   num_classes: int, temperature: float) -> Tensor:
    """Contrast of pixels of one class with all other pixels.

    For each class c, with the similarities s of all anchors a and features f
    of labeled pixels::

        p = sum of exp(s(a, f) / temperature), a in c and f in c
        n = sum of exp(s(a, f) / temperature), a in c and f not in c
        loss = -log(p / (p + n)) / (number of pixels of c)

    as in ``batch_pixelwise_distanceloss`` of the release of ELN.

    Args:
        anchor (Tensor): Representations of the teacher, (N, D, h, w).
        feature (Tensor): Representations of the student, (N, D, h, w).
        label (Tensor): Class ids of shape (N, h, w), int64; pixels with any
            other id do not take part.
        num_classes (int): Number of classes C.
        temperature (float): Positive.

    Returns:
        Tensor: Mean over the classes that occur, a scalar; 0 without any.
    """
    classes = torch.arange(num_classes, device=label.device)
    member = (label.flatten()[:, None] == classes).to(feature.dtype)
    anchors, features = (
        F.normalize(value.movedim(1, -1).flatten(0, 2), dim=1, eps=_SMALLEST)
        for value in (anchor, feature))
    similarity = torch.exp(anchors @ features.T / temperature)
    between = member.T @ similarity @ member  # (C, C), anchors' class first
    positive = between.diagonal().clamp(min=_SMALLEST)
    same = torch.eye(num_classes, dtype=torch.bool, device=label.device)
    negative = between.masked_fill(same, 0.).sum(1).clamp(min=_SMALLEST)
    count = member.sum(0)
    loss = ((positive + negative) / positive).log() / count.clamp(min=1)
    occurs = count > 0
    return (loss * occurs).sum() / occurs.sum().clamp(min=1)
