"""Moving and averaging sets of weights, in place and without a host sync."""
from collections.abc import Sequence

import torch
from torch import Tensor


def ema_decay(updates: int, decay: float) -> float:
    """Decay of an exponential moving average that warms up.

    ``min(1 - 1 / (updates + 1), decay)``: the first update copies, the next
    ones average all weights seen so far, until ``decay`` is reached (Mean
    Teacher, Tarvainen and Valpola 2017; used by DACS, DAFormer and FST).

    Args:
        updates (int): Updates made so far, at least 0.
        decay (float): Decay in the long run, in [0, 1).

    Returns:
        float: Share of the old average that is kept, in [0, 1).
    """
    return min(1 - 1 / (updates + 1), decay)


@torch.no_grad()
def ema_update_(average: Sequence[Tensor], weights: Sequence[Tensor],
                decay: float) -> None:
    """Move ``average`` towards ``weights``, in place.

    ``average <- decay * average + (1 - decay) * weights``.

    Args:
        average (Sequence[Tensor]): Floating-point tensors that are changed.
        weights (Sequence[Tensor]): As many tensors of the same shapes.
        decay (float): Share of ``average`` that is kept, in [0, 1].
    """
    # Not `alpha=1 - decay`: one fused multiplication and addition rounds once
    # where two operations round twice, as the authors' release does.
    moved = torch._foreach_mul(weights, 1 - decay)
    torch._foreach_mul_(average, decay)
    torch._foreach_add_(average, moved)
