"""Tests of finding config and checkpoint, and of testing without weights."""
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from helpers import network_cfg
from mmengine.config import Config, ConfigDict

from mmseg_fst.apis import find_checkpoint, find_config
from mmseg_fst.apis import test as score
from mmseg_fst.config.run_folder import drop_pretrained
from mmseg_fst.registry import MODELS


@pytest.fixture
def folder(tmp_path):
    """A folder whose name is a pattern of file names."""
    folder = tmp_path / 'run[1]*'
    folder.mkdir()
    return folder


def touch(folder, *names):
    for name in names:
        (folder / name).touch()


def test_the_config_beside_the_checkpoint(folder):
    touch(folder, 'fst.py', 'iter_4.pth', 'results.json')
    (folder / 'vis_data').mkdir()
    touch(folder / 'vis_data', 'config.py')
    assert find_config(str(folder)) == str(folder / 'fst.py')


def test_a_config_that_is_data_comes_first(folder):
    touch(folder, 'fst.py', 'dacs.py', 'config.json')
    assert find_config(str(folder)) == str(folder / 'config.json')


def test_no_config_is_named(folder):
    with pytest.raises(FileNotFoundError) as error:
        find_config(str(folder))
    assert str(folder) in str(error.value)


def test_two_configs_are_named(folder):
    touch(folder, 'fst.py', 'dacs.py')
    with pytest.raises(ValueError, match='dacs.py.*fst.py'):
        find_config(str(folder))


def test_the_best_checkpoint(folder):
    touch(folder, 'best_student_mIoU_iter_90.pth', 'iter_900.pth')
    assert find_checkpoint(str(folder)) == str(
        folder / 'best_student_mIoU_iter_90.pth')


def test_the_last_checkpoint_by_number_and_not_by_letter(folder):
    touch(folder, 'best_student_mIoU_iter_90.pth', 'iter_900.pth',
          'iter_1000.pth', 'iter_80.pth', 'epoch_3.pth')
    assert find_checkpoint(str(folder), 'last') == str(
        folder / 'iter_1000.pth')


def test_without_a_best_the_last_is_taken(folder):
    touch(folder, 'iter_8.pth', 'iter_16.pth')
    assert find_checkpoint(str(folder)) == str(folder / 'iter_16.pth')


@pytest.mark.parametrize('which', ['best', 'last'])
def test_no_checkpoint_is_named(folder, which):
    touch(folder, 'fst.py', 'notes.pth')
    with pytest.raises(FileNotFoundError) as error:
        find_checkpoint(str(folder), which)
    assert str(folder) in str(error.value)
    assert 'run_experiments.py' in str(error.value)


def remaining(node):
    """Weights that a config would still load."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ('init_cfg', 'pretrained') and value:
                yield value
            yield from remaining(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from remaining(value)


PRETRAINED = dict(type='Pretrained', checkpoint='/no/such/weights.pth')


def test_no_weights_are_loaded_to_be_overwritten():
    cfg = ConfigDict(network_cfg())
    cfg.backbone.init_cfg = PRETRAINED
    drop_pretrained(cfg)
    assert not list(remaining(cfg))
    MODELS.build(cfg).init_weights()


def test_weights_of_heads_in_a_list_are_not_loaded_either():
    cfg = ConfigDict(network_cfg())
    cfg.auxiliary_head = [{**cfg.auxiliary_head, 'init_cfg': PRETRAINED}]
    drop_pretrained(cfg)
    assert not list(remaining(cfg))


def test_a_segmentor_pretrained_in_mmsegmentations_way_still_builds():
    cfg = ConfigDict(network_cfg(), pretrained='open-mmlab://resnet18_v1c')
    drop_pretrained(cfg)
    MODELS.build(cfg)


class Images(list):
    """A data set."""

    metainfo = dict(classes=('background', 'crack'))


def test_a_full_disk_leaves_the_scores_of_before(tmp_path, monkeypatch,
                                                 capsys):
    module = sys.modules['mmseg_fst.run.test']  # a function has its name
    for name in ('check_config', 'prepare_processes', 'guard_loading',
                 'load_weights'):
        monkeypatch.setattr(module, name, lambda *args: None)
    loop = SimpleNamespace(dataloader=SimpleNamespace(dataset=Images('ab')))
    runner = SimpleNamespace(
        model=SimpleNamespace(protocol_name='whole'), test_loop=loop,
        work_dir=str(tmp_path), test=lambda: {'student/mIoU': 50})
    monkeypatch.setattr(module, 'build_runner', lambda cfg: runner)
    cfg = Config(dict(model={}, test_dataloader={}, work_dir=str(tmp_path)))
    score(cfg, 'a.pth')
    assert 'Data: Images, , 2 images' in capsys.readouterr().out
    before = (tmp_path / 'test.json').read_text()
    assert json.loads(before)['metrics'] == {'student/mIoU': 50}
    write = Path.write_text

    def fail(path, text):
        write(path, text[:10])
        raise OSError('No space left on device')

    monkeypatch.setattr(Path, 'write_text', fail)
    with pytest.raises(OSError, match='No space'):
        score(cfg, 'b.pth')
    assert [path.name for path in tmp_path.iterdir()] == ['test.json']
    assert (tmp_path / 'test.json').read_text() == before


def test_scores_name_data_and_classes(tmp_path, monkeypatch, capsys):
    module = sys.modules['mmseg_fst.run.test']
    for name in ('check_config', 'prepare_processes', 'guard_loading',
                 'load_weights'):
        monkeypatch.setattr(module, name, lambda *args: None)
    loop = SimpleNamespace(
        dataloader=SimpleNamespace(dataset=Images('ab')),
        confusion=dict(student=torch.tensor([[98, 0, 0], [2, 0, 0],
                                             [0, 0, 0]])))
    monkeypatch.setattr(module, 'build_runner', lambda cfg: SimpleNamespace(
        model=SimpleNamespace(protocol_name='whole'), test_loop=loop,
        work_dir=str(tmp_path), test=lambda: {'student/mIoU': 49.}))
    score(Config(dict(model={}, test_dataloader={}, work_dir='.')), 'a.pth')
    content = json.loads((tmp_path / 'test.json').read_text())
    assert content['data']['images'] == 2
    assert content['classes']['student']['crack'] == dict(
        IoU=0., Dice=0., precision=None, recall=0., labeled=2., predicted=0.)
    text = capsys.readouterr().out
    assert 'student/mIoU: 49.00 (IoU 0.0: crack)' in text
    assert 'Warning: Never predicted, although in the labels: crack' in text
    assert (tmp_path / 'confusion_student.csv').read_text().splitlines() == [
        'label / prediction,background,crack,other', 'background,98,0,0',
        'crack,2,0,0', 'other,0,0,0']
