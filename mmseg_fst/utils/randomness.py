"""Random numbers of a training run."""
import random

import numpy as np
import torch


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
