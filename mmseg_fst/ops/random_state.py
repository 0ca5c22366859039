"""Random states of PyTorch."""
import torch
from torch import Tensor


def get_random_state() -> list[Tensor]:
    """Return the states of all generators that a training step uses.

    Returns:
        list[Tensor]: States, uint8; the CPU state first, then the state of the
        current CUDA device if there is one.
    """
    states = [torch.get_rng_state()]
    if torch.cuda.is_available():
        states.append(torch.cuda.get_rng_state())
    return states


def set_random_state(states: list[Tensor]) -> None:
    """Restore an earlier state.

    Args:
        states (list[Tensor]): Result of :func:`get_random_state`.
    """
    torch.set_rng_state(states[0])
    for state in states[1:]:
        torch.cuda.set_rng_state(state)
