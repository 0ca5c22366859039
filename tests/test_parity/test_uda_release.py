"""Parity with the authors' release, step by step.

The records are numbers from a run of the release's own classes.
"""
import math
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope

from mmseg_fst.engine.hooks import FSTHook

from .release import replay

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / 'tests' / 'data' / 'uda_release').glob('*.pt'))
SHARED = ROOT.parent / 'shared' / 'fixtures' / 'uda'
RECORDS = sorted(SHARED.glob('*.pt'))
NAMES = {
    'labeled.decode.loss_seg': 'decode.loss_seg',
    'labeled.loss_feature_distance': 'src.loss_imnet_feat_dist',
    'mixed.decode.loss_seg': 'mix.decode.loss_seg',
}


@pytest.fixture(autouse=True)
def two_threads():
    """A record of single precision holds to the last bit with its threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    init_default_scope('mmseg_fst')
    yield
    torch.set_num_threads(before)


def check_steps(record: dict, logged: list, rates: list, tolerance: float):
    """Losses of every training step, learning rate of every iteration."""
    forwards = [(step, one) for step in record['iters']
                for one in step['forwards']]
    assert len(logged) == len(rates) == len(forwards)
    rate_varies = record['meta']['runner_lr'] is not None
    for place, (ours, rate, (step, theirs)) in enumerate(
            zip(logged, rates, forwards)):
        for name, original in NAMES.items():
            if original not in theirs['log_vars']:
                continue
            value = theirs['log_vars'][original]
            if math.isnan(value):  # the mean over no position; ours is zero
                value = 0.
            assert ours[name] == pytest.approx(value, rel=tolerance), (place,
                                                                       name)
        if rate_varies:
            assert rate == pytest.approx(step['lr'], rel=1e-9), place


def check_networks(record: dict, model, tolerance: float) -> None:
    """Weights and buffers after the run."""
    start = record['init']['model']
    for network in ('student', 'teacher'):
        ours = model.network(network).state_dict()
        theirs = record[f'final_{network}']
        assert theirs.keys() <= ours.keys()
        for name, value in theirs.items():
            # Relative to how far the tensor has moved at most.
            scale = max((value - start[name]).abs().max().item(), 1e-3)
            distance = (ours[name] - value).abs().max().item()
            assert distance <= tolerance * scale, (network, name, distance)


def check(path: Path, work_dir: Path) -> None:
    """A replay against the record."""
    record, runner, logged, rates = replay(path, work_dir)
    tolerance = 1e-9 if 'float64' in record['meta']['dtype'] else 1e-5
    check_steps(record, logged, rates, tolerance)
    check_networks(record, runner.model, tolerance)


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_shipped_run(path, tmp_path):
    check(path, tmp_path)


@pytest.mark.skipif(
    not RECORDS, reason=f'NOT TESTED: no records in {SHARED}')
@pytest.mark.parametrize('path', RECORDS, ids=lambda path: path.stem)
def test_recorded_run(path, tmp_path):
    check(path, tmp_path)


def test_a_wrong_rule_is_noticed(tmp_path, monkeypatch):
    """The check is not blind: time counted in iterations must fail."""
    path = next(path for path in SHIPPED if 'fstd' in path.stem)
    monkeypatch.setattr(FSTHook, 'updates',
                        lambda self, runner, passes: runner.iter)
    with pytest.raises(AssertionError):
        check(path, tmp_path)
