"""Parity with the programs of UniMatch and Diverse Co-training."""
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope

import mmseg_fst  # noqa: F401

from .ssl_peers import expected_losses, expected_states, replay

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / 'tests' / 'data' / 'ssl_peers').glob('*.pt'))
SHARED = ROOT.parent / 'shared' / 'fixtures' / 'ssl_peers'
# Records of other peers have tests of their own.
RECORDS = sorted(
    path for kind in ('unimatch', 'fixmatch', '2-cps', '3-cps')
    for path in SHARED.glob(f'{kind}*.pt'))
# The float32 epsilon in the denominator of mmseg's mean is 1e-11 of a loss.
TOLERANCE = 1e-9
#: Former options, by which each record of the release must fail.
FORMER = {
    'fixmatch': dict(paste='batch'),
    'unimatch_other-crop': dict(perturbed_images='unlabeled'),
    'unimatch-v2': dict(mean_over='batch'),
    '3-cps_thr': dict(selected_by_id={'_delete_': True}),
}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    init_default_scope('mmseg_fst')
    yield
    torch.set_num_threads(before)


def check(path, monkeypatch, changes=None):
    """Compare losses, learning rates and weights of all iterations."""
    found, init = replay(path, monkeypatch, changes)
    record, compared = found.record, 0
    assert len(found.losses) == len(record['iters'])
    for index, values in enumerate(record['iters']):
        for name, value in expected_losses(record, index).items():
            assert found.losses[index][name] == pytest.approx(
                value, rel=TOLERANCE), (index, name)
        rates = values['lr']
        if isinstance(rates[0], list):
            rates = [rate for each in rates for rate in each]
        assert found.rates[index] == pytest.approx(
            sorted(set(rates)), rel=1e-12), index
        for ours, theirs in zip(found.states[index],
                                expected_states(record, index)):
            # Shortened records have the small weights alone.
            assert set(theirs) <= set(ours) and (
                'scheduled' in record['meta'] or len(theirs) == len(ours))
            for name, value in theirs.items():
                compare(name, ours[name], value, init[name])
                compared += 1
    assert compared
    return found


def compare(name, ours, theirs, start):
    """Weights relative to how far they have moved, statistics to theirs."""
    if 'num_batches' in name:
        assert ours == theirs, name
        return
    moved = theirs if 'running' in name else theirs - start
    scale = max(moved.abs().max().item(), 1e-3)
    if name.endswith('qkv.bias'):
        # Softmax cancels the bias of the keys: its gradient is rounding
        # error, which Adam amplifies.
        scale = 1.
    distance = (ours - theirs).abs().max().item()
    assert distance <= TOLERANCE * scale, (name, distance / scale)


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_records_are_reproduced(path, monkeypatch):
    check(path, monkeypatch)


@pytest.mark.skipif(
    not RECORDS, reason=f'NOT TESTED: no records in {SHARED}')
@pytest.mark.parametrize('path', RECORDS, ids=lambda path: path.stem)
def test_the_shared_records_are_reproduced(path, monkeypatch):
    check(path, monkeypatch)
