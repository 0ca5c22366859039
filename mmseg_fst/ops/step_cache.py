"""What a training step need not compute again."""
from collections.abc import Callable
from typing import Any, Literal, Optional

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_fst.ops.random_state import get_random_state, set_random_state

from .gradients import graphs_stay_valid


class _Traces:
    """What a pass leaves behind besides its result.

    Made before the pass, :meth:`finish` after it.

    Args:
        network (nn.Module, optional): Whose running statistics the pass
            moves, with a fixed momentum.
    """

    def __init__(self, network: Optional[nn.Module]) -> None:
        norms = [] if network is None else [
            one for one in network.modules()
            if isinstance(one, _BatchNorm) and one.training
            and one.track_running_stats
        ]
        self.buffers = [
            buffer for one in norms
            for buffer in (one.running_mean, one.running_var)
        ]
        self.counts = [one.num_batches_tracked for one in norms]
        self.kept = [1 - one.momentum for one in norms]
        self.before = [
            one.clone() for one in (*self.buffers, *self.counts)
        ]

    def finish(self, draws: bool) -> None:
        """Note what is there after the pass.

        Args:
            draws (bool): Whether to note the random numbers, too.
        """
        size = len(self.buffers)
        self.after = [one.clone() for one in self.buffers]
        # A norm may be passed more than once, or not at all.
        self.times = [
            now - then for now, then in zip(self.counts, self.before[size:])
        ]
        self.share = [
            kept**times for kept, times in zip(self.kept, self.times)
            for _ in range(2)
        ]
        self.before = self.before[:size]
        self.random_state = get_random_state() if draws else None

    @torch.no_grad()
    def repeat(self) -> None:
        """Leave them again: statistics go on from where they are."""
        if self.buffers:
            # A graph of the pass refers to them; where batches are normalized
            # by themselves, it does not read them.
            with graphs_stay_valid(self.buffers):
                torch._foreach_sub_(self.buffers, self.before)
                torch._foreach_mul_(self.buffers, self.share)
                torch._foreach_add_(self.buffers, self.after)
            torch._foreach_add_(self.counts, self.times)
        if self.random_state is not None:
            set_random_state(self.random_state)


class StepCache:
    """What the steps of one iteration, of the same batch, have in common.

    The real step of FST begins where its first virtual step did: the losses
    of the labeled images and their gradient are known by then. Dropout and
    stochastic depth are those of the first time; running statistics follow
    the batch as if it had been seen again.

    Args:
        restored (str): What is put back before the last step, ``'weights'``
            or ``'all'``, see :class:`mmseg_fst.engine.Snapshot`.
        resample_mix (bool): Whether the mixed batch is drawn anew; if not, it is
            kept too, with the graph of the student's pass.

    Attributes:
        step (str): Which step is made, ``'first'``, ``'between'`` or
            ``'last'``; the last begins where the first did.
    """

    def __init__(self,
                 restored: Literal['weights', 'all'],
                 resample_mix: bool = True) -> None:
        self.restored = restored
        self.resample_mix = resample_mix
        self.step: Literal['first', 'between', 'last'] = 'first'
        self._passes: dict[str, tuple[Any, _Traces]] = {}
        self._constants: dict[str, Any] = {}

    def run(self, part: str, network: Optional[nn.Module],
            compute: Callable[[], Any]) -> Any:
        """A pass, of which the last step has what the first one computed.

        Args:
            part (str): Its name.
            network (nn.Module, optional): Whose running statistics it moves.
            compute (Callable): Makes it.

        Returns:
            Any: What ``compute`` has returned.
        """
        if self.step == 'between':
            return compute()
        if self.step == 'last':
            result, traces = self._passes.pop(part)  # its memory is freed
            traces.repeat()
            return result
        traces = _Traces(network)
        result = compute()
        traces.finish(draws=self.restored == 'all')
        self._passes[part] = result, traces
        return result

    def constant(self, part: str, compute: Callable[[], Any]) -> Any:
        """What no step changes, computed in the first.

        Args:
            part (str): Its name.
            compute (Callable): Computes it, without a draw.

        Returns:
            Any: What ``compute`` has returned.
        """
        if part not in self._constants:
            self._constants[part] = compute()
        return self._constants[part]
