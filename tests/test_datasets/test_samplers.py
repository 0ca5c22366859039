"""Tests of PairedSampler."""
import itertools
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from mmseg_fst.datasets import samplers
from mmseg_fst.datasets.samplers import PairedSampler

SIDES = ('labeled', 'unlabeled')


def sampler(num_labeled=5, num_unlabeled=3, **kwargs):
    data = SimpleNamespace(
        lengths=dict(labeled=num_labeled, unlabeled=num_unlabeled))
    return PairedSampler(data, **{'seed': 0, **kwargs})


def take(pairs, count):
    return list(itertools.islice(pairs, count))


@pytest.mark.parametrize('lengths', [(5, 3), (3, 5), (4, 4), (1, 7)])
def test_every_image_is_seen_once_before_any_is_seen_twice(lengths):
    pairs = take(sampler(*lengths), 40)
    for side, length in zip(SIDES, lengths):
        indices = [pair.images[side] for pair in pairs]
        for start in range(0, 40 - length + 1, length):
            assert sorted(indices[start:start + length]) == list(
                range(length))


def test_each_pass_and_each_side_has_an_order_of_its_own():
    pairs = take(sampler(20, 20), 40)
    labeled, unlabeled = (
        [pair.images[side] for pair in pairs] for side in SIDES)
    assert labeled[:20] != labeled[20:]
    assert labeled[:20] != unlabeled[:20]
    assert labeled[:20] != list(range(20))


def test_every_item_has_a_seed_of_its_own():
    seeds = [pair.seed for pair in take(sampler(), 1000)]
    assert len(set(seeds)) == 1000
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert max(seeds) > 2**30  # the whole range


def test_the_stream_depends_on_the_seed_alone():
    first = take(sampler(seed=1), 30)
    paired = sampler(seed=1)
    assert take(paired, 30) == take(paired, 30) == first
    assert take(sampler(seed=2), 30) != first


def test_unshuffled_goes_in_order():
    pairs = take(sampler(shuffle=False), 7)
    assert [pair.images['labeled'] for pair in pairs] == [0, 1, 2, 3, 4, 0, 1]
    assert [pair.images['unlabeled'] for pair in pairs] == [
        0, 1, 2, 0, 1, 2, 0]


def test_without_a_seed_one_is_shared(monkeypatch):
    monkeypatch.setattr(samplers, 'sync_random_seed', lambda: 17)
    assert take(sampler(seed=None), 9) == take(sampler(seed=17), 9)


def ranks(monkeypatch, world_size):
    for rank in range(world_size):
        monkeypatch.setattr(samplers, 'get_dist_info', lambda rank=rank:
                            (rank, world_size))
        yield sampler()


@pytest.mark.parametrize('world_size', [2, 3])
def test_processes_share_one_stream(monkeypatch, world_size):
    whole = take(sampler(), 10 * world_size)
    for rank, part in enumerate(ranks(monkeypatch, world_size)):
        assert take(part, 10) == whole[rank::world_size]


def test_processes_together_see_each_image_as_often(monkeypatch):
    pairs = [pair for part in ranks(monkeypatch, 2) for pair in take(part, 15)]
    for side, count in zip(SIDES, (6, 10)):
        counts = Counter(pair.images[side] for pair in pairs)
        assert set(counts.values()) == {count}


@pytest.mark.parametrize('world_size', [1, 2])
@pytest.mark.parametrize('batches_per_step', [1, 4])
def test_skipping_goes_on_where_the_run_had_stopped(monkeypatch, world_size,
                                                    batches_per_step):
    """After 3 steps with batches of 2, as mmengine's loop says it."""
    for part in ranks(monkeypatch, world_size):
        whole = take(part, 60)
        part.batches_per_step = batches_per_step
        part.skip(3 * 2)
        assert take(part, 20) == whole[6 * batches_per_step:][:20]


def test_a_late_place_costs_no_more_than_an_early_one(monkeypatch):
    """Passes are shuffled one by one, and none that is skipped."""
    shuffled, original = [], np.random.default_rng

    def spy(seed):
        shuffled.append(seed)
        return original(seed)

    monkeypatch.setattr(np.random, 'default_rng', spy)
    for steps in (0, 10**12):
        paired = sampler()
        paired.skip(steps)
        shuffled.clear()
        assert len(take(paired, 6)) == 6
        assert len(shuffled) <= 2 + 3, steps


def test_length_is_that_of_the_longer_side():
    assert len(sampler(5, 3)) == len(sampler(3, 5)) == 5
