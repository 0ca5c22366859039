"""What the training steps of one iteration share."""
from collections.abc import Callable, Iterable
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_fst.utils.randomness import get_random_state, set_random_state
from mmseg_fst.utils.restored_parts import Restore, restored_parts

from .deferred_gradient import graphs_stay_valid


class _SideEffects:
    """What a forward pass changes besides returning a result.

    Constructed before the pass; :meth:`record` is called after it.

    Args:
        modules (Iterable[nn.Module]): Modules whose running statistics the
            pass updates, with a fixed momentum.
    """

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        norms = [
            layer for module in modules for layer in module.modules()
            if isinstance(layer, _BatchNorm) and layer.training
            and layer.track_running_stats
        ]
        self.statistics = [
            buffer for layer in norms
            for buffer in (layer.running_mean, layer.running_var)
            if buffer is not None
        ]
        self.counts = [
            layer.num_batches_tracked for layer in norms
            if layer.num_batches_tracked is not None
        ]
        # FSTHook rejects layers without a momentum.
        self.retained_shares = [
            1 - cast(float, layer.momentum) for layer in norms
        ]
        self.before = [
            tensor.clone() for tensor in (*self.statistics, *self.counts)
        ]

    def record(self, random_state: bool) -> None:
        """Record the state after the pass.

        Args:
            random_state (bool): Whether to record the random state as well.
        """
        size = len(self.statistics)
        self.after = [tensor.clone() for tensor in self.statistics]
        # A layer may be applied more than once, or not at all.
        self.num_updates = [
            after - before
            for after, before in zip(self.counts, self.before[size:])
        ]
        self.factors: list[Tensor] = [
            share**number
            for share, number in zip(self.retained_shares, self.num_updates)
            for _ in range(2)
        ]
        self.before = self.before[:size]
        self.random_state = get_random_state() if random_state else None

    @torch.no_grad()
    def replay(self) -> None:
        """Apply them again, from the statistics as they are now."""
        if self.statistics:
            # The graph of the pass saved these buffers, but with batch
            # statistics its backward pass does not read them.
            with graphs_stay_valid(self.statistics):
                torch._foreach_sub_(self.statistics, self.before)
                torch._foreach_mul_(self.statistics, self.factors)
                torch._foreach_add_(self.statistics, self.after)
            torch._foreach_add_(self.counts, self.num_updates)
        if self.random_state is not None:
            set_random_state(self.random_state)


class StepCache:
    """Results that the training steps of one iteration share.

    The real step of FST starts from the same weights and the same batch as
    its first virtual step, so the losses of the labeled images and their
    gradient are known already. Dropout and stochastic depth are equal to the
    first step; running statistics are updated as if the batch had been
    forwarded again.

    Args:
        restored (str | Sequence[str]): What is restored before the last
            step, see :class:`mmseg_fst.engine.Snapshot`; weights are part of
            it.
        resample_mix (bool): Whether the last step samples its mixed images
            anew. If not, they are shared as well, together with the graph of
            the student's forward pass. Defaults to True.

    Attributes:
        step (str): The current step: ``'first'``, ``'between'`` or
            ``'last'``. The last one starts where the first one did.
    """

    def __init__(self,
                 restored: Restore,
                 resample_mix: bool = True) -> None:
        self.restored = restored
        self.resample_mix = resample_mix
        self.step: Literal['first', 'between', 'last'] = 'first'
        self._results: dict[str, tuple[Any, _SideEffects]] = {}
        self._constants: dict[str, Any] = {}

    def run(self, name: str, modules: Iterable[nn.Module],
            compute: Callable[[], Any]) -> Any:
        """Compute something in the first step, and reuse it in the last one.

        Args:
            name (str): Key of the result.
            modules (Iterable[nn.Module]): Modules whose running statistics
                ``compute`` updates.
            compute (Callable): Computes the result.

        Returns:
            Any: The return value of ``compute``.
        """
        if self.step == 'between':
            return compute()
        if self.step == 'last':
            result, effects = self._results.pop(name)  # frees its memory
            effects.replay()
            return result
        effects = _SideEffects(modules)
        result = compute()
        effects.record(random_state='random' in restored_parts(self.restored))
        self._results[name] = result, effects
        return result

    def constant(self, name: str, compute: Callable[[], Any]) -> Any:
        """Compute something that no step changes, in the first step only.

        Args:
            name (str): Key of the result.
            compute (Callable): Computes it without random numbers.

        Returns:
            Any: The return value of ``compute``.
        """
        if name not in self._constants:
            self._constants[name] = compute()
        return self._constants[name]
