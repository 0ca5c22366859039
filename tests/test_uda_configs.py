"""Every cell of the tables of domain adaptation trains, resumes, is scored.

On fake data in the folders of the real ones, with networks of a sixteenth of
the width, at an eighth of the size. ``-m full`` runs them at full width.
"""
import json
import os
from pathlib import Path

import pytest
import torch
from fake_data import MAKERS
from helpers import REPOSITORY
from mmengine.config import Config
from mmengine.registry import init_default_scope
from slim import slim_data, slim_run, slim_segmentor, without_weights

from mmseg_fst.apis import check_config, test, train
from mmseg_fst.registry import MODELS

CELLS = sorted(
    path.stem for path in (REPOSITORY / 'configs' / 'uda').glob('*2*.py'))
FULL_SIZE = [
    name for name in CELLS if name.split('2')[1].startswith(
        ('cityscapes', 'acdc', 'darkzurich', 'bdd100k', 'mapillary'))
]


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    """One tiny data set of each kind; the configs look there."""
    folder = tmp_path_factory.mktemp('data')
    patch = pytest.MonkeyPatch()
    for name, make in MAKERS.items():
        patch.setenv(f'{name.upper()}_ROOT', str(make(folder / name)))
    yield folder
    patch.undo()


def load(name, work_dir, full_width=False):
    """The config of a cell for the fake data."""
    cfg = Config.fromfile(REPOSITORY / 'configs' / 'uda' / f'{name}.py')
    init_default_scope('mmseg_fst')
    without_weights(cfg._cfg_dict)
    if not full_width:
        slim_segmentor(cfg.model.segmentor)
    slim_data(cfg)
    slim_run(cfg)
    sampling = cfg.train_dataloader.dataset.get('rare_class_sampling')
    if sampling is not None:
        sampling.min_pixels = 100
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = f'{name}_{os.urandom(4).hex()}'
    cfg.log_level = 'ERROR'
    return cfg


def run(name, work_dir, full_width=False):
    """Train two iterations, resume for two more, test."""
    cfg = load(name, work_dir, full_width)
    check_config(cfg)
    train(cfg)
    results = json.loads((work_dir / 'results.json').read_text())
    networks = {'student'} | (
        set() if 'source-only' in name else {'teacher'})
    assert {key.split('/')[0] for key in results['iterations']['2']
            } == networks
    first = torch.load(work_dir / 'iter_2.pth', weights_only=False)

    cfg = load(name, work_dir, full_width)
    slim_run(cfg, max_iters=4)
    train(cfg, resume=True)
    second = torch.load(work_dir / 'iter_4.pth', weights_only=False)
    assert second['meta']['iter'] == 4
    states = first['state_dict'], second['state_dict']
    for network in networks:
        moved = [
            not torch.equal(states[0][key], states[1][key])
            for key in states[0] if key.startswith(f'{network}.')
        ]
        assert sum(moved) > len(moved) / 4, network

    scores = test(load(name, work_dir, full_width), str(work_dir / 'iter_4.pth'))
    results = json.loads((work_dir / 'results.json').read_text())
    trained = results['iterations']['4']
    assert scores['student/mIoU'] == pytest.approx(
        trained['student/mIoU'], abs=1e-6)
    if name.startswith('synthia'):
        assert 'student/mIoU16' in scores and 'student/mIoU13' in scores


@pytest.mark.parametrize('name', FULL_SIZE)
def test_cell_trains_resumes_and_is_scored(name, roots, tmp_path):
    run(name, tmp_path)


@pytest.mark.full
@pytest.mark.parametrize('name', FULL_SIZE)
def test_cell_of_full_width(name, roots, tmp_path):
    run(name, tmp_path, full_width=True)
