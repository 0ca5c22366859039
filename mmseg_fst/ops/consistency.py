"""Distances between predictions."""
from torch import Tensor

from .class_scores import class_probabilities


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
