"""Tests of reading the scores of a run."""
import json

import pytest

from mmseg_fst.apis import Score, format_scores, read_scores
from mmseg_fst.run.score_files import final_warnings


@pytest.fixture
def run(tmp_path):
    """Four validations; as text, '900' sorts behind '1000'."""
    iterations = {
        '900': {'student/mIoU': 50., 'teacher/mIoU': 40.,
                'student/aAcc': 1.},
        '1000': {'student/mIoU': 45., 'teacher/mIoU': 60.,
                 'student/aAcc': 9.},
        '100': {'student/mIoU': 50., 'teacher/mIoU': 10.,
                'student/aAcc': 5.},
        '20': {'student/mIoU': 5., 'teacher/mIoU': 61.5,
               'student/aAcc': 4.},
    }  # yapf: disable
    (tmp_path / 'results.json').write_text(
        json.dumps(dict(seed=0, iterations=iterations)))
    return str(tmp_path)


def test_last_and_best_of_each_network(run):
    assert read_scores(run) == [
        Score('student', 45., 50., 900),
        Score('teacher', 60., 61.5, 20)
    ]


def test_another_metric(run):
    assert read_scores(run, 'aAcc') == [Score('student', 9., 9., 1000)]


def test_a_run_without_validation_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='results.json is missing'):
        read_scores(str(tmp_path))


def test_lines_for_reading(run):
    assert format_scores(read_scores(run)).splitlines() == [
        'student: last mIoU 45.00, best 50.00 at iteration 900',
        'teacher: last mIoU 60.00, best 61.50 at iteration 20'
    ]
    lines = format_scores([Score('deeplabv3plus', 1., 2., 3),
                           Score('rgb', 1., 2., 3)]).splitlines()
    assert lines[1].index(':') == lines[0].index(':')


def test_a_class_with_zero_is_beside_the_score(run, tmp_path):
    path = tmp_path / 'results.json'
    content = json.loads(path.read_text())
    shown = dict(IoU=98.6, labeled=97., predicted=99.)
    zero = dict(IoU=0., labeled=3., predicted=1.)
    content['classes'] = {
        step: dict(student=dict(wall=shown, crack=zero),
                   teacher=dict(wall=shown,
                                crack=zero if step == '1000' else shown))
        for step in content['iterations']
    }
    content['warnings'] = ['Never predicted: crack.']
    path.write_text(json.dumps(content))
    assert format_scores(read_scores(run)).splitlines() == [
        'student: last mIoU 45.00 (IoU 0.0: crack), best 50.00 '
        '(IoU 0.0: crack) at iteration 900',
        'teacher: last mIoU 60.00 (IoU 0.0: crack), best 61.50 at '
        'iteration 20'
    ]
    first, second = final_warnings(run)
    assert first.startswith('This run has not learned crack (student):')
    assert second == 'Never predicted: crack.'


def test_a_run_of_an_older_version_has_no_warnings(run):
    assert final_warnings(run) == []
