"""Gradients that are computed early and handed in late."""
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Optional

import torch
from torch import Tensor


@contextmanager
def graphs_stay_valid(tensors: Iterable[Tensor]) -> Iterator[None]:
    """Let graphs outlive changes in place of what they refer to.

    Autograd refuses a backward pass through a tensor that has changed. It is
    for the caller to see to it that the values are back by then, or are none
    that the backward pass reads.

    Args:
        tensors (Iterable[Tensor]): What will change.
    """
    with ExitStack() as stack:
        for one in tensors:
            stack.enter_context(
                torch.autograd._unsafe_preserve_version_counter(one))
        yield


class DeferredGradient:
    """The gradient of some losses, computed now; their graph is freed.

    A step of several terms needs the memory of one graph at a time if each
    term is differentiated as soon as it is there. To whoever runs the
    backward pass (an optimizer wrapper, a gradient scaler, a distributed
    wrapper) it is still one pass: :meth:`attach` adds the held gradient to
    it::

        held = DeferredGradient([supervised], parameters)   # graph is freed
        loss = held.attach(other)
        loss.backward()              # gradient of supervised + other

    Args:
        losses (Sequence[Tensor]): Scalars, differentiated one after the other
            in this order; the order in which rounding errors add up.
        parameters (Iterable[Tensor]): What to differentiate by.
        scale (Tensor, optional): Scale of the coming backward pass in half
            precision, a scalar; small gradients vanish without it. Defaults
            to None: no scale.
        retain (bool): Whether their graph is kept, to be differentiated once
            more. Defaults to False.
    """

    def __init__(self,
                 losses: Sequence[Tensor],
                 parameters: Iterable[Tensor],
                 scale: Optional[Tensor] = None,
                 retain: bool = False) -> None:
        self.scale = scale
        parameters = [one for one in parameters if one.requires_grad]
        gradients: list[Optional[Tensor]] = [None] * len(parameters)
        if not parameters:  # all is frozen
            losses = ()
        for index, loss in enumerate(losses):
            found = torch.autograd.grad(
                loss if scale is None else loss * scale,
                parameters,
                retain_graph=retain or index + 1 < len(losses),
                allow_unused=True)
            gradients = [
                new if old is None else old if new is None else old.add_(new)
                for old, new in zip(gradients, found)
            ]
        used = [(parameter, gradient)
                for parameter, gradient in zip(parameters, gradients)
                if gradient is not None]
        self.parameters = [parameter for parameter, _ in used]
        self.gradients = [gradient for _, gradient in used]

    def attach(self, loss: Tensor) -> Tensor:
        """A loss of equal value whose backward pass adds the gradient.

        Args:
            loss (Tensor): A scalar.

        Returns:
            Tensor: A scalar; its backward pass, of a gradient g, gives g
            times the gradients of ``loss`` and of the held losses together.
            It can be run once.
        """
        if not self.gradients:
            return loss
        return _AddGradient.apply(loss, self, *self.parameters)


class _AddGradient(torch.autograd.Function):
    """Identity on a loss, whose backward pass adds a held gradient."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, held: DeferredGradient,
                *parameters: Tensor) -> Tensor:
        """Keep the gradient for the backward pass."""
        ctx.held = held
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Optional[Tensor], ...]:
        """Pass ``gradient`` on; give the parameters theirs."""
        held, ctx.held = ctx.held, None  # frees what is added up
        factor = gradient if held.scale is None else gradient / held.scale
        if _known_to_be_one(factor):
            return gradient, None, *held.gradients
        return gradient, None, *torch._foreach_mul(held.gradients, factor)


def _known_to_be_one(factor: Tensor) -> bool:
    """Whether it is 1 and on the CPU, where looking at it is no wait."""
    return factor.device.type == 'cpu' and factor.item() == 1
