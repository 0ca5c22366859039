"""Keys of sides in configs: wrong ones, batch sizes, partitions."""
import pytest
from helpers import paired_cfg, streets_cfg
from mmengine.config import Config

from mmseg_fst.apis import check_config, open_config
from mmseg_fst.config.batch_sizes import apply_batch_sizes, side_batch_size
from mmseg_fst.config.config_file import save_config
from mmseg_fst.config.partition import apply_partition

ROOT = 'train_dataloader.dataset'


def loader_cfg(root, **kwargs):
    return Config(dict(train_dataloader=dict(
        batch_size=2, sampler=dict(type='PairedSampler'),
        dataset=paired_cfg(root)), **kwargs))


def test_a_misspelled_side_is_named(streets):
    cfg = loader_cfg(streets)
    cfg.merge_from_dict({f'{ROOT}.sides.labled.data_root': 'x'})
    with pytest.raises(ValueError) as error:
        check_config(cfg)
    assert str(error.value).startswith(f'{ROOT}.sides.labled: ')
    assert "Did you mean 'labeled'?" in str(error.value)


def test_types_are_checked_within_wrapped_data_sets(streets):
    cfg = loader_cfg(streets)
    cfg.train_dataloader.dataset.sides.labeled = dict(
        type='ConcatDataset', datasets=[dict(
            type='RepeatDataset', times=2,
            dataset=dict(streets_cfg(streets), type='StreetDataset'))])
    with pytest.raises(ValueError, match='StreetsDataset') as error:
        check_config(cfg)
    assert str(error.value).startswith(
        f'{ROOT}.sides.labeled.datasets[0].dataset.type: ')


# Batch sizes.


def test_batch_sizes_of_all_sides_are_filled_in(streets):
    cfg = loader_cfg(streets)
    cfg.train_dataloader.sampler.batch_sizes = dict(unlabeled=5)
    assert [side_batch_size(cfg, side) for side in ('labeled', 'unlabeled')
            ] == [2, 5]
    apply_batch_sizes(cfg)
    loader = cfg.train_dataloader
    assert loader.batch_size == 5
    assert loader.sampler.batch_sizes == dict(labeled=2, unlabeled=5)
    assert loader.collate_fn == dict(type='collate_sides')
    before = cfg.to_dict()
    apply_batch_sizes(cfg)
    assert cfg.to_dict() == before


def test_a_completed_config_is_data(streets, tmp_path):
    cfg = loader_cfg(streets)
    cfg.train_dataloader.sampler.batch_sizes = dict(unlabeled=5)
    apply_batch_sizes(cfg)
    again = open_config(save_config(cfg, str(tmp_path)))
    assert again.train_dataloader == cfg.train_dataloader


def test_a_batch_size_of_a_side_that_is_left_out(streets):
    cfg = loader_cfg(streets)
    cfg.train_dataloader.dataset.sides.unlabeled = None
    cfg.train_dataloader.sampler.batch_sizes = dict(unlabeled=5)
    apply_batch_sizes(cfg)
    assert cfg.train_dataloader.batch_size == 2
    cfg.train_dataloader.sampler.batch_sizes = dict(target=5)
    with pytest.raises(ValueError, match=r'batch_sizes\.target: .*labeled'):
        apply_batch_sizes(cfg)


def test_without_batch_sizes_nothing_is_changed(streets):
    cfg = loader_cfg(streets)
    before = cfg.to_dict()
    apply_batch_sizes(cfg)
    assert cfg.to_dict() == before


def test_epochs_count_batches_of_the_unlabeled_side(streets):
    cfg = loader_cfg(
        streets, partition='9',
        partitions={'9': dict(labeled=10, unlabeled=60)},
        epochs=dict(count=3, processes=2), param_scheduler=[],
        train_cfg=dict(), default_hooks=dict(checkpoint=dict()))
    cfg.train_dataloader.sampler.batch_sizes = dict(unlabeled=5)
    sides = cfg.train_dataloader.dataset.sides
    sides.labeled.ann_file = '{partition}/labeled.txt'
    sides.second = dict(
        type='ConcatDataset',
        datasets=[dict(type='CamVidDataset', ann_file='{partition}/a.txt')])
    apply_partition(cfg)
    assert cfg.train_cfg.max_iters == 3 * (30 // 5)
    assert sides.labeled.ann_file == '9/labeled.txt'
    assert sides.second.datasets[0].ann_file == '9/a.txt'
    expected = cfg.train_dataloader.dataset.expected
    assert expected == dict(labeled=10, unlabeled=60)
    cfg.partitions['9'].second = 7
    sides.labeled.ann_file = '{partition}/labeled.txt'
    apply_partition(cfg)
    assert cfg.train_dataloader.dataset.expected.second == 7
