"""The table of data sets and their completeness."""
import os
import subprocess
from functools import partial

import numpy as np
import pytest
from fake_data import MAKERS, make_cityscapes
from helpers import (
    PYTHON,
    REPOSITORY,
    make_camvid,
    make_streets,
    streets_cfg,
)
from mmengine.config import Config
from PIL import Image

from mmseg_fst.commands import run_command
from mmseg_fst.datasets.known_data import KNOWN_DATA, Files, list_files


@pytest.fixture
def run(monkeypatch):
    for name in KNOWN_DATA:
        monkeypatch.delenv(f'{name.upper()}_ROOT', raising=False)
    return partial(run_command, 'check-data')


@pytest.fixture
def small(monkeypatch):
    """Make data sets of the size of the fake data count as complete."""
    # In some data sets one folder contains both splits.
    others = dict(acdc=(4, 4), ccp=(6, ), VOC2012=(6, ))
    for name, data in KNOWN_DATA.items():
        counts = others.get(name, (4, 2) * 2)
        monkeypatch.setitem(
            KNOWN_DATA, name,
            data._replace(splits=tuple(
                split._replace(count=count)
                for split, count in zip(data.splits, counts))))


def row_of(output, name):
    line = next(line for line in output.splitlines()
                if line.startswith(f'| {name} '))
    return [cell.strip() for cell in line.strip('|').split('|')]


def test_missing_data_sets_are_listed_without_failure(run, tmp_path, capsys):
    run(['--root', str(tmp_path)])  # no name, so no failure
    output = capsys.readouterr().out
    for name in KNOWN_DATA:
        assert row_of(output, name)[2].startswith('0/')
        assert f'{name}: ' in output
    assert row_of(output, 'gta')[2:] == ['0/24966', '0/24966', '0/24966', 'no']
    assert row_of(output, 'bdd100k')[2:] == ['0/8000', '0/8000', '-', '-']
    assert f'gta.py {tmp_path}/gta' in output


@pytest.mark.parametrize('name', MAKERS)
def test_a_complete_and_an_incomplete_data_set(run, small, tmp_path, capsys,
                                               name):
    MAKERS[name](tmp_path / name)
    capsys.readouterr()
    run([name, '--root', str(tmp_path)])
    output = capsys.readouterr().out
    assert f'{name}: ' not in output
    assert 'no' not in row_of(output, name)
    # With one label removed, the next step is printed.
    split = KNOWN_DATA[name].splits[-1]
    files = split.converted or split.labels
    path = tmp_path / name / files.folder
    (path / f'{list_files(tmp_path / name, files)[0]}{files.suffix}').unlink()
    assert run([name, '--root', str(tmp_path)]) == 1
    output = capsys.readouterr().out
    converter = KNOWN_DATA[name].command.format(root=tmp_path / name)
    if split.converted:  # nothing has to be downloaded
        assert f'{name}: {converter}\n' in output
    else:
        assert f'{name}: Get ' in output


def test_missing_statistics_name_the_converter(run, small, tmp_path, capsys):
    root = make_cityscapes(tmp_path / 'cityscapes')
    (root / 'class_stats_train.json').unlink()
    assert run(['cityscapes', '--root', str(tmp_path)]) == 1
    output = capsys.readouterr().out
    assert row_of(output, 'cityscapes')[2:] == ['6/6', '6/6', '6/6', 'no']
    assert 'cityscapes: python tools/dataset_converters' in output


def test_data_sets_of_this_project(run, small, tmp_path, capsys):
    make_streets(tmp_path / 'streets', target_labels=True)
    make_camvid(tmp_path / 'camvid')
    (tmp_path / 'streets/rendered/class_stats_train.json').touch()
    run(['streets', 'camvid', '--root', str(tmp_path)])
    output = capsys.readouterr().out
    assert row_of(output, 'streets')[2:] == ['12/12', '12/12', '-', 'yes']
    assert row_of(output, 'camvid')[2:] == ['6/4', '6/4', '-', '-']


