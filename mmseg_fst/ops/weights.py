"""Exponential moving average of weights, in place."""
from typing import Union

import torch
from torch import Tensor

#: What the operators on several tensors of PyTorch take.
Tensors = Union[list[Tensor], tuple[Tensor, ...]]


def ema_decay(updates: int, decay: float) -> float:
    """Decay of an exponential moving average (EMA) with warm-up.

    ``min(1 - 1 / (updates + 1), decay)``: the first update copies the
    weights, the next ones compute the mean of all weights so far, until
    ``decay`` is reached (Mean Teacher, Tarvainen and Valpola 2017; used by
    DACS, DAFormer and FST).

    Args:
        updates (int): Number of updates so far, at least 0.
        decay (float): Decay after the warm-up, in [0, 1).

    Returns:
        float: Weight of the old average, in [0, 1).

    Example:
        >>> [round(ema_decay(step, 0.99), 3) for step in (0, 1, 9, 1000)]
        [0.0, 0.5, 0.9, 0.99]
    """
    return min(1 - 1 / (updates + 1), decay)


@torch.no_grad()
def ema_update_(average: Tensors, weights: Tensors, decay: float) -> None:
    """Move ``average`` towards ``weights``, in place.

    ``average <- decay * average + (1 - decay) * weights``.

    Args:
        average (list | tuple): Floating-point tensors, changed in place.
        weights (list | tuple): Tensors of the same number and shapes.
        decay (float): Weight of the old average, in [0, 1].
    """
    # Not `alpha=1 - decay`: a fused multiply-add rounds once, but the authors'
    # release rounds twice, and trajectories must be bitwise equal.
    moved = torch._foreach_mul(weights, 1 - decay)
    torch._foreach_mul_(average, decay)
    torch._foreach_add_(average, moved)
