"""Parity with the authors' release, step by step.

The records are numbers from a run of the classes of the release.
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
    """Float32 records are only reproduced with their number of threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    init_default_scope('mmseg_fst')
    yield
    torch.set_num_threads(before)


def check_steps(record: dict, logged: list, learning_rates: list,
                tolerance: float):
    """Compare losses and learning rate of every training step."""
    passes = [(iteration, forward) for iteration in record['iters']
              for forward in iteration['forwards']]
    assert len(logged) == len(learning_rates) == len(passes)
    is_scheduled = record['meta']['runner_lr'] is not None
    for index, (losses, learning_rate, (iteration, forward)) in enumerate(
            zip(logged, learning_rates, passes)):
        for name, original in NAMES.items():
            if original not in forward['log_vars']:
                continue
            value = forward['log_vars'][original]
            if math.isnan(value):  # mean over no position; here it is zero
                value = 0.
            assert losses[name] == pytest.approx(value, rel=tolerance), (
                index, name)
        if is_scheduled:
            assert learning_rate == pytest.approx(
                iteration['lr'], rel=1e-9), index


def check_networks(record: dict, model, tolerance: float) -> None:
    """Compare weights and buffers after the run."""
    start = record['init']['model']
    for network in ('student', 'teacher'):
        weights = model.network(network).state_dict()
        expected = record[f'final_{network}']
        assert expected.keys() <= weights.keys()
        for name, value in expected.items():
            # Relative to the largest change of the tensor during the run.
            scale = max((value - start[name]).abs().max().item(), 1e-3)
            distance = (weights[name] - value).abs().max().item()
            assert distance <= tolerance * scale, (network, name, distance)


def check(path: Path, work_dir: Path) -> None:
    """Compare a replay with the record."""
    record, runner, logged, learning_rates = replay(path, work_dir)
    if 'float64' in record['meta']['dtype']:
        losses, weights = 1e-9, 1e-9
    else:
        # The last bits of a gradient depend on the instructions of the CPU.
        # AdamW divides it by its own size, however small it is.
        losses, weights = 1e-5, 5e-3
    check_steps(record, logged, learning_rates, losses)
    check_networks(record, runner.model, weights)


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_record_is_reproduced(path, tmp_path):
    check(path, tmp_path)


@pytest.mark.skipif(
    not RECORDS, reason=f'NOT TESTED: no records in {SHARED}')
@pytest.mark.parametrize('path', RECORDS, ids=lambda path: path.stem)
def test_the_shared_records_are_reproduced(path, tmp_path):
    check(path, tmp_path)


def test_a_wrong_time_of_the_average_is_detected(tmp_path, monkeypatch):
    """Counting updates in iterations must fail the check."""
    path = next(path for path in SHIPPED if 'fstd' in path.stem)
    monkeypatch.setattr(FSTHook, 'updates',
                        lambda self, runner, passes: runner.iter)
    with pytest.raises(AssertionError):
        check(path, tmp_path)
