"""Seeds of iterations."""
import random

import numpy as np
import torch

from mmseg_fst.utils.randomness import seed_iteration


def random_numbers():
    return [random.random(), np.random.rand(), torch.rand(()).item()]


def numbers_of(seed, iteration):
    seed_iteration(seed, iteration)
    return random_numbers()


def test_an_iteration_does_not_depend_on_earlier_ones():
    first = numbers_of(3, 70)
    numbers_of(3, 71)
    assert numbers_of(3, 70) == first


def test_seeds_and_iterations_differ_in_every_generator():
    pairs = [(seed, iteration) for seed in range(20)
              for iteration in range(20)]
    for values in zip(*(numbers_of(*pair) for pair in pairs)):
        assert len(set(values)) == len(pairs)


def test_first_numbers_are_independent():
    """Neighboring seeds of a generator would give similar first numbers."""
    for values in zip(*(numbers_of(0, iteration) for iteration in range(400))):
        assert abs(np.mean(values) - .5) < .06  # four standard deviations
        neighbors = np.corrcoef(values[1:], values[:-1])[0, 1]
        assert abs(neighbors) < .2
