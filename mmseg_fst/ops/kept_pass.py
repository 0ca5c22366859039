"""A pass that is made once and counts twice."""
from collections.abc import Callable
from typing import Optional

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from .gradients import HeldGradient

#: Losses, without a graph, and their gradient.
Pass = tuple[dict[str, Tensor], HeldGradient]


class StatisticsPass:
    """What one pass adds to running statistics, to be added again.

    Made before the pass, :meth:`finish` after it.

    Args:
        network (nn.Module): The network; of its batch norms count those that
            follow the batches by a fixed momentum.
    """

    def __init__(self, network: nn.Module) -> None:
        norms = [
            one for one in network.modules()
            if isinstance(one, _BatchNorm) and one.training
            and one.track_running_stats and one.momentum is not None
        ]
        self.buffers = [
            buffer for one in norms
            for buffer in (one.running_mean, one.running_var)
        ]
        self.counts = [one.num_batches_tracked for one in norms]
        self.kept = [1 - one.momentum for one in norms for _ in range(2)]
        self.added = [buffer.clone() for buffer in self.buffers]

    @torch.no_grad()
    def finish(self) -> None:
        """Find out what the pass has added."""
        if self.buffers:
            torch._foreach_mul_(self.added, self.kept)
            self.added = torch._foreach_sub(self.buffers, self.added)

    @torch.no_grad()
    def repeat(self) -> None:
        """Add it once more, to whatever the statistics are now."""
        if self.buffers:
            torch._foreach_mul_(self.buffers, self.kept)
            torch._foreach_add_(self.buffers, self.added)
            torch._foreach_add_(self.counts, 1)


class KeptPass:
    """A pass with its gradient, kept for the same weights and batch.

    The real step of FST begins where its first virtual step did: the losses
    of the labelled images and their gradient are known by then. Dropout and
    stochastic depth are those of the first time; running statistics follow
    the batch as if it had been seen again.
    """

    def __init__(self) -> None:
        self._pass: Optional[Pass] = None
        self._statistics: Optional[StatisticsPass] = None

    def run(self, network: nn.Module, compute: Callable[[], Pass]) -> Pass:
        """The pass, made if this is the first time.

        Args:
            network (nn.Module): Whose running statistics the pass moves.
            compute (Callable): Makes the pass; returns losses without a graph
                and their gradient.

        Returns:
            tuple[dict[str, Tensor], HeldGradient]: The same.
        """
        if self._pass is None:
            self._statistics = StatisticsPass(network)
            self._pass = compute()
            self._statistics.finish()
        else:
            self._statistics.repeat()
        losses, held = self._pass
        return dict(losses), held
