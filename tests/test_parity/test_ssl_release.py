"""Parity with the authors' semi-supervised release, step by step."""
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope

import mmseg_fst  # noqa: F401

from .ssl_release import rename, replay

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / 'tests' / 'data' / 'ssl_release').glob('*.pt'))
SHARED = ROOT.parent / 'shared' / 'fixtures' / 'ssl'
RECORDS = sorted(SHARED.glob('*.pt'))


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    init_default_scope('mmseg_fst')
    yield
    torch.set_num_threads(before)


def check(path: Path, work_dir: Path, match_release: bool = True) -> None:
    """Compare a replay with the record."""
    record, runner, logged = replay(path, work_dir, match_release)
    tolerance = 1e-9 if '64' in record['meta']['dtype'] else 1e-5
    passes = 4 if record['meta']['fst'] else 1
    real = logged[passes - 1::passes]  # the record has only the real steps
    assert len(real) == len(record['iters'])
    for index, (losses, expected) in enumerate(zip(real, record['iters'])):
        assert losses['labeled.decode.loss_ce'] == pytest.approx(
            expected['sup_loss'], rel=tolerance), index
        assert losses['mixed.decode.loss_ce'] == pytest.approx(
            expected['unsup_loss'], rel=tolerance), index
    for network in ('student', 'teacher'):
        weights = runner.model.network(network).state_dict()
        start = rename(record['init']['student'])
        for name, value in rename(record[f'final_{network}']).items():
            # In float32 the error is relative to the weight itself.
            single = value.dtype == torch.float32
            reference = value if single else value - start[name]
            scale = max(reference.abs().max().item(), 1e-3)
            distance = (weights[name] - value).abs().max().item()
            assert distance <= tolerance * scale, (network, name, distance)


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_record_is_reproduced(path, tmp_path):
    check(path, tmp_path)


@pytest.mark.skipif(
    not RECORDS, reason=f'NOT TESTED: no records in {SHARED}')
@pytest.mark.parametrize('path', RECORDS, ids=lambda path: path.stem)
def test_the_shared_records_are_reproduced(path, tmp_path):
    check(path, tmp_path)


def test_a_wrong_first_epoch_is_detected(tmp_path):
    """Treating the first epoch like the others must fail the check."""
    with pytest.raises(AssertionError):
        check(SHIPPED[0], tmp_path, match_release=False)
