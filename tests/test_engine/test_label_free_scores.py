"""Scores without labels during a validation."""
import json
import math
from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

import mmseg_fst  # noqa: F401
from mmseg_fst.engine import LabelFreeScores
from mmseg_fst.engine.hooks import CollapsedClassHook
from mmseg_fst.engine.hooks.collapsed_class_hook import labeled_counts
from mmseg_fst.ops import LABEL_FREE_RULES

from .test_hooks import validated_runner


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')
    torch.set_num_threads(1)


def sample_of(label):
    return SegDataSample(pred_sem_seg=PixelData(data=torch.tensor([label])))


def test_known_scores():
    """One sure half of each class, and all equal for the other network."""
    scores = LabelFreeScores()
    sure = torch.eye(2)[[0, 0, 1, 1]].T.view(2, 2, 2)
    for _ in range(2):
        scores.add('student', sure)
        scores.add('teacher', torch.full((2, 2, 2), .5))
    scores.compare(dict(student=[sample_of([[0, 0], [1, 1]])],
                        teacher=[sample_of([[0, 1], [1, 1]])]))
    found = scores.result(labeled=torch.tensor([4, 0]))
    half = math.log(2)
    expected = {
        'student/label_free/entropy': 0.,
        'student/label_free/information': half,
        'student/label_free/density': math.log(3),  # 4 equal ones of 8
        'student/label_free/class_divergence': half,
        'student/label_free/agreement': 75.,
        'teacher/label_free/entropy': half,
        'teacher/label_free/information': 0.,
        'teacher/label_free/density': math.log(7),
        'teacher/label_free/class_divergence': half,
        'teacher/label_free/agreement': 75.,
    }
    assert found == pytest.approx(expected, abs=1e-5)


def test_what_cannot_be_compared_is_left_out():
    scores = LabelFreeScores()
    scores.add('student', torch.eye(2)[[0, 0]].T.view(2, 1, 2))
    scores.compare(dict(student=[sample_of([[0, 0]])]))
    assert set(scores.result()) == {
        f'student/label_free/{name}'
        for name in ('entropy', 'density', 'information')}
    # A labeled class that is never predicted: infinite.
    assert 'student/label_free/class_divergence' not in scores.result(
        torch.tensor([1, 1]))


@pytest.mark.parametrize('select', ['labels', 'label-free'])
def test_a_run_logs_them_and_says_how_it_has_selected(tmp_path, select):
    rule = dict(save_best='student/mIoU', rule='greater')
    if select == 'label-free':
        rule = dict(save_best='student/label_free/entropy', rule='less')
    runner = validated_runner(
        tmp_path, [dict(type='ResultsHook')], default_hooks=dict(
            checkpoint=dict(type='AtomicCheckpointHook', **rule)))
    runner.register_hook(CollapsedClassHook())
    runner.train()
    content = json.loads((tmp_path / 'results.json').read_text())
    entries = content['iterations']
    for entry in entries.values():
        for network in ('student', 'teacher'):
            assert {f'{network}/label_free/{name}'
                    for name in LABEL_FREE_RULES} <= set(entry)
    key = rule['save_best']
    best = (max if rule['rule'] == 'greater' else min)(
        entries, key=lambda step: entries[step][key])
    assert content['selection'] == dict(
        score=key, uses_labels=select == 'labels', iteration=int(best))
    name = key.replace('/', '_')
    assert (tmp_path / f'best_{name}_iter_{best}.pth').is_file()


def test_labels_are_not_read(tmp_path):
    """Other labels of the validation images, the same scores."""
    runner = validated_runner(tmp_path)
    runner.train()
    first = runner.val_loop.run()
    dataset = runner.val_dataloader.dataset
    real = type(dataset).__getitem__

    class Relabeled(type(dataset)):

        def __getitem__(self, index):
            item = real(self, index)
            item['data_samples'].gt_sem_seg.data[:] = 1
            return item

    dataset.__class__ = Relabeled
    second = runner.val_loop.run()
    assert first['student/mIoU'] != second['student/mIoU']
    for key, value in first.items():
        if 'label_free' in key:
            assert second[key] == value, key


def test_observing_does_not_change_labels(tmp_path):
    """Nor the number of forward passes."""
    runner = validated_runner(tmp_path)
    runner.train()
    batch = next(iter(runner.val_dataloader))
    model = runner.model.eval()
    data = model.data_preprocessor(batch)
    passes, observations = [], []
    model.student.backbone.register_forward_hook(
        lambda *args: passes.append(1))
    with torch.no_grad():
        plain = model.predict_each(**data)
        count = len(passes)
        observed = model.predict_each(
            **data, observe=lambda *pair: observations.append(pair))
    assert len(passes) == 2 * count
    for name, samples in plain.items():
        for sample, other in zip(samples, observed[name]):
            assert torch.equal(
                sample.pred_sem_seg.data, other.pred_sem_seg.data)
    assert [name for name, _ in observations] == [
        'student', 'student', 'teacher', 'teacher']
    for _, probability in observations:
        torch.testing.assert_close(
            probability.sum(0), torch.ones(probability.shape[1:]))


def test_labels_of_the_training_are_counted():
    hook = CollapsedClassHook()
    runner = SimpleNamespace(hooks=[hook])
    assert labeled_counts(runner) is None
    hook.counts = dict(labeled=torch.tensor([3, 4, 9]))
    assert labeled_counts(runner).tolist() == [3, 4]
