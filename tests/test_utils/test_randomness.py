"""Seeds of iterations."""
import random

import numpy as np
import torch

from mmseg_fst.utils.randomness import seed_iteration


def draw():
    return [random.random(), np.random.rand(), torch.rand(()).item()]


def drawn(seed, iteration):
    seed_iteration(seed, iteration)
    return draw()


def test_an_iteration_draws_the_same_whatever_was_before():
    first = drawn(3, 70)
    drawn(3, 71)
    assert drawn(3, 70) == first


def test_seeds_and_iterations_differ_in_every_generator():
    places = [(seed, iteration) for seed in range(20)
              for iteration in range(20)]
    for values in zip(*(drawn(*place) for place in places)):
        assert len(set(values)) == len(places)


def test_first_draws_are_spread():
    """Neighboring seeds of a generator would give similar first numbers."""
    for values in zip(*(drawn(0, iteration) for iteration in range(400))):
        assert abs(np.mean(values) - .5) < .06  # four standard deviations
        neighbors = np.corrcoef(values[1:], values[:-1])[0, 1]
        assert abs(neighbors) < .2
