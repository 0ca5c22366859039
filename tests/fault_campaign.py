"""What tests of killed runs share: runs to compare with, and the tally."""
import sys
from collections import Counter
from types import SimpleNamespace

import pytest
from fault_runs import INTERVAL, CallCounter, outcome, start, started_iters
from helpers import make_streets
from test_engine.toy import assert_same


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
