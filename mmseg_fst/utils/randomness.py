"""Random numbers of a training run."""
import random

import numpy as np
import torch
from mmengine.device import is_cuda_available
from torch import Tensor


def seed_iteration(seed: int, iteration: int) -> None:
    """Seed Python, NumPy and PyTorch, on all devices, for one iteration.

    Seeds of neighbouring runs and iterations are mixed by NumPy's
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


def rng_state() -> list[Tensor]:
    """States of PyTorch's generators.

    Returns:
        list[Tensor]: That of the CPU and, if there is a GPU, that of the
        current one; uint8.
    """
    states = [torch.get_rng_state()]
    if is_cuda_available():
        states.append(torch.cuda.get_rng_state())
    return states


def set_rng_state(states: list[Tensor]) -> None:
    """Inverse of :func:`rng_state`.

    Args:
        states (list[Tensor]): What it has returned.
    """
    torch.set_rng_state(states[0])
    for state in states[1:]:
        torch.cuda.set_rng_state(state)
