"""Killed runs are resumed with the results of an uninterrupted run."""
import random
import signal

import pytest
from fault_campaign import end_of, finish, report, runs  # noqa: F401
from fault_runs import METHODS, CallCounter, outcome, start
from test_engine.toy import assert_same

pytestmark = pytest.mark.faults
# Two for the other methods, for the time of CI.
KILLS = {'fst-d': 4}
KILLED = -signal.SIGKILL
# Left out of CI for its time; `-m faults` runs all.
BY_HAND = 'fst-w', 'cutmix_fst', '3-cps'


@pytest.mark.parametrize('method', [
    pytest.param(name, marks=[pytest.mark.full] if name in BY_HAND else [])
    for name in METHODS])
def test_a_run_killed_anywhere_gives_the_same_results(
        method, runs, tmp_path, capsys):  # noqa: F811
    """Each start is killed at a random call."""
    rng, kills, finished = random.Random(method), 0, 0
    demanded = KILLS.get(method, 2)
    calls = runs.uninterrupted(method).calls
    while kills < demanded:
        folder, status = tmp_path / str(finished), KILLED
        while status == KILLED and kills < demanded:
            counter = CallCounter(rng.randrange(1, calls // 2))
            status = start(method, runs.root, folder, counter)
            kills += status == KILLED
        assert status in (0, KILLED), end_of(folder)
        finish(method, runs, folder)
        finished += 1
    runs.tally['kills'] += kills
    report(capsys, f'{method}: {kills} kills, {finished} runs')


def test_a_deterministic_run_is_reproducible(runs, tmp_path):  # noqa: F811
    """With the deterministic algorithms of PyTorch, as far as they exist."""
    randomness = dict(seed=7, deterministic=True)
    first, second = tmp_path / 'first', tmp_path / 'second'
    for folder in (first, second):
        assert start('fst-d', runs.root, folder,
                     randomness=randomness) == 0, end_of(folder)
    assert_same(outcome(first), outcome(second))
    other = runs.uninterrupted('fst-d').outcome
    assert outcome(first)['scalars.json'] != other['scalars.json']
