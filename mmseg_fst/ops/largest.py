"""The class of the largest score, without all scores at full size."""
from collections.abc import Callable

import torch
from torch import Tensor


def largest_class(scores: Tensor,
                  finish: Callable[[Tensor], Tensor],
                  classes_at_once: int = 4) -> Tensor:
    """The class that wins once all scores are finished, such as resized.

    A few classes at a time are finished, compared and dropped, so that the
    memory does not grow with their number. The result is, to the bit,
    ``finish(scores).argmax(1)``.

    Args:
        scores (Tensor): Of shape (N, C, h, w).
        finish (Callable): From scores (N, K, h, w) of any K classes to scores
            (N, K, H, W), each class on its own.
        classes_at_once (int): K. Defaults to 4.

    Returns:
        Tensor: Class ids of shape (N, H, W), int64 in [0, C).
    """
    best = label = None
    for first in range(0, scores.shape[1], classes_at_once):
        part = finish(scores[:, first:first + classes_at_once])
        value, index = part.max(1)
        if best is None:
            best, label = value, index
            continue
        # As argmax has it, the first of equal ones wins, and NaN wins.
        better = ~((value <= best) | best.isnan())
        label = torch.where(better, index.add_(first), label)
        best = torch.where(better, value, best)
    return label
