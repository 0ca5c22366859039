"""Parity with the program of PrevMatch."""
from pathlib import Path

import pytest
from mmengine.hooks import Hook

from mmseg_fst.engine.hooks import PreviousStudentsHook
from mmseg_fst.models import PreviousStudents
from mmseg_fst.registry import HOOKS

from .ssl_peers import load
from .test_ssl_peers import check, one_thread  # noqa: F401

PATH = (Path(__file__).parents[1] / 'data' / 'prevmatch_release'
        / 'prevmatch.pt')
TOLERANCE = 1e-11


@HOOKS.register_module()
class RecordedScores(Hook):
    """Calls the hook of the cell with the scores of the record."""

    priority = 'LOWEST'

    def __init__(self, scores):
        self.scores, self.hook = list(scores), PreviousStudentsHook()

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        self.hook.after_val_epoch(
            runner, {'student/mIoU': self.scores.pop(0)})


def replayed(monkeypatch, **changes):
    record = load(PATH)
    meta = record['meta']
    drawn = [(values['chosen'], values['share'])
             for values in record['iters'] if values['chosen']]
    monkeypatch.setattr(
        PreviousStudents, 'sample_ensemble', lambda self: drawn.pop(0))
    return check(
        PATH, monkeypatch, {
            'model.capacity': meta['capacity'],
            'model.previous_labeler.threshold': meta['previous_thr'],
            'model.ramp_epochs': meta['epochs'], **changes
        }, [dict(type='RecordedScores', scores=meta['scores'])], TOLERANCE)


def test_the_record_is_reproduced(monkeypatch):
    found = replayed(monkeypatch)
    used = [losses for losses in found.losses
            if losses.get('mixed_previous.decode.loss_ce', 0) > 0]
    assert len(used) >= 3


@pytest.mark.parametrize('change', [
    {'model.capacity': 3}, {'model.previous_labeler.threshold': .5},
    {'model.paste': 'batch'}], ids=str)
def test_a_different_rule_is_seen(monkeypatch, change):
    with pytest.raises((AssertionError, IndexError)):
        replayed(monkeypatch, **change)
