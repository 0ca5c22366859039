"""Killed runs are resumed with the results of an uninterrupted run."""
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from types import SimpleNamespace

import pytest
from fault_runs import (
    INTERVAL,
    METHODS,
    BeforeWrite,
    CallCounter,
    fill_disk,
    kill_halfway,
    outcome,
    start,
    start_two,
    started_iters,
)
from helpers import make_streets
from test_engine.toy import assert_same

from mmseg_fst.utils.checkpoint import read_checkpoint

pytestmark = pytest.mark.faults
KILLS = 4
KILLED = -signal.SIGKILL
# Left out of CI for its time; `-m faults` runs all.
BY_HAND = 'fst-w', 'cutmix_fst', 'replace', 'remove'


@pytest.fixture(scope='module')
def runs(tmp_path_factory, request):
    """Uninterrupted runs of each method, made on demand.

    Prints the number of killed runs at the end.
    """
    folder = tmp_path_factory.mktemp('faults')
    root, cache = make_streets(folder / 'streets'), {}

    def uninterrupted(method):
        if method not in cache:
            work_dir = folder / method
            assert start(method, root, work_dir, CallCounter()) == 0, (
                end_of(work_dir))
            cache[method] = SimpleNamespace(
                outcome=outcome(work_dir),
                calls=int((work_dir / 'calls').read_text()))
        return cache[method]

    tally = Counter()
    yield SimpleNamespace(
        root=root, uninterrupted=uninterrupted, tally=tally)
    capture = request.config.pluginmanager.getplugin('capturemanager')
    with capture.global_and_fixture_disabled():
        say(f'\nFault campaign: {tally["kills"]} kills and {tally["full"]} '
            f'full disks in {tally["runs"]} runs; the results of '
            f'{tally["runs"] - tally["same"]} of them differ from an '
            'uninterrupted run.')


def finish(method, runs, folder):
    """Finish a run and compare it with an uninterrupted run."""
    runs.tally['runs'] += 1
    assert start(method, runs.root, folder) == 0, end_of(folder)
    assert_same(outcome(folder), runs.uninterrupted(method).outcome)
    check_progress(folder)
    runs.tally['same'] += 1


def check_progress(folder):
    """Check that a restart repeats only the iterations after a checkpoint."""
    reached = 0
    for iterations in started_iters(folder):
        if iterations:
            assert iterations[0] >= reached // INTERVAL * INTERVAL
            reached = max(reached, iterations[-1])


def end_of(folder):
    """Return the end of the output of a run."""
    return (folder / 'output').read_text()[-3000:]


def report(capsys, text):
    """Print a line although pytest captures the output."""
    with capsys.disabled():
        say(f' {text}.')


def say(text):
    """Print to stderr, the only way for workers of xdist to the terminal."""
    print(text, file=sys.stderr, flush=True)


@pytest.mark.parametrize('method', [
    pytest.param(name, marks=[pytest.mark.full] if name in BY_HAND else [])
    for name in METHODS])
def test_a_run_killed_anywhere_gives_the_same_results(method, runs, tmp_path,
                                                      capsys):
    """Each start is killed at a random call."""
    rng, kills, finished = random.Random(method), 0, 0
    calls = runs.uninterrupted(method).calls
    while kills < KILLS:
        folder, status = tmp_path / str(finished), KILLED
        while status == KILLED and kills < KILLS:
            counter = CallCounter(rng.randrange(1, calls // 2))
            status = start(method, runs.root, folder, counter)
            kills += status == KILLED
        assert status in (0, KILLED), end_of(folder)
        finish(method, runs, folder)
        finished += 1
    runs.tally['kills'] += kills
    report(capsys, f'{method}: {kills} kills, {finished} runs')


@pytest.mark.parametrize('function', [
    pytest.param(function, id=function.__name__, marks=[
        pytest.mark.full] if function.__name__ in BY_HAND else [])
    for function in (os.fsync, os.replace, os.remove)])
def test_a_run_killed_while_writing_gives_the_same_results(
        function, runs, tmp_path, capsys):
    """Checkpoints and scores: killed before flush, rename and removal."""
    kills = 0
    for at in (1, 2, 3, 5):
        folder = tmp_path / str(at)
        counter = CallCounter(at, function)
        status = start('u2pl', runs.root, folder, counter)
        assert status in (0, KILLED), end_of(folder)
        kills += status == KILLED
        finish('u2pl', runs, folder)
    assert kills > 1
    runs.tally['kills'] += kills
    report(capsys, f'{function.__name__}: {kills} kills')


@pytest.mark.parametrize('number', [1, 2, 3])
@pytest.mark.parametrize('event', [kill_halfway, fill_disk],
                         ids=lambda event: event.__name__)
def test_an_incomplete_checkpoint_does_no_harm(event, number, runs, tmp_path):
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


def test_killing_one_of_two_processes_ends_the_other(runs, tmp_path, capsys):
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


def test_processes_skip_a_step_together(runs, tmp_path):
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


def test_a_deterministic_run_is_reproducible(runs, tmp_path):
    """With the deterministic algorithms of PyTorch, as far as they exist."""
    randomness = dict(seed=7, deterministic=True)
    first, second = tmp_path / 'first', tmp_path / 'second'
    for folder in (first, second):
        assert start('fst-d', runs.root, folder,
                     randomness=randomness) == 0, end_of(folder)
    assert_same(outcome(first), outcome(second))
    other = runs.uninterrupted('fst-d').outcome
    assert outcome(first)['scalars.json'] != other['scalars.json']
