"""The class of the largest score, without all scores at full size."""
from collections.abc import Callable

import torch
from torch import Tensor


def largest_class(scores: Tensor, finish: Callable[[Tensor], Tensor],
                  parts: int) -> Tensor:
    """The class that wins once all scores are finished, such as resized.

    Some classes at a time are finished, compared and dropped. The result is
    that of ``finish(scores).argmax(1)``.

    Args:
        scores (Tensor): Of shape (N, C, h, w).
        finish (Callable): From scores (N, K, h, w) of any K classes to scores
            (N, K, H, W), each class on its own.
        parts (int): In how many parts the classes are finished.

    Returns:
        Tensor: Class ids of shape (N, H, W), int64 in [0, C).
    """
    first, *rest = scores.tensor_split(parts, 1)
    # As argmax, whose reduction is several times slower on a CPU.
    best, label = finish(first).max(1)
    done = first.shape[1]
    for part in rest:
        value, index = finish(part).max(1)
        # As argmax has it, the first of equal ones wins, and NaN wins.
        better = ~((value <= best) | best.isnan())
        label = torch.where(better, index.add_(done), label)
        best = torch.where(better, value, best)
        done += part.shape[1]
    return label
