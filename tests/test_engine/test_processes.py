"""Several processes train as one does."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from helpers import REPOSITORY
from mmengine.config import Config

from .score import OddImages, build_runner
from .toy import NUM_CLASSES

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name('processes.py')
SCORE = Path(__file__).with_name('score.py')


def start(script: Path, processes: int, arguments: list, out: Path) -> None:
    """Run a script in several processes; its last argument is a folder."""
    out.mkdir()
    command = [
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        '--nproc_per_node', str(processes), str(script),
        *map(str, arguments), str(out)
    ]
    done = subprocess.run(
        command,
        cwd=out,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''})
    assert done.returncode == 0, done.stderr[-3000:]


def run(out: Path, hook: dict, processes: int, batch_size: int,
        *options: str) -> list[dict]:
    """What all processes end with."""
    start(SCRIPT, processes, [json.dumps(hook), batch_size, *options], out)
    return [
        torch.load(out / f'rank_{rank}.pt', weights_only=True)
        for rank in range(processes)
    ]


@pytest.mark.parametrize('hook, method', [
    (dict(type='FSTHook', depth=3), []),
    (dict(type='FSTHook', depth=1, restore='all'), []),
    (dict(type='WideFSTHook', width=3), []),
    (dict(type='FSTHook', depth=1), ['hrda']),
    pytest.param(dict(type='FSTHook', depth=1), ['cct'],
                 marks=pytest.mark.full),
    pytest.param(dict(type='FSTHook', depth=1, buffers='average'), ['ps-mt'],
                 marks=pytest.mark.full),
], ids=['depth', 'depth_all', 'width', 'hrda', 'cct', 'ps-mt'])
def test_two_processes_are_one(tmp_path, hook, method):
    first, second = (
        state['state'] for state in run(
            tmp_path / 'two', hook, 2, 2, *method))
    alone = run(tmp_path / 'one', hook, 1, 4, *method)[0]['state']
    moved = 0
    for name, value in first.items():
        assert torch.equal(value, second[name]), f'{name} differs by rank'
        torch.testing.assert_close(
            value, alone[name], rtol=1e-5, atol=1e-5, msg=name)
        if name.startswith('student.') and value.dim():
            partner = first[name.replace(
                'student.',
                'teacher.networks.0.' if 'ps-mt' in method else 'teacher.')]
            moved += int(not torch.equal(value, partner))
    assert moved > 10, 'student and teacher are the same: nothing was trained'


def test_processes_sample_independently_and_agree(tmp_path):
    """Batch normalization, ClassMix, jitter, dropout: as in a real run."""
    hook = dict(type='FSTHook', depth=1)
    first, second = run(tmp_path / 'two', hook, 2, 2, 'as-users-do')
    assert not torch.equal(first['mask'], second['mask'])
    for name, value in first['state'].items():
        torch.testing.assert_close(
            value, second['state'][name], rtol=0, atol=0, msg=name)


@pytest.mark.parametrize('rule', [
    'u2pl', 'u2pl-released', 'cac',
    *(pytest.param(name, marks=pytest.mark.full) for name in ('reco', 'ctt'))
])
def test_processes_remember_the_same(tmp_path, rule):
    """The memory of a contrast holds what all of them have seen.

    By the rule of the release it stays empty here: negatives are labeled as
    the class that they are not, and this network knows but one class.
    """
    hook = dict(type='FSTHook', depth=1, when='after')
    if rule == 'cac':
        hook = {}  # there is no teacher
    first, second = (result['state'] for result in run(
        tmp_path / 'two', hook, 2, 2, rule))
    for name, value in first.items():
        torch.testing.assert_close(
            value, second[name], rtol=0, atol=0, msg=name)
    if rule != 'u2pl':
        assert any('contrast' in name or 'auxiliary.' in name
                   for name in first)
        return
    alone = run(tmp_path / 'one', hook, 1, 2, rule)[0]['state']
    sizes = first['contrast.sizes']
    assert len(first['contrast.queue']) == sizes.sum()
    assert sizes.sum() > 1.5 * alone['contrast.sizes'].sum()


def test_processes_have_one_bank(tmp_path):
    """The confidence bank of AEL counts the pixels of all of them."""
    hook = dict(type='FSTHook', depth=1, when='after')
    first, second = (result['state'] for result in run(
        tmp_path / 'two', hook, 2, 2, 'ael'))
    for name, value in first.items():
        torch.testing.assert_close(
            value, second[name], rtol=0, atol=0, msg=name)
    alone = run(tmp_path / 'one', hook, 1, 2, 'ael')[0]['state']
    assert first['bank.updates'].max() == 3
    assert not torch.equal(first['bank.confidence'],
                           alone['bank.confidence'])


@pytest.mark.full
def test_processes_have_the_same_layers(tmp_path):
    """Both kinds of normalization of DSBN, weights and statistics."""
    first, second = (result['state'] for result in run(
        tmp_path / 'two', {}, 2, 2, 'dsbn'))
    split = [name for name in first if '.other.running_mean' in name]
    assert len(split) > 10
    for name, value in first.items():
        torch.testing.assert_close(
            value, second[name], rtol=0, atol=0, msg=name)
    assert any(not torch.equal(first[name], first[
        name.replace('.other.', '.main.')]) for name in split)


@pytest.mark.full
def test_processes_keep_the_same_earlier_students(tmp_path):
    hook = dict(type='PreviousStudentsHook', interval=1)
    first, second = (result['state'] for result in run(
        tmp_path / 'two', hook, 2, 2, 'prevmatch'))
    for name, value in first.items():
        torch.testing.assert_close(
            value, second[name], rtol=0, atol=0, msg=name)
    assert first['previous.added'] == 2
    assert not torch.equal(*(
        first[f'previous.copies.{index}.decode_head.conv_seg.bias']
        for index in (0, 1)))


@pytest.mark.full
def test_processes_fill_the_memory_of_allspark_as_one(tmp_path):
    first, second = (result['state'] for result in run(
        tmp_path / 'two', {}, 2, 2, 'allspark'))
    alone = run(tmp_path / 'one', {}, 1, 4, 'allspark')[0]['state']
    assert first['student.neck.memory.position'].any()
    for name, value in first.items():
        assert torch.equal(value, second[name]), f'{name} differs by rank'
        torch.testing.assert_close(
            value, alone[name], rtol=1e-5, atol=1e-5, msg=name)


@pytest.mark.full
def test_processes_have_one_threshold(tmp_path):
    """Of what both of them predict."""
    first, second = (result['state'] for result in run(
        tmp_path / 'two', {}, 2, 2, 'corrmatch'))
    for name, value in first.items():
        torch.testing.assert_close(
            value, second[name], rtol=0, atol=0, msg=name)
    alone = run(tmp_path / 'one', {}, 1, 2, 'corrmatch')[0]['state']
    name = 'confidence_threshold.value'
    assert first[name] != alone[name]


def small(path: Path) -> dict:
    """A protocol of the configs, for images of some dozen pixels."""
    protocol = Config.fromfile(path).protocol.to_dict()
    for key, divisor in dict(crop_size=24, stride=24, size=8).items():
        if key in protocol:
            protocol[key] //= divisor
    return protocol


PROTOCOLS = {
    'none': None,
    **{path.stem: small(path) for path in sorted(
        (REPOSITORY / 'configs/_base_/protocols').glob('*.py'))}
}


@pytest.fixture(scope='module')
def in_two(tmp_path_factory):
    """Scores by all protocols, of each of two processes."""
    out = tmp_path_factory.mktemp('score') / 'two'
    start(SCORE, 2, [json.dumps(PROTOCOLS), 5], out)
    return [
        json.loads((out / f'rank_{rank}.json').read_text())
        for rank in range(2)
    ]


@pytest.mark.parametrize('name', PROTOCOLS)
def test_two_processes_score_as_one(tmp_path, in_two, name):
    """Of five images, one is shown twice to fill up; it counts once."""
    runner = build_runner(
        str(tmp_path), f'alone_{name}', PROTOCOLS[name], 5, 'none')
    alone = without_times(runner.test())
    assert alone['student/mIoU'] != alone['teacher/mIoU']
    for scores in in_two:
        assert without_times(scores[name]) == alone
    for network in ('student', 'teacher'):
        for metric in ('aAcc', 'mIoU', 'mAcc', 'mDice'):
            assert alone[f'{network}/{metric}'] == pytest.approx(
                alone[f'{network}/mmseg/{metric}'], abs=1e-4)
        once, twice = (
            count_pixels(runner, network, images)
            for images in ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 0]))
        assert alone[f'{network}/mIoU'] == pytest.approx(once, abs=0.006)
        assert abs(once - twice) > 0.02, 'a repeated image would not show'


def test_protocols_differ(in_two):
    """What is scored by different rules differs on these images."""
    scores = [score['student/mIoU'] for score in in_two[0].values()]
    assert len(set(scores)) > len(scores) // 2


def without_times(metrics: dict) -> dict:
    return {key: value for key, value in metrics.items() if 'time' not in key}


def count_pixels(runner, name: str, images: list[int]) -> float:
    """mIoU of one network over some images, by a confusion matrix."""
    model, matrix = runner.model.eval(), torch.zeros(NUM_CLASSES, NUM_CLASSES)
    model.predict_with, data = name, OddImages(5)
    for index in images:
        item = data[index]
        batch = model.data_preprocessor(
            dict(inputs=[item['inputs']], data_samples=[
                item['data_samples']]))
        with torch.no_grad():
            sample, = model(**batch, mode='predict')
        pairs = sample.gt_sem_seg.data * NUM_CLASSES + sample.pred_sem_seg.data
        matrix += torch.bincount(
            pairs.flatten(), minlength=matrix.numel()).view_as(matrix)
    hits = matrix.diag()
    return float((hits / (matrix.sum(0) + matrix.sum(1) - hits)).mean() * 100)
