"""Passes that train the input of a module, not the module."""
from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Forward passes inside have gradients for their input alone.

    Running statistics of batch normalization still follow the passes.

    Args:
        module (nn.Module): The module; its parameters that can be trained
            become trainable again at the end of the block.
    """
    trainable = [
        weight for weight in module.parameters() if weight.requires_grad
    ]
    for weight in trainable:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in trainable:
            weight.requires_grad_(True)