def test_an_environment_variable_sets_the_folder(run, tmp_path, monkeypatch,
                                                 capsys):
    monkeypatch.setenv('DARK_ZURICH_ROOT', str(tmp_path / 'nights'))
    run(['--root', 'nowhere'])
    assert row_of(capsys.readouterr().out, 'dark_zurich')[1] == str(
        tmp_path / 'nights')


def test_an_unknown_name_is_an_error(run, capsys):
    with pytest.raises(SystemExit) as caught:
        run(['gta5'])
    assert caught.value.code == 2
    assert 'Known are: gta, ' in capsys.readouterr().err


def test_the_table_contains_every_folder_of_the_configs(run):
    """The data roots of the base configs are the names in the table."""
    folder = REPOSITORY / 'configs/_base_/datasets'
    for path in folder.glob('*.py'):
        cfg = Config.fromfile(str(path))
        sides = cfg.train_dataloader.dataset.sides
        for side in (*sides.values(), cfg.val_dataloader.dataset):
            parts = side.data_root.split('/')
            if parts[0] != 'data':
                continue
            data = KNOWN_DATA[parts[1]]
            known = {files.folder for split in data.splits
                     for files in split[1:] if files}
            for prefix in side.data_prefix.values():
                assert '/'.join([*parts[2:], prefix]) in known


def test_hidden_files_do_not_count(tmp_path):
    for name in ('.a.123.tmp.png', 'b.png', 'b_labelTrainIds.png', 'c.jpg'):
        (tmp_path / name).touch()
    assert list_files(tmp_path, Files('', '.png')) == ['b']
    assert list_files(tmp_path, Files('', '_labelTrainIds.png')) == ['b']
    assert list_files(tmp_path, Files('none', '.png')) == []


def test_the_command_line_exits_with_1_if_incomplete(tmp_path):
    done = subprocess.run(
        [PYTHON, 'tools/check_data.py', 'gta', '--root', str(tmp_path)],
        cwd=REPOSITORY,
        env={**os.environ, 'PYTHONPATH': str(REPOSITORY)},
        capture_output=True,
        text=True)
    assert done.returncode == 1
    assert 'gta.py' in done.stdout, done.stderr


def test_all_data_of_a_config_are_read(run, tmp_path, capsys):
    root = make_streets(tmp_path / 'data/streets', train=2, val=1)
    config = tmp_path / 'config.py'
    config.write_text(
        f"data = {streets_cfg(root)}\n"
        "train_dataloader = dict(dataset=dict(type='PairedDataset', "
        "sides=dict(labeled=data), rare_class_sampling=dict(stats='none')))\n"
        "val_dataloader = dict(dataset=data)\n")
    for label, status in ((np.arange(55).repeat(40) % 11, 0), ([0], 1)):
        for path in (root / 'rendered/gtFine/train').iterdir():
            ids = np.resize(label, (32, 64)).astype(np.uint8)
            Image.fromarray(ids).save(path)
        assert run(['--config', str(config)]) == status
    output = capsys.readouterr().out
    assert 'config.py: no problem was found' in output
    assert 'labeled side: no pixel of ' in output
    assert 'validation: no pixel of ' in output


def test_a_config_of_supervised_training_can_be_checked(run, tmp_path,
                                                        capsys):
    """A data set without sides does not take statistics."""
    root = make_streets(tmp_path / 'data/streets', train=2, val=1)
    for path in (root / 'rendered/gtFine/train').iterdir():
        ids = np.resize(np.arange(55).repeat(40) % 11, (32, 64))
        Image.fromarray(ids.astype(np.uint8)).save(path)
    config = tmp_path / 'config.py'
    config.write_text(f'data = {streets_cfg(root)}\n'
                      'train_dataloader = dict(dataset=data)\n'
                      'val_dataloader = dict(dataset=data)\n')
    assert run(['--config', str(config)]) == 0
    assert 'no problem was found' in capsys.readouterr().out
