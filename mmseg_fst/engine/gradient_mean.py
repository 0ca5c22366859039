"""One optimizer step from the gradients of several training steps."""
from collections import Counter
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class GradientMean:
    """Average recorded gradients into the next step of each optimizer.

    It adds hooks to the optimizers, which do nothing until :meth:`record`.
    Gradients are taken as the optimizer has used them: clipped, and of a
    distributed run averaged over its processes. A step that was skipped is
    not recorded.

    Args:
        optimizers (Iterable[Optimizer]): The optimizers. Defaults to none.

    Example:
        >>> mean = GradientMean([optimizer])
        >>> mean.record()
        >>> optimizer.step()  # with gradient g
        >>> mean.average()
        >>> optimizer.step()  # with gradient h: steps by (g + h) / 2
        >>> mean.clear()
    """

    def __init__(self, optimizers: Iterable[Optimizer] = ()) -> None:
        self.sums: dict[Tensor, Tensor] = {}
        self.counts: Counter[Optimizer] = Counter()
        self.recording = False
        self.handles = [
            handle for optimizer in optimizers for handle in (
                optimizer.register_step_pre_hook(self._before_step),
                optimizer.register_step_post_hook(self._after_step))
        ]

    def record(self) -> None:
        """Record the gradients of the next steps."""
        self.clear()
        self.recording = True

    def average(self) -> None:
        """Average the recorded gradients into the next ones."""
        self.recording = False

    def clear(self) -> None:
        """Drop what is recorded; the next steps are plain steps."""
        self.sums, self.counts, self.recording = {}, Counter(), False

    def close(self) -> None:
        """Remove the hooks."""
        self.clear()
        for handle in self.handles:
            handle.remove()

    @torch.no_grad()
    def _before_step(self, optimizer: Optimizer, args: tuple,
                     kwargs: dict[str, Any]) -> None:
        """Average the gradients."""
        count = self.counts[optimizer]
        if self.recording or not count:
            return
        used = _used_weights(optimizer)
        for weight in used:
            if weight in self.sums:
                weight.grad += self.sums[weight]
        if used:
            torch._foreach_div_([weight.grad for weight in used],
                                count + 1)

    @torch.no_grad()
    def _after_step(self, optimizer: Optimizer, args: tuple,
                    kwargs: dict[str, Any]) -> None:
        """Add the gradients to their sums."""
        used = _used_weights(optimizer)
        if not self.recording or not used:  # or the step was skipped
            return
        for weight in used:
            if weight in self.sums:
                self.sums[weight] += weight.grad
            else:
                self.sums[weight] = weight.grad.clone()
        self.counts[optimizer] += 1


def _used_weights(optimizer: Optimizer) -> list[Any]:
    """Weights of an optimizer that have a gradient."""
    return [
        weight for group in optimizer.param_groups
        for weight in group['params'] if weight.grad is not None
    ]
