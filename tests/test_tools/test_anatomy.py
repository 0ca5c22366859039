"""tools/anatomy.py compares runs with a baseline, paired by seed."""
import json
import subprocess
import sys
from math import isnan

import cv2
import pytest
from helpers import REPOSITORY

from mmseg_fst.report.label_free_rank import rank_candidates
from mmseg_fst.report.seed_pairs import paired_difference, virtual_steps

TOOL = REPOSITORY / 'tools/anatomy.py'


def write_run(folder, scores, hook, iterations=4, batch_size=2):
    """A finished run of three validations; scores by iteration."""
    folder.mkdir(parents=True)
    rows = {}
    for step, (student, teacher, density) in scores.items():
        rows[str(step)] = {
            'student/mIoU': student, 'teacher/mIoU': teacher,
            'student/label_free/density': density,
            'student/label_free/entropy': density}
    (folder / 'results.json').write_text(json.dumps(dict(
        seed=0, max_iters=iterations, protocol='whole', iterations=rows)))
    (folder / 'config.json').write_text(json.dumps(dict(
        custom_hooks=[hook],
        train_dataloader=dict(batch_size=batch_size))))
    log = folder / '1/vis_data'
    log.mkdir(parents=True)
    entries = [dict(step=4, lr=1., time=30.)] + [
        {'step': step, 'pseudo_label/past/mIoU': 10.,
         'pseudo_label/future/mIoU': 10. + gain}
        for step, gain in ((2, 1.), (4, 3.))]
    (log / 'scalars.json').write_text('\n'.join(map(json.dumps, entries)))


@pytest.fixture
def runs(tmp_path):
    """Student 1 and 3 better with FST; another run has one seed."""
    mean_teacher = dict(type='MeanTeacherHook')
    for seed, (plain, ahead) in enumerate([(30., 31.), (32., 35.)]):
        write_run(tmp_path / f'streets_plain/seed_{seed}', {
            1: (20., 20., 1.), 2: (25., 25., 2.), 4: (plain, 40., 3.)},
            mean_teacher)
        write_run(tmp_path / f'streets_fst/seed_{seed}', {
            1: (20., 20., 3.), 2: (45., 25., 2.), 4: (ahead, 41., 1.)},
            dict(type='FSTHook', depth=3))
    write_run(tmp_path / 'streets_large/seed_0', {4: (33., 39., 0.)},
              mean_teacher, batch_size=8)
    return sorted(tmp_path.glob('streets_*'))


def tool(*args):
    return subprocess.run([sys.executable, TOOL, *map(str, args)],
                          capture_output=True, text=True, cwd=REPOSITORY)


def test_table_and_figure(runs, tmp_path):
    figure = tmp_path / 'figure.png'
    done = tool(*runs, '--baseline', 'plain', '--figure', figure)
    assert done.returncode == 0, done.stderr
    head, _, fst, large, plain, *_ = done.stdout.splitlines()
    assert head == (
        '| run | computation | minutes | seeds | student | '
        'student - streets_plain | teacher | teacher - streets_plain | '
        'pseudo-labels, future - past |')
    assert fst == ('| streets_fst | 4 | 2.0 | 2 | 33.0 ± 2.8 | +2.0 ± 1.0 | '
                   '41.0 ± 0.0 | +1.0 ± 0.0 | +2.0 ± 0.6 |')
    assert large == ('| streets_large | 4 | 2.0 | 1 | 33.0 | +3.0 | 39.0 | '
                     '-1.0 | +2.0 ± 1.0 |')
    assert plain.startswith('| streets_plain | 1 | 2.0 | 2 | 31.0 ± 1.4 | - |')
    image = cv2.imread(str(figure))
    assert image.shape[1] > 500 and (image < 250).any()


def test_the_best_validation(runs):
    done = tool(*runs, '--baseline', 'streets_plain', '--moment', 'best')
    assert '| streets_fst | 4 | 2.0 | 2 | 45.0 ± 0.0 | +14.0 ± 1.0 |' in (
        done.stdout)


def test_ranks(runs):
    done = tool(*runs, '--rank')
    rows = [line for line in done.stdout.splitlines() if 'student' in line]
    # Correlations of 1 (plain) and -0.5 (FST), which selects 20 of 45; of the
    # methods of seed 0 the plain one is selected: 30 of 33.
    assert rows[0] == (
        '| student | density | 4 | 0.25 | 12.50 | 1 | -1.00 | 3.00 |')
    assert rows[1].startswith('| student | entropy | 4 | -0.25 |')


@pytest.mark.parametrize('args, message', [
    (['--baseline', 'none'], 'choose from streets_fst'),
])
def test_a_missing_baseline_is_named(runs, args, message):
    done = tool(*runs, *args)
    assert done.returncode == 1
    assert message in done.stderr and 'Traceback' not in done.stderr


def test_paired_difference():
    found = paired_difference(dict(a=3., b=5., c=1.), dict(a=2., b=2., d=0.))
    assert found == (2., 1., 2) and str(found) == '+2.0 ± 1.0'
    assert paired_difference(dict(a=1.), dict(a=3.)) == (-2., None, 1)
    assert paired_difference(dict(a=1.), dict(b=3.)) is None


def test_rankings_of_known_order():
    best = rank_candidates([1., 2., 3.], [10., 20., 30.], 'greater')
    assert best == (pytest.approx(1.), 0.)
    worst = rank_candidates([1., 2., 3.], [10., 20., 30.], 'less')
    assert worst == (pytest.approx(-1.), 20.)
    assert isnan(rank_candidates([1., 1.], [5., 7.], 'less').correlation)


@pytest.mark.parametrize('hook, count', [
    (dict(type='MeanTeacherHook'), 0), (dict(type='FSTHook'), 1),
    (dict(type='FSTHook', depth=3, interval=6), .5),
    (dict(type='WideFSTHook'), 3), (dict(type='MomentLookAheadHook'), 0)])
def test_virtual_steps_of_a_config(hook, count):
    assert virtual_steps([dict(type='Other'), hook]) == count
