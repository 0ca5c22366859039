"""Distances between predictions, and what predictions have in common."""
import torch
from torch import Tensor

from .class_scores import class_logits, class_probabilities


def probability_error(logits: Tensor, target: Tensor,
                      weight: Tensor) -> Tensor:
    """Mean squared error of class probabilities.

    Args:
        logits (Tensor): Logits of shape (N, C, H, W).
        target (Tensor): Probabilities of shape (N, C, H, W).
        weight (Tensor): Weights of the pixels, of shape (N, H, W).

    Returns:
        Tensor: Weighted mean over the pixels of the mean over the classes, a
        scalar; 0 if the sum of the weights is.
    """
    error = (class_probabilities(logits) - target).square().mean(1)
    return (error * weight).sum() / weight.sum().clamp(min=1e-6)


def divergence(logits: Tensor, target: Tensor, weight: Tensor,
               valid: Tensor) -> Tensor:
    """Kullback-Leibler divergence from the probabilities of a target.

    Args:
        logits (Tensor): Logits of shape (N, C, H, W).
        target (Tensor): Logits of the target, of the same shape.
        weight (Tensor): Weights of the pixels, of shape (N, H, W).
        valid (Tensor): Pixels that the mean is over, bool of shape (N, H, W).

    Returns:
        Tensor: Weighted sum over the pixels, divided by the number of valid
        ones; a scalar, 0 if there are none.
    """
    found, wanted = (
        torch.log_softmax(class_logits(each), 1) for each in (logits, target))
    loss = (wanted.exp() * (wanted - found)).sum(1)
    return (loss * weight).sum() / valid.sum().clamp(min=1)


def assist(core: Tensor, other: Tensor, num_classes: int) -> Tensor:
    """The mean of two predictions, of the second only its best classes.

    As in the release of PS-MT: classes that are not among the largest of
    ``other`` have the logits of ``core`` there.

    Args:
        core (Tensor): Logits of shape (N, C, H, W).
        other (Tensor): Logits of the same shape.
        num_classes (int): How many classes of ``other`` count, at most C.

    Returns:
        Tensor: Mean logits of shape (N, C, H, W).
    """
    best = other.topk(num_classes, 1).indices
    counts = torch.zeros_like(other, dtype=torch.bool).scatter_(1, best, True)
    return (core + torch.where(counts, other, core)) / 2
