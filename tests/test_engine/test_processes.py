"""Several processes train as one does."""
import functools

import pytest
import torch
from helpers import REPOSITORY
from mmengine.config import Config
from process_server import Group

from mmseg_fst.methods import Method
from mmseg_fst.registry import MODELS

from .process_cases import CASES, MAX_ITERS, fail_in_second, train_case
from .score import OddImages, build_runner, score_all
from .toy import NUM_CLASSES

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def trained(process_server, tmp_path_factory):
    """What two processes of two images end with, and one of four."""

    @functools.cache
    def train(name):
        folder = tmp_path_factory.mktemp(name)
        pair, alone = process_server.run(
            folder,
            Group(2, train_case, (name, 2, folder / 'two')),
            Group(1, train_case, (name, 4, folder / 'one')))
        return *pair, *alone

    return train


@pytest.fixture
def ends(trained):
    """The states at the end alone."""
    return lambda name: [result['end'] for result in trained(name)]


def test_every_method_has_a_case():
    methods = {
        name for name, kind in MODELS.module_dict.items()
        if isinstance(kind, type) and issubclass(kind, Method)
        and kind.__module__.startswith('mmseg_fst.')
    }
    assert methods == {case.model()['type'] for case in CASES.values()}


def test_a_failed_process_is_named(process_server, tmp_path):
    with pytest.raises(AssertionError, match=(
            r'process 0 of 2 .*(\n.*)+process 1 of 2 has failed:\n(.*\n)+'
            'ArithmeticError: of the second')):
        process_server.run(tmp_path, Group(2, fail_in_second, ()))


@pytest.mark.parametrize('name', CASES)
def test_processes_end_alike(trained, name):
    """Weights, teachers, memories; and all that is trained has moved."""
    first, second, _ = trained(name)
    start, end = first['start'], first['end']
    assert end.keys() == second['end'].keys()
    for key, value in end.items():
        assert torch.equal(start[key], second['start'][key]), key
        assert torch.equal(value, second['end'][key]), f'{key} differs by rank'
    moved = {key.partition('.')[0] for key, value in end.items()
             if value.dim() and not torch.equal(value, start[key])}
    networks = {'student', 'teacher', 'auxiliary'}
    assert moved & networks == {
        key.partition('.')[0] for key in end} & networks


@pytest.mark.parametrize('name', [
    name for name, case in CASES.items() if not case.differs])
def test_two_processes_are_one(trained, name):
    """Of the same images: states, and the means of what they log."""
    first, second, alone = trained(name)
    for key, value in first['end'].items():
        torch.testing.assert_close(
            value, alone['end'][key], rtol=1e-5, atol=1e-5, msg=key)
    assert len(alone['logged']) == MAX_ITERS
    for left, right, both in zip(*(
            result['logged'] for result in (first, second, alone))):
        assert left.keys() == right.keys() == both.keys()
        assert left != right, 'both processes see the same images'
        mean = {key: (left[key] + right[key]) / 2 for key in left}
        assert mean == pytest.approx(both, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize('names', [
    # The real step takes the labeled pass from the first virtual step.
    ('fst_depth', 'fst_depth_without_reuse'),
    # With all restored, random numbers and result are the same.
    ('fst_same_mix', 'fst_new_mix'),
])
def test_processes_share_passes(ends, names):
    shared, plain = (ends(name)[0] for name in names)
    for key, value in shared.items():
        torch.testing.assert_close(
            value, plain[key], rtol=1e-6, atol=1e-6, msg=key)


def test_processes_sample_independently(trained):
    first, second, _ = trained('fst_random')
    assert not torch.equal(first['mask'], second['mask'])


def test_processes_remember_what_all_have_seen(ends):
    """The memory of U2PL and that of CAC hold the pixels of both processes.

    That of U2PL by its release stays empty here: negatives are labeled as the
    class that they are not, and this network knows but one class.
    """
    first, _, alone = ends('u2pl')
    sizes = first['contrast.sizes']
    assert len(first['contrast.queue']) == sizes.sum()
    # As many as of the same images in one process, not half of them.
    assert sizes.sum() > .75 * alone['contrast.sizes'].sum()
    # Two batches of two crops of ten pixels, of each process.
    first, _, alone = ends('cac')
    assert len(first['contrast.keys']) == (
        2 * len(alone['contrast.keys'])) == 80


def test_processes_have_one_bank(ends):
    """The confidence bank of AEL counts the pixels of all of them."""
    bank = ends('ael_random')[0]['bank.updates']
    assert bank.max() == MAX_ITERS


def test_processes_have_the_same_split_layers(ends):
    """Both kinds of normalization of DSBN, weights and statistics."""
    first = ends('dsbn')[0]
    split = [name for name in first if '.other.running_mean' in name]
    assert len(split) > 10
    assert any(not torch.equal(first[name], first[
        name.replace('.other.', '.main.')]) for name in split)


def test_processes_keep_the_same_earlier_students(ends):
    first = ends('prevmatch_random')[0]
    assert first['previous.added'] == 2
    assert not torch.equal(*(
        first[f'previous.copies.{index}.decode_head.conv_seg.bias']
        for index in (0, 1)))


def test_processes_have_one_memory(ends):
    """The memory of AllSpark has been filled."""
    assert ends('allspark')[0]['student.neck.memory.position'].any()


def test_processes_have_one_threshold(trained):
    """CorrMatch: of what both of them predict; equal by the test above."""
    start, end = (trained('corrmatch')[0][when]['confidence_threshold.value']
                  for when in ('start', 'end'))
    assert start != end


def small(path):
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
def in_two(process_server, tmp_path_factory):
    """Scores by all protocols, of each of two processes."""
    folder = tmp_path_factory.mktemp('score')
    scores, = process_server.run(
        folder, Group(2, score_all, (PROTOCOLS, 5, folder / 'runs')))
    return scores


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
