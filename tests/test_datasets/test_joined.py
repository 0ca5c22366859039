"""Sides whose images are a part of the batch of another side."""
import itertools
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import paired_cfg, streets_cfg

from mmseg_fst.datasets import samplers
from mmseg_fst.datasets.samplers import PairedSampler, PairIndex
from mmseg_fst.registry import DATASETS

JOINED = dict(target_labeled='labeled', unlabeled_night='unlabeled')
LENGTHS = dict(labeled=5, unlabeled=7, target_labeled=3, unlabeled_night=4)
SIZES = dict(labeled=2, unlabeled=2, target_labeled=1, unlabeled_night=1)


def budget_cfg(root, **kwargs):
    """Two labeled and two unlabeled sides."""
    cfg = paired_cfg(root, joined=JOINED, **kwargs)
    cfg['sides'].update(
        target_labeled=streets_cfg(root, 'camera', split='val'),
        unlabeled_night=streets_cfg(root, 'rendered', labeled=False))
    return cfg


def place_of(item):
    """Domain, split and number of an image."""
    path = Path(item['data_samples'].img_path)
    return path.parts[-4], path.parts[-2], int(path.name.split('_')[1])


def sampler(rank=0, world_size=1, **kwargs):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samplers, 'get_dist_info', lambda: (rank, world_size))
        return PairedSampler(
            SimpleNamespace(lengths=LENGTHS, joined=JOINED),
            **{'seed': 0, 'batch_sizes': SIZES, **kwargs})


def batches(paired, count):
    """Batches of indices, as the loader of mmengine makes them."""
    stream = iter(paired)
    return [list(itertools.islice(stream, paired.items_per_batch))
            for _ in range(count)]


def test_an_item_has_one_image_of_sides_that_are_joined(streets):
    data = DATASETS.build(budget_cfg(streets, again=dict(
        unlabeled_again='unlabeled')))
    item = data[PairIndex(dict(target_labeled=1, unlabeled_night=3), 7)]
    assert {name: place_of(part) for name, part in item.items()} == dict(
        labeled=('camera', 'val', 1), unlabeled=('rendered', 'train', 3),
        unlabeled_again=('rendered', 'train', 3))
    assert 'gt_sem_seg' in item['labeled']['data_samples']
    # By turns, where one number is given for all.
    shown = [{name: place_of(part) for name, part in data[index].items()}
             for index in range(4)]
    assert [item['labeled'] for item in shown] == [
        ('rendered', 'train', 0), ('camera', 'val', 0),
        ('rendered', 'train', 1), ('camera', 'val', 1)]
    assert all(item['unlabeled'] == item['unlabeled_again'] for item in shown)


@pytest.mark.parametrize('joined, message', [
    (dict(target_labled='labeled'), 'joined.target_labled='),
    (dict(target_labeled='label'), "joined.target_labeled='label' must name"),
    (dict(labeled='labeled'), 'may not join'),
    (dict(target_labeled='labeled', labeled='unlabeled'), 'may not join')])
def test_wrong_names_of_joined_sides(streets, joined, message):
    with pytest.raises(ValueError, match=message):
        DATASETS.build(dict(budget_cfg(streets), joined=joined))


def test_a_side_that_is_left_out_joins_nothing(streets):
    cfg = budget_cfg(streets)
    cfg['sides'].update(target_labeled=None, unlabeled_night=None)
    data = DATASETS.build(cfg)
    assert data.joined == {} and list(data[0]) == ['labeled', 'unlabeled']


def test_labels_of_other_classes_cannot_be_joined(streets):
    cfg = budget_cfg(streets)
    cfg['sides']['target_labeled'].update(
        metainfo=dict(classes=('road', 'car')))
    with pytest.raises(ValueError, match='classes of the target_labeled side'):
        DATASETS.build(cfg)


@pytest.mark.parametrize('world_size', [1, 2])
def test_a_batch_has_its_share_of_each_side(world_size):
    orders = {side: [] for side in SIZES}
    ranks = [batches(sampler(rank, world_size), 35)
             for rank in range(world_size)]
    for batch in itertools.chain.from_iterable(zip(*ranks)):
        assert len(batch) == 3
        assert Counter(side for item in batch for side in item.images) == SIZES
        assert all(len(item.images) == 2 for item in batch)
    for step in zip(*ranks):
        for items in zip(*step):
            for item in items:
                for side, index in item.images.items():
                    orders[side].append(index)
    for side, order in orders.items():
        length = LENGTHS[side]
        assert sorted(order[:length]) == list(range(length))


def test_each_unlabeled_side_is_combined_with_each_labeled_one():
    found = Counter(
        tuple(item.images) for batch in batches(sampler(), 4)
        for item in batch)
    assert set(found) == set(itertools.product(
        ('labeled', 'target_labeled'), ('unlabeled', 'unlabeled_night')))
    # The labeled images are in the same places of each batch.
    assert all('target_labeled' in batch[2].images
               for batch in batches(sampler(), 4))


@pytest.mark.parametrize('world_size', [1, 2])
@pytest.mark.parametrize('steps', [0, 1, 5, 1000])
def test_batches_go_on_behind_those_that_were_trained_on(world_size, steps):
    for rank in range(world_size):
        whole, later = (sampler(rank, world_size) for _ in range(2))
        later.skip(steps * later.items_per_batch)
        assert batches(later, 4) == batches(whole, steps + 4)[steps:]
        later.skip(steps * later.items_per_batch + 2)
        assert [*itertools.islice(later, 4)] == [
            *itertools.islice(whole, steps * 3 + 6)][-4:]


def test_shares_are_needed():
    with pytest.raises(ValueError, match='give batch_sizes'):
        sampler(batch_sizes=None)
