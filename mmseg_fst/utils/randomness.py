"""Random states of Python, NumPy and PyTorch."""
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor


def seed_iteration(seed: int, iteration: int) -> None:
    """Seed Python, NumPy and PyTorch, on all devices, for one iteration.

    NumPy's ``SeedSequence`` mixes seed and iteration, so that neighboring
    runs and iterations have independent random numbers.

    Args:
        seed (int): Seed of the process, at least 0.
        iteration (int): The iteration, counted from 0.
    """
    words = np.random.SeedSequence((seed, iteration)).generate_state(4)
    random.seed(words.tobytes())
    np.random.seed(words)
    # CUDA generators use all 64 bits, the CPU generator the lower 32.
    torch.manual_seed(int(words.view(np.uint64)[0]))


@contextmanager
def preserve_random_state() -> Iterator[None]:
    """Restore the random states of Python, NumPy and PyTorch afterwards.

    Only the CPU generator of PyTorch is restored.

    Example:
        >>> with preserve_random_state():
        ...     sample = dataset[0]  # does not change later random numbers
    """
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python, NumPy and PyTorch; restore their states afterwards.

    Args:
        seed (int): The seed, in [0, 2**31).
    """
    with preserve_random_state():
        random.seed(seed)
        np.random.seed(seed)
        torch.random.default_generator.manual_seed(seed)
        yield


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
