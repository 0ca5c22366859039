"""Runs that are killed, and go on as if they had not been."""
import errno
import os
import random
import resource
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch.utils.tensorboard  # noqa: F401, children need not import it
from fault_runs import INTERVAL, METHODS, CallCounter, begun, outcome, start
from helpers import make_streets
from test_engine.toy import assert_same

pytestmark = pytest.mark.faults
KILLS = 7


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """By method a run that nothing has happened to, made when asked for."""
    folder = tmp_path_factory.mktemp('faults')
    root, known = make_streets(folder / 'streets'), {}

    def whole(method):
        if method not in known:
            place = folder / method
            assert start(method, root, place, CallCounter()) == 0, (
                place / 'output').read_text()[-3000:]
            known[method] = SimpleNamespace(
                outcome=outcome(place),
                calls=int((place / 'calls').read_text()))
        return known[method]

    return SimpleNamespace(root=root, whole=whole)


def finish(method, runs, folder):
    """Let a run come to its end; compare it with one of a single piece."""
    assert start(method, runs.root, folder) == 0, (
        folder / 'output').read_text()[-3000:]
    assert_same(outcome(folder), runs.whole(method).outcome)
    check_progress(folder)


def check_progress(folder):
    """Nothing was lost but what no checkpoint could hold."""
    reached = 0
    for iterations in begun(folder):
        if iterations:
            assert iterations[0] >= reached // INTERVAL * INTERVAL
            reached = max(reached, iterations[-1])


@pytest.mark.parametrize('method', METHODS)
def test_killed_anywhere(method, runs, tmp_path, capsys):
    """At calls drawn at random, one start after the other."""
    rng, kills, starts = random.Random(method), 0, 0
    calls = runs.whole(method).calls
    while kills < KILLS:
        folder = tmp_path / str(starts)
        status = -9
        while status == -9 and kills < KILLS:
            counter = CallCounter(rng.randrange(1, calls // 2))
            status = start(method, runs.root, folder, counter)
            kills += status == -9
        assert status in (0, -9), (folder / 'output').read_text()[-3000:]
        finish(method, runs, folder)
        starts += 1
    with capsys.disabled():
        print(f' {method}: {kills} kills, {starts} runs, 0 failures', end='')
