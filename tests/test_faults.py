"""Runs that are killed, and go on as if they had not been."""
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
    AtTheWrite,
    CallCounter,
    begun,
    full,
    half,
    outcome,
    start,
    start_two,
)
from helpers import make_streets
from test_engine.toy import assert_same

from mmseg_fst.utils.checkpoint import read_checkpoint

pytestmark = pytest.mark.faults
KILLS = 7
KILLED = -signal.SIGKILL


@pytest.fixture(scope='module')
def runs(tmp_path_factory, request):
    """By method a run that nothing has happened to, made when asked for.

    In the end it prints how many were killed, and what came of them.
    """
    folder = tmp_path_factory.mktemp('faults')
    root, known = make_streets(folder / 'streets'), {}

    def whole(method):
        if method not in known:
            place = folder / method
            assert start(method, root, place, CallCounter()) == 0, (
                end_of(place))
            known[method] = SimpleNamespace(
                outcome=outcome(place),
                calls=int((place / 'calls').read_text()))
        return known[method]

    tally = Counter()
    yield SimpleNamespace(root=root, whole=whole, tally=tally)
    capture = request.config.pluginmanager.getplugin('capturemanager')
    with capture.global_and_fixture_disabled():
        say(f'\nFault campaign: {tally["kills"]} kills and {tally["full"]} '
            f'full disks in {tally["runs"]} runs; '
            f'{tally["runs"] - tally["same"]} of them ended otherwise than '
            'without.')


def finish(method, runs, folder):
    """Let a run come to its end; compare it with one of a single piece."""
    runs.tally['runs'] += 1
    assert start(method, runs.root, folder) == 0, end_of(folder)
    assert_same(outcome(folder), runs.whole(method).outcome)
    check_progress(folder)
    runs.tally['same'] += 1


def check_progress(folder):
    """Nothing was lost but what no checkpoint could hold."""
    reached = 0
    for iterations in begun(folder):
        if iterations:
            assert iterations[0] >= reached // INTERVAL * INTERVAL
            reached = max(reached, iterations[-1])


def end_of(folder):
    """What a run has printed last."""
    return (folder / 'output').read_text()[-3000:]


def report(capsys, text):
    """Print although tests are silent."""
    with capsys.disabled():
        say(f' {text}.')


def say(text):
    """To stderr, as xdist's workers have no other way to the terminal."""
    print(text, file=sys.stderr, flush=True)


@pytest.mark.parametrize('method', METHODS)
def test_killed_anywhere(method, runs, tmp_path, capsys):
    """At calls drawn at random, one start after the other."""
    rng, kills, finished = random.Random(method), 0, 0
    calls = runs.whole(method).calls
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


@pytest.mark.parametrize('function', [os.fsync, os.replace, os.remove],
                         ids=lambda function: function.__name__)
def test_killed_between_the_steps_of_writing(function, runs, tmp_path,
                                             capsys):
    """Of a checkpoint, or of the scores: before flush, rename, removal."""
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
@pytest.mark.parametrize('event', [half, full],
                         ids=lambda event: event.__name__)
def test_ended_in_the_middle_of_a_checkpoint(event, number, runs, tmp_path):
    status = start('u2pl', runs.root, tmp_path,
                   prepare=AtTheWrite(number, event))
    if event is full:
        assert status == 1
        assert 'MB could not be written' in end_of(tmp_path)
        assert not list(tmp_path.glob('.*.tmp*')), 'half a file is left'
        runs.tally['full'] += 1
    else:
        assert status == KILLED and list(tmp_path.glob('.*.tmp*'))
        runs.tally['kills'] += 1
    finish('u2pl', runs, tmp_path)
    assert not list(tmp_path.glob('.*.tmp*'))


def test_one_of_two_processes_is_killed(runs, tmp_path, capsys):
    """The other ends and says why; both go on together."""
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    assert start_two(runs.root, whole) == 0, end_of(whole)
    # The launcher, which says SIGKILL if it is first to see it, is late.
    status = start_two(runs.root, killed, CallCounter(300_000), seconds=10)
    seconds = time.time() - (killed / 'begun_1').stat().st_mtime
    assert status == 1 and seconds < 60
    output = (killed / 'output').read_text()
    assert re.search(
        '^Process 0 cannot go on: another process of this run has ended .* '
        'The same command with --resume goes on', output, re.M), end_of(killed)
    assert not (killed / 'error.txt').exists()
    assert start_two(runs.root, killed) == 0, end_of(killed)
    assert_same(outcome(killed), outcome(whole))
    check_progress(killed)
    runs.tally.update(kills=1, runs=1, same=1)
    report(capsys, f'two processes: ended {seconds:.1f} s after the last '
           'iteration of the one that was killed')


def test_processes_skip_a_step_together(runs, tmp_path):
    """Else they would not be of the same weights any more."""
    assert start_two(
        runs.root, tmp_path, spoiled=2,
        custom_hooks=[dict(type='FaultProbe'), dict(type='MeanTeacherHook')],
        non_finite=dict(action='skip')) == 0, end_of(tmp_path)
    hub = read_checkpoint(str(tmp_path / 'iter_8.pth'))['message_hub']
    assert hub['runtime_info']['skipped_steps'] == 1
    text = (tmp_path / 'output').read_text()
    assert 'Iteration 3, step 1 of it: extra.loss is inf. The step' in text
    assert 'a loss of another process is not finite. The step is' in text


def test_a_deterministic_run_is_the_same_twice(runs, tmp_path):
    """By PyTorch's deterministic algorithms, which it may not always have."""
    randomness = dict(seed=7, deterministic=True)
    first, second = tmp_path / 'first', tmp_path / 'second'
    for folder in (first, second):
        assert start('fst-d', runs.root, folder,
                     randomness=randomness) == 0, end_of(folder)
    assert_same(outcome(first), outcome(second))
    other = runs.whole('fst-d').outcome
    assert outcome(first)['scalars.json'] != other['scalars.json']
