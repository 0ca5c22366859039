"""Runs that are killed, or have no space left, while they write a file, and
runs of two processes of which one is killed."""
import os
import re
import signal
import time

import pytest
from fault_campaign import (  # noqa: F401
    check_progress,
    end_of,
    finish,
    report,
    runs,
)
from fault_runs import (
    BeforeWrite,
    CallCounter,
    fill_disk,
    kill_halfway,
    outcome,
    start,
    start_two,
)
from test_engine.toy import assert_same

from mmseg_fst.utils.checkpoint import read_checkpoint

pytestmark = pytest.mark.faults
KILLED = -signal.SIGKILL
# Left out of CI for its time; `-m faults` runs all.
BY_HAND = 'replace', 'remove'


@pytest.mark.parametrize('function', [
    pytest.param(function, id=function.__name__, marks=[
        pytest.mark.full] if function.__name__ in BY_HAND else [])
    for function in (os.fsync, os.replace, os.remove)])
def test_a_run_killed_while_writing_gives_the_same_results(
        function, runs, tmp_path, capsys):  # noqa: F811
    """Checkpoints and scores: killed before flush, rename and removal."""
    kills = 0
    for at in (1, 3, 5):
        folder = tmp_path / str(at)
        counter = CallCounter(at, function)
        status = start('u2pl', runs.root, folder, counter)
        assert status in (0, KILLED), end_of(folder)
        kills += status == KILLED
        finish('u2pl', runs, folder)
    assert kills > 1
    runs.tally['kills'] += kills
    report(capsys, f'{function.__name__}: {kills} kills')


@pytest.mark.parametrize('number', [
    1, pytest.param(2, marks=pytest.mark.full), 3])
@pytest.mark.parametrize('event', [kill_halfway, fill_disk],
                         ids=lambda event: event.__name__)
def test_an_incomplete_checkpoint_does_no_harm(
        event, number, runs, tmp_path):  # noqa: F811
    status = start('u2pl', runs.root, tmp_path,
                   prepare=BeforeWrite(number, event))
    if event is fill_disk:
        assert status == 1
        assert 'MB could not be written' in end_of(tmp_path)
        assert not list(tmp_path.glob('.*.tmp*')), 'an incomplete file is left'
        runs.tally['full'] += 1
    else:
        assert status == KILLED and list(tmp_path.glob('.*.tmp*'))
        runs.tally['kills'] += 1
    finish('u2pl', runs, tmp_path)
    assert not list(tmp_path.glob('.*.tmp*'))


def test_killing_one_of_two_processes_ends_the_other(
        runs, tmp_path, capsys):  # noqa: F811
    """The other process reports the reason; both can be resumed."""
    expected, killed = tmp_path / 'expected', tmp_path / 'killed'
    assert start_two(runs.root, expected) == 0, end_of(expected)
    # The launcher checks late; otherwise it would report SIGKILL first.
    status = start_two(runs.root, killed, CallCounter(300_000), seconds=10)
    seconds = time.time() - (killed / 'started_1').stat().st_mtime
    assert status == 1 and seconds < 60
    output = (killed / 'output').read_text()
    assert re.search(
        '^Process 0 cannot go on: another process of this run has ended .* '
        'The same command with --resume goes on', output, re.M), end_of(killed)
    assert not (killed / 'error.txt').exists()
    assert start_two(runs.root, killed) == 0, end_of(killed)
    assert_same(outcome(killed), outcome(expected))
    check_progress(killed)
    runs.tally.update(kills=1, runs=1, same=1)
    report(capsys, f'two processes: ended {seconds:.1f} s after the last '
           'iteration of the killed process')


def test_processes_skip_a_step_together(runs, tmp_path):  # noqa: F811
    """Otherwise their weights would differ."""
    assert start_two(
        runs.root, tmp_path, non_finite_iter=2,
        custom_hooks=[dict(type='FaultProbe'), dict(type='MeanTeacherHook')],
        non_finite=dict(action='skip')) == 0, end_of(tmp_path)
    hub = read_checkpoint(str(tmp_path / 'iter_8.pth'))['message_hub']
    assert hub['runtime_info']['skipped_steps'] == 1
    text = (tmp_path / 'output').read_text()
    assert 'Iteration 3, step 1 of it: extra.loss is inf. The step' in text
    assert 'a loss of another process is not finite. The step is' in text
