"""Scores by class, also of binary heads, which have one channel for two."""
import math
from typing import Optional

import torch
from torch import Tensor

# Thresholds of 0 and 1 have no finite logit.
_SMALLEST = 1e-6


def class_logits(logits: Tensor, threshold: Optional[float] = None) -> Tensor:
    """Logits with one channel for each class, of which the largest wins.

    A binary head of MMSegmentation (``out_channels=1``) has one channel z and
    predicts class 1 where sigmoid(z) is above its threshold. The result has
    the channels (0, z - logit(threshold)), whose argmax is that prediction.
    With a threshold of 0.5 their softmax is (1 - sigmoid(z), sigmoid(z));
    another threshold moves the decision to equal probabilities, so that
    confidence and entropy are relative to it.

    Args:
        logits (Tensor): Logits of a head, of shape (N, C, H, W).
        threshold (float, optional): Probability in [0, 1] above which a pixel
            belongs to class 1, for C = 1. Defaults to None: 0.5.

    Returns:
        Tensor: ``logits`` itself for C > 1, else of shape (N, 2, H, W).

    Example:
        >>> label = class_logits(logits, threshold=0.3).argmax(1)
    """
    if logits.shape[1] != 1:
        return logits
    share = 0.5 if threshold is None else threshold
    share = min(max(share, _SMALLEST), 1 - _SMALLEST)
    shifted = logits - math.log(share / (1 - share))
    return torch.cat([torch.zeros_like(logits), shifted], 1)


def class_probabilities(logits: Tensor,
                        dtype: Optional[torch.dtype] = None) -> Tensor:
    """Probabilities of each class: a softmax, or a sigmoid of one channel.

    Args:
        logits (Tensor): Logits of a head, of shape (N, C, H, W).
        dtype (torch.dtype, optional): Type to compute in. Defaults to None:
            that of the logits.

    Returns:
        Tensor: Of shape (N, C, H, W), or (N, 2, H, W) for C = 1; they sum up
        to 1 over the classes.
    """
    return torch.softmax(class_logits(logits), 1, dtype=dtype)


def most_probable(probability: Tensor,
                  threshold: Optional[float] = None) -> Tensor:
    """Labels of class probabilities.

    Args:
        probability (Tensor): Of shape (C, H, W).
        threshold (float, optional): Of binary networks, the probability above
            which a pixel belongs to class 1. Defaults to None: the most
            probable class.

    Returns:
        Tensor: Class ids of shape (1, H, W), int64.
    """
    if threshold is not None:
        return (probability[1:] > threshold).long()
    # As argmax, whose reduction is several times slower on a CPU.
    return probability.max(0, keepdim=True).indices
