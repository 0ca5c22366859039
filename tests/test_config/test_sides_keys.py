"""Keys of sides in configs: older ones, wrong ones, batch sizes."""
import json

import pytest
from helpers import paired_cfg, streets_cfg
from mmengine.config import Config

from mmseg_fst.apis import (
    check_config,
    merge_options,
    open_config,
    read_config,
)
from mmseg_fst.config.batch_sizes import apply_batch_sizes, side_batch_size
from mmseg_fst.config.config_file import read_python, save_config
from mmseg_fst.config.partition import apply_partition

ROOT = 'train_dataloader.dataset'
OLDER = """train_dataloader = dict(dataset=dict(
    type='PairedDataset',
    labeled=dict(type='CamVidDataset', data_root='a'),
    unlabeled=dict(type='CamVidDataset', data_root='b')))
"""
NEWER = OLDER.replace('    labeled', '    sides=dict(labeled').replace(
    ')))\n', '))))\n')


def write(folder, **files):
    for name, text in files.items():
        (folder / f'{name}.py').write_text(text)
    return str(folder / f'{name}.py')


def child(text):
    return f"_base_ = './base.py'\ntrain_dataloader = dict({text})\n"


@pytest.mark.parametrize('base', [OLDER, NEWER], ids=['older', 'newer'])
def test_both_forms_are_read_as_sides(tmp_path, base):
    cfg = read_config(write(tmp_path, base=base))
    roots = {side: part.data_root for side, part in
             cfg.train_dataloader.dataset.sides.items()}
    assert roots == dict(labeled='a', unlabeled='b')
    assert 'labeled' not in cfg.train_dataloader.dataset


@pytest.mark.parametrize('base, change', [
    (OLDER, 'dataset=dict(unlabeled=None)'),
    (NEWER, 'dataset=dict(sides=dict(unlabeled=None))'),
])
def test_a_config_overrides_its_base_in_its_form(tmp_path, base, change):
    cfg = read_config(write(tmp_path, base=base, run=child(change)))
    sides = cfg.train_dataloader.dataset.sides
    assert sides.unlabeled is None and sides.labeled.data_root == 'a'


@pytest.mark.parametrize('base, change, name', [
    (NEWER, 'dataset=dict(unlabeled=None)', 'unlabeled'),
    (NEWER, "dataset=dict(labeled=dict(data_root='c'))", 'labeled'),
    (OLDER, "dataset=dict(sides=dict(unlabeled=None))", 'labeled'),
])
def test_none_of_two_forms_is_dropped_silently(tmp_path, base, change, name):
    path = write(tmp_path, base=base, run=child(change))
    with pytest.raises(ValueError) as error:
        read_config(path)
    message = str(error.value)
    assert message.startswith(f'{path}: {ROOT} has both `sides` and `{name}`')
    assert f'dataset=dict(sides=dict({name}=...))' in message


@pytest.mark.parametrize('base', [OLDER, NEWER], ids=['older', 'newer'])
@pytest.mark.parametrize('key', [
    f'{ROOT}.labeled.data_root', f'{ROOT}.sides.labeled.data_root'])
def test_overrides_of_both_forms_are_merged(tmp_path, base, key):
    path = write(tmp_path, base=base)
    cfg = read_config(path, {key: 'c', f'{ROOT}.unlabeled': None})
    sides = cfg.train_dataloader.dataset.sides
    assert sides.labeled.data_root == 'c' and sides.unlabeled is None
    assert set(cfg.train_dataloader.dataset) == {'type', 'sides'}


def test_a_data_set_of_another_class_keeps_its_keys(tmp_path):
    text = OLDER.replace('PairedDataset', 'MyPairs')
    cfg = read_python(write(tmp_path, base=text))
    merge_options(cfg, {f'{ROOT}.labeled.data_root': 'c'})
    assert cfg.train_dataloader.dataset.labeled.data_root == 'c'
    assert 'sides' not in cfg.train_dataloader.dataset


def test_the_config_of_an_older_run_is_read(tmp_path):
    path = save_config(Config.fromfile(write(tmp_path, base=OLDER)),
                       str(tmp_path))
    assert 'sides' not in json.dumps(Config.fromfile(
        str(tmp_path / 'base.py')).to_dict())
    assert open_config(path).train_dataloader.dataset.sides.labeled


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
        streets, partition=dict(name='9', labeled=10, unlabeled=60),
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
    cfg.partition.second = 7
    apply_partition(cfg)
    assert cfg.train_dataloader.dataset.expected.second == 7
