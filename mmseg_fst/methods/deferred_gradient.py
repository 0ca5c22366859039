"""Gradients that are computed early and added to a later backward pass."""
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Optional

import torch
from torch import Tensor


@contextmanager
def graphs_stay_valid(tensors: Iterable[Tensor]) -> Iterator[None]:
    """Let autograd graphs outlive in-place changes of tensors they saved.

    Autograd refuses a backward pass through a saved tensor that has changed
    since. The caller guarantees that the values are restored by then, or that
    the backward pass does not read them.

    Args:
        tensors (Iterable[Tensor]): The tensors that will change.
    """
    with ExitStack() as stack:
        for tensor in tensors:
            stack.enter_context(
                torch.autograd._unsafe_preserve_version_counter(tensor))
        yield


class DeferredGradient:
    """The gradient of some losses, computed now, so that their graph is freed.

    A step of several terms needs the memory of one graph at a time if each
    term is differentiated as soon as it is known. To whoever runs the
    backward pass (an optimizer wrapper, a gradient scaler, a distributed
    wrapper) it is still one pass: :meth:`attach` adds the deferred gradient
    to it.

    Args:
        losses (Sequence[Tensor]): Scalars, differentiated one after the other
            in this order, which fixes how rounding errors add up.
        parameters (Iterable[Tensor]): The parameters to differentiate by.
        scale (Tensor, optional): Loss scale of the coming backward pass in
            half precision, a scalar; small gradients vanish without it.
            Defaults to None: no scale.
        retain (bool): Whether the graph is retained to be differentiated once
            more. Defaults to False.

    Example:
        >>> deferred = DeferredGradient([supervised], parameters)
        >>> loss = deferred.attach(consistency)
        >>> loss.backward()  # the gradient of supervised + consistency
    """

    def __init__(self,
                 losses: Sequence[Tensor],
                 parameters: Iterable[Tensor],
                 scale: Optional[Tensor] = None,
                 retain: bool = False) -> None:
        self.scale = scale
        parameters = [
            parameter for parameter in parameters if parameter.requires_grad
        ]
        gradients: list[Optional[Tensor]] = [None] * len(parameters)
        if not parameters:  # everything is frozen
            losses = ()
        for index, loss in enumerate(losses):
            further = torch.autograd.grad(
                loss if scale is None else loss * scale,
                parameters,
                retain_graph=retain or index + 1 < len(losses),
                allow_unused=True)
            gradients = [
                new if old is None else old if new is None else old.add_(new)
                for old, new in zip(gradients, further)
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
            Tensor: A scalar. Its backward pass with gradient g gives g times
            the sum of the gradients of ``loss`` and of the deferred losses.
            It can be run once.
        """
        if not self.gradients:
            return loss
        return _AddGradient.apply(loss, self, *self.parameters)


class _AddGradient(torch.autograd.Function):
    """Identity on a loss, whose backward pass adds a deferred gradient."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, deferred: DeferredGradient,
                *parameters: Tensor) -> Tensor:
        """Store the gradient for the backward pass."""
        ctx.deferred = deferred
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Optional[Tensor], ...]:
        """Pass ``gradient`` on; give the parameters their gradients."""
        deferred, ctx.deferred = ctx.deferred, None  # frees it afterwards
        factor = (
            gradient
            if deferred.scale is None else gradient / deferred.scale)
        if _is_one_on_cpu(factor):
            return gradient, None, *deferred.gradients
        return gradient, None, *torch._foreach_mul(deferred.gradients, factor)


def _is_one_on_cpu(factor: Tensor) -> bool:
    """Whether a factor is 1; on a GPU, reading it would force a sync."""
    return factor.device.type == 'cpu' and factor.item() == 1
