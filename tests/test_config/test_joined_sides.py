"""Sides that join another one, in configs: any of them may be left out."""
import pytest
from helpers import paired_cfg, streets_cfg
from mmengine.config import Config

from mmseg_fst.apis import check_config
from mmseg_fst.config.batch_sizes import apply_batch_sizes
from mmseg_fst.config.joined_sides import apply_joined_sides
from mmseg_fst.config.partition import apply_partition


def loader_cfg(root, batch_sizes=None, batch_size=4, **kwargs):
    dataset = paired_cfg(
        root, joined=dict(target_labeled='labeled', night='unlabeled'),
        disjoint=[('unlabeled', 'target_labeled')],
        expected=dict(unlabeled=4, target_labeled=2))
    dataset['sides'].update(
        target_labeled=streets_cfg(root, 'camera', split='val'),
        night=streets_cfg(root, 'rendered', labeled=False))
    sampler = dict(type='PairedSampler')
    if batch_sizes:
        sampler['batch_sizes'] = batch_sizes
    return Config(dict(train_dataloader=dict(
        batch_size=batch_size, sampler=sampler, dataset=dataset), **kwargs))


@pytest.mark.parametrize('given, expected', [
    (None, (2, 2, 2, 2)), (dict(target_labeled=1), (3, 1, 2, 2)),
    (dict(night=3, labeled=1), (1, 3, 1, 3))])
def test_sides_share_a_batch(streets, given, expected):
    cfg = loader_cfg(streets, given)
    check_config(cfg)
    apply_batch_sizes(cfg)
    loader = cfg.train_dataloader
    assert loader.batch_size == 4
    assert tuple(loader.sampler.batch_sizes[side] for side in (
        'labeled', 'target_labeled', 'unlabeled', 'night')) == expected
    before = cfg.to_dict()
    apply_batch_sizes(cfg)
    assert cfg.to_dict() == before


def test_an_odd_batch_is_shared_as_evenly_as_possible(streets):
    cfg = loader_cfg(streets, batch_size=3)
    apply_batch_sizes(cfg)
    assert cfg.train_dataloader.sampler.batch_sizes == dict(
        labeled=2, unlabeled=2, target_labeled=1, night=1)


def test_no_image_is_left_for_a_side(streets):
    with pytest.raises(ValueError, match='no image of the target_labeled'):
        apply_batch_sizes(loader_cfg(streets, batch_size=1))
    with pytest.raises(ValueError, match='no image of the labeled side'):
        apply_batch_sizes(loader_cfg(streets, dict(target_labeled=4)))


@pytest.mark.parametrize('given', [None, dict(target_labeled=1)])
def test_without_a_side_the_config_is_a_plain_one(streets, given):
    cfg = loader_cfg(streets, given)
    dataset = cfg.train_dataloader.dataset
    target = dataset.sides.target_labeled
    dataset.sides.update(labeled=None, night=None)
    apply_joined_sides(cfg)
    assert 'joined' not in dataset
    assert dataset.sides.labeled == target
    assert dataset.expected == dict(unlabeled=4, labeled=2)
    assert dataset.disjoint == [['unlabeled', 'labeled']]
    apply_batch_sizes(cfg)
    assert cfg.train_dataloader.batch_size == 4
    assert not cfg.train_dataloader.sampler.get('batch_sizes')


def test_a_side_without_images_in_a_partition_is_left_out(streets):
    cfg = loader_cfg(
        streets, partition='0',
        partitions={'0': dict(target_labeled=0, unlabeled=9),
                    '5': dict(target_labeled=5, unlabeled=4)})
    sides = cfg.train_dataloader.dataset.sides
    sides.target_labeled.ann_file = '{partition}/labeled.txt'
    sides.unlabeled.ann_file = '{partition}/unlabeled.txt'
    del cfg.train_dataloader.dataset['expected']
    apply_partition(cfg)
    assert sides.target_labeled is None
    assert cfg.train_dataloader.dataset.expected == dict(unlabeled=9)
