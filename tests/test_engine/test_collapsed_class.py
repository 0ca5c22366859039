"""Classes that are not sampled, pseudo-labeled or predicted are named."""
import csv
import json
import re

import numpy as np
import pytest
import torch
from mmengine.dataset import ConcatDataset
from mmseg.datasets import BaseSegDataset

from mmseg_fst.engine.hooks import CollapsedClassHook
from mmseg_fst.engine.hooks.collapsed_class_hook import pseudo_labeled
from mmseg_fst.engine.named_scores import describe_data
from mmseg_fst.ops import Mixed
from mmseg_fst.utils.collapsed import split_advice

from .test_hooks import ToyTest, validated_runner
from .test_no_waiting import Waits, copies  # noqa: F401
from .toy import (
    NUM_CLASSES,
    ToyPairs,
    assert_equal,
    make_runner,
    model_config,
    prepare,
    state,
)

WATCH = [dict(type='CollapsedClassHook'), dict(type='ResultsHook')]


class WithoutLast(ToyPairs):
    """Pairs whose labels lack the last class."""

    def __getitem__(self, index) -> dict:
        pair = super().__getitem__(index)
        label = pair['labeled']['data_samples'].gt_sem_seg
        label.data[label.data == NUM_CLASSES - 1] = 0
        return pair


def trained(work_dir, hooks=WATCH, **changes):
    """A run without labels of class e, whose student never predicts d."""
    runner = validated_runner(work_dir, hooks, **changes)
    runner._train_dataloader['dataset'] = WithoutLast()
    model = runner.model
    for network in (model.student, model.teacher):
        network.decode_head.conv_seg.bias.data[3] = -100
    model.init_weights = lambda: None
    runner.train()
    return runner


def test_results_name_classes_and_what_to_change(tmp_path):
    runner = trained(tmp_path, log_level='WARNING')
    content = json.loads((tmp_path / 'results.json').read_text())
    warnings = content['warnings']
    assert any('any training batch of 4 iterations: e.' in text
               for text in warnings)
    # Once is enough for e: it cannot be pseudo-labeled before it is sampled.
    assert any(re.match(r'Without pseudo-labels: [^.]*\bd \(never\)\.', text)
               for text in warnings)
    assert any(re.search(r'labels: .*\bd\b[^()]*\(student, teacher\)', text)
               for text in warnings)
    assert content['data'] == dict(
        name='ToyTest', split='', images=6, classes=NUM_CLASSES)
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert log.count('Validation at iteration 2. ') == 3
    assert log.count('Validation at iteration 4. ') == len(warnings) == 3
    # The advice is in the log once, and with each warning in the results.
    for warning in warnings:
        found, advice = split_advice(warning)
        assert f'{found} {advice}' == warning and advice
        assert log.count(advice) == 1
    for iteration, metrics in content['iterations'].items():
        for network in ('student', 'teacher'):
            found = content['classes'][iteration][network]
            assert found['d']['IoU'] == found['d']['predicted'] == 0
            assert found['d']['precision'] is None
            assert np.mean([values['IoU'] for values in found.values()]
                           ) == pytest.approx(metrics[f'{network}/mIoU'],
                                              abs=.006)
    with open(tmp_path / 'confusion_teacher.csv', newline='') as file:
        head, *rows = csv.reader(file)
    matrix = np.array([row[1:] for row in rows], int)
    assert head[1:] == [*'abcde', 'other'] == [row[0] for row in rows]
    labels = torch.cat([item['data_samples'].gt_sem_seg.data
                        for item in map(ToyTest().__getitem__, range(6))])
    assert matrix.sum(1).tolist() == [
        *(int((labels == i).sum()) for i in range(NUM_CLASSES)), 0]
    assert (matrix == runner.val_loop.confusion['teacher'].numpy()).all()


def test_a_run_is_the_same_with_and_without_it(tmp_path):
    first = trained(tmp_path / 'with')
    second = trained(tmp_path / 'without', [])
    assert_equal(state(first), state(second))


