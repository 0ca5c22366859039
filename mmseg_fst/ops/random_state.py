"""PyTorch's random numbers, as a value."""
import torch
from torch import Tensor


def get_random_state() -> list[Tensor]:
    """States of the generators that a training step draws from.

    Returns:
        list[Tensor]: uint8; the CPU's first.
    """
    states = [torch.get_rng_state()]
    if torch.cuda.is_available():
        states.append(torch.cuda.get_rng_state())
    return states


def set_random_state(states: list[Tensor]) -> None:
    """Go back to an earlier state.

    Args:
        states (list[Tensor]): As :func:`get_random_state` has given them.
    """
    torch.set_rng_state(states[0])
    for state in states[1:]:
        torch.cuda.set_rng_state(state)
