"""Argmax over classes without storing all scores at full size."""
from collections.abc import Callable

import torch
from torch import Tensor


def largest_class(scores: Tensor, finish: Callable[[Tensor], Tensor],
                  parts: int) -> Tensor:
    """Compute ``finish(scores).argmax(1)`` with less memory.

    ``finish``, for example a resize, is applied to some classes at a time;
    only the running maximum is stored.

    Args:
        scores (Tensor): Scores of shape (N, C, h, w).
        finish (Callable): Maps scores (N, K, h, w) of any K classes to scores
            (N, K, H, W), independently for each class.
        parts (int): Number of parts that the classes are divided into.

    Returns:
        Tensor: Class ids of shape (N, H, W), int64 in [0, C).
    """
    first, *rest = scores.tensor_split(parts, 1)
    # Equal to argmax, whose reduction is several times slower on a CPU.
    best, label = finish(first).max(1)
    done = first.shape[1]
    for part in rest:
        value, index = finish(part).max(1)
        # As in argmax, the first of equal values wins, and NaN wins.
        better = ~((value <= best) | best.isnan())
        label = torch.where(better, index.add_(done), label)
        best = torch.where(better, value, best)
        done += part.shape[1]
    return label