def test_a_resumed_run_remembers_what_was_counted(tmp_path):
    trained(tmp_path)
    runner = validated_runner(
        tmp_path, WATCH, load_from=str(tmp_path / 'iter_4.pth'), resume=True)
    runner.train_loop._max_iters = 6
    runner._train_dataloader = runner.train_loop.dataloader

    class OnlyFirst(ToyPairs):
        def __getitem__(self, index) -> dict:
            pair = super().__getitem__(index)
            label = pair['labeled']['data_samples'].gt_sem_seg
            label.data[label.data != 255] = 0
            return pair

    runner.train_loop.dataloader.dataset.__class__ = OnlyFirst
    runner.train()
    warnings = json.loads((tmp_path / 'results.json').read_text())['warnings']
    # Classes b to d were sampled before.
    assert any('6 iterations: e.' in text for text in warnings)


def test_counts_since_the_last_validation_are_in_checkpoints(tmp_path):
    runner = make_runner(tmp_path, [dict(type='MeanTeacherHook')],
                         dict(type='SGD', lr=.1))
    hook, other = CollapsedClassHook(), CollapsedClassHook()
    batch = prepare(runner)
    hook.after_train_iter(runner, 0, batch)
    checkpoint = {}
    hook.before_save_checkpoint(runner, checkpoint)
    other.after_load_checkpoint(runner, checkpoint)
    assert not other.counts  # only a resumed run goes on counting
    runner._resume = True
    other.after_load_checkpoint(runner, checkpoint)
    assert other.counts['labeled'].tolist() == hook.counts[
        'labeled'].tolist()


@pytest.mark.parametrize('model', [
    {}, dict(type='CutMixMeanTeacher', mixer=dict(type='NoMix'),
             pseudo_filter=dict(type='EntropyPercentile'),
             teacher_mode='eval')], ids=['class-mix', 'filter'])
def test_counting_does_not_wait(tmp_path, model, copies):  # noqa: F811
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook')],
        dict(type='SGD', lr=.1), model=model_config(**model))
    hook = CollapsedClassHook()
    batch = prepare(runner)
    runner.model.train_step(batch, runner.optim_wrapper)
    copies.clear()
    with Waits() as waits:
        for _ in range(2):
            hook.after_train_iter(runner, 0, batch)
    assert waits.places + copies == []
    mixed = runner.model.mixed
    assert hook.counts['pseudo'].sum() == 2 * pseudo_labeled(mixed).sum()
    labeled = sum((sample.gt_sem_seg.data == 2).sum()
                  for sample in batch['labeled']['data_samples'])
    assert hook.counts['labeled'][2] == 2 * labeled


def test_pasted_labels_are_not_pseudo_labels():
    weight = torch.tensor([[[1., 0., .5]]])
    mask = torch.tensor([[[True, False, False]]])
    mixed = Mixed(None, None, weight, mask, None)
    assert pseudo_labeled(mixed).tolist() == [[[False, False, True]]]
    of_others = mixed._replace(index=torch.tensor([0]))
    assert pseudo_labeled(of_others).tolist() == [[[True, False, True]]]


def test_data_are_named(tmp_path):
    for name in ('a', 'b'):
        folder = tmp_path / 'tiles' / 'images'
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f'{name}.jpg').touch()
    (tmp_path / 'tiles' / 'val.txt').write_text('a\nb\n')
    classes = dict(classes=('wall', 'crack'))
    listed = BaseSegDataset(
        ann_file='val.txt', data_root=str(tmp_path / 'tiles'),
        data_prefix=dict(img_path='images'), metainfo=classes,
        img_suffix='.jpg')
    assert describe_data(listed) == dict(
        name='tiles', split='val', images=2, classes=2)
    folder = BaseSegDataset(
        data_root=str(tmp_path), data_prefix=dict(img_path='tiles/images'),
        metainfo=classes, img_suffix='.jpg')
    both = ConcatDataset([listed, folder])
    assert describe_data(both)['split'] == 'val+images'
    assert describe_data(both)['images'] == 4
    assert describe_data(ToyTest())['images'] == 6
