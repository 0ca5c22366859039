"""Random numbers of a training run."""
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor


def seed_iteration(seed: int, iteration: int) -> None:
    """Seed Python, NumPy and PyTorch, on all devices, for one iteration.

    Seeds of neighboring runs and iterations are mixed by NumPy's
    ``SeedSequence``, so that they give unrelated numbers.

    Args:
        seed (int): Seed of the process, at least 0.
        iteration (int): The iteration, from 0.
    """
    words = np.random.SeedSequence((seed, iteration)).generate_state(4)
    random.seed(words.tobytes())
    np.random.seed(words)
    # Devices use all 64 bits, the CPU's generator the lower half.
    torch.manual_seed(int(words.view(np.uint64)[0]))


@contextmanager
def kept_draws() -> Iterator[None]:
    """Restore the states of Python, NumPy and PyTorch afterwards."""
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
    with kept_draws():
        random.seed(seed)
        np.random.seed(seed)
        torch.random.default_generator.manual_seed(seed)
        yield


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
