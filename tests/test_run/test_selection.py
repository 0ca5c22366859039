"""Selection of checkpoints without labels."""
import json

import pytest
from mmengine.config import Config

from mmseg_fst.run.selection import (
    DEFAULT_SCORE,
    best_without_labels,
    parse_selection,
    select_best,
)

DENSITY = 'student/label_free/density'
ENTROPY = 'student/label_free/entropy'


@pytest.fixture
def run(tmp_path):
    """A run whose best iteration differs from score to score."""
    rows = {'100': (3., .5, 40.), '200': (2., .1, 50.), '300': (1., .3, 60.)}
    (tmp_path / 'results.json').write_text(json.dumps(dict(iterations={
        step: {DENSITY: density, ENTROPY: entropy, 'student/mIoU': score,
               'teacher/label_free/density': 0.}
        for step, (density, entropy, score) in rows.items()})))
    for name in ('iter_100', 'iter_200', 'best_student_mIoU_iter_300',
                 'iter_400'):
        (tmp_path / f'{name}.pth').touch()
    return tmp_path


@pytest.mark.parametrize('select, name, value', [
    ('label-free:density', 'iter_100', 3.),
    ('label-free:entropy', 'iter_200', .1),
])
def test_the_best_checkpoint_in_the_folder(run, select, name, value):
    found = best_without_labels(str(run), select)
    assert found.path == str(run / f'{name}.pth')
    assert found.value == value
    (run / f'{name}.pth').unlink()
    other = best_without_labels(str(run), select)
    assert other.path != found.path


def test_the_default_score_is_named(run):
    assert best_without_labels(str(run), 'label-free').score == (
        f'student/label_free/{DEFAULT_SCORE}')


def test_without_the_score_or_a_checkpoint(run):
    with pytest.raises(ValueError, match='no score `label_free/agreement`'):
        best_without_labels(str(run), 'label-free:agreement')
    for path in run.glob('*.pth'):
        path.unlink()
    with pytest.raises(FileNotFoundError, match='max_keep_ckpts'):
        best_without_labels(str(run), 'label-free')


@pytest.mark.parametrize('text', ['best', 'label-free:mIoU', 'entropy'])
def test_an_unknown_selection_is_named(text):
    with pytest.raises(ValueError, match=f'got {text!r}'):
        parse_selection(text)


@pytest.mark.parametrize('before, network', [
    ('teacher/mIoU', 'teacher'), ('auto', 'student'), (None, 'student')])
def test_a_config_gets_score_and_rule(before, network):
    cfg = Config(dict(default_hooks=dict(checkpoint=dict(save_best=before))))
    select_best(cfg, 'labels')
    assert cfg.default_hooks.checkpoint == dict(save_best=before)
    select_best(cfg, 'label-free:entropy')
    assert cfg.default_hooks.checkpoint == dict(
        save_best=f'{network}/label_free/entropy', rule='less')


def test_a_config_without_checkpoints_is_refused():
    with pytest.raises(ValueError, match='AtomicCheckpointHook'):
        select_best(Config(dict(model=1)), 'label-free')
