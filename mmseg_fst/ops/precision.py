"""Precision of operations under autocast."""
from contextlib import AbstractContextManager, nullcontext

import torch


def without_autocast(device: torch.device) -> AbstractContextManager:
    """Context in which operations keep the precision of their inputs.

    Args:
        device (torch.device): Of the inputs; a device without autocast, such
            as ``meta``, needs no context.

    Returns:
        AbstractContextManager: The context.
    """
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)
