"""The hook that measures pseudo-labels: what it says, and that it is silent
otherwise."""
import copy
import json

import pytest
import torch
from helpers import pair_index
from mmengine.structures import PixelData

from mmseg_fst.engine.hooks import PseudoLabelQualityHook
from mmseg_fst.engine.pseudo_label_probe import probe, true_labels
from mmseg_fst.ops import count_labels, label_quality
from mmseg_fst.utils.run_logs import cut_logs

from .toy import (
    NUM_CLASSES,
    SIZE,
    ToyPairs,
    assert_equal,
    assert_same,
    co_training_config,
    everything,
    make_runner,
    model_config,
    prepare,
    state,
)

ADAM = dict(type='AdamW', lr=0.01)
QUALITY = dict(type='PseudoLabelQualityHook', interval=1)


class DiagnosedPairs(ToyPairs):
    """Pairs whose unlabeled side has labels for diagnosis, which may be
    another class."""

    shift = 0

    def __getitem__(self, index) -> dict:
        pair = super().__getitem__(index)
        item = self._item(1000 + index.images['unlabeled'], True)
        label = item['data_samples'].gt_sem_seg
        known = label.data != 255
        label.data[known] = (label.data[known] + self.shift) % NUM_CLASSES
        pair['unlabeled']['data_samples'].gt_for_diagnosis = PixelData(
            data=label.data)
        return pair


def run(work_dir, hooks, dataset=None, **changes):
    """A run of some iterations; the runner, afterwards."""
    runner = make_runner(work_dir, hooks, ADAM, max_iters=3, **changes)
    runner._train_dataloader['dataset'] = dataset or DiagnosedPairs()
    runner.train()
    return runner


def scalars(runner):
    """What the hook has logged, by iteration."""
    with open(f'{runner.log_dir}/vis_data/scalars.json') as file:
        entries = map(json.loads, file)
        return {
            entry['step']: entry
            for entry in entries if any('pseudo_label/' in key
                                        for key in entry)
        }


@pytest.mark.parametrize('mover, model', [
    (dict(type='FSTHook', depth=2, decay=.9), {}),
    (dict(type='FSTHook', depth=1, decay=.9, resample_mix=False), {}),
    (dict(type='WideFSTHook', width=2, decay=.9, restore='all'), {}),
    (dict(type='MeanTeacherHook', decay=.9, buffers='copy', when='after'),
     dict(teacher_mode='eval')),
    (None, dict(type='FixMatch')),
    (None, co_training_config()),
], ids=['fst', 'fst_kept', 'wide', 'eval', 'student', 'co-training'])
def test_a_run_is_the_same_with_and_without_it(tmp_path, mover, model):
    """To the last bit, whatever the labels for diagnosis are."""
    hooks = [mover] if mover else []
    if 'students' not in model:
        model = model_config(**model)
    shifted = DiagnosedPairs()
    shifted.shift = 1
    runs = [
        run(tmp_path / name, [*hooks, *more], data, model=model)
        for name, more, data in (('without', [], ToyPairs()),
                                 ('with', [QUALITY], DiagnosedPairs()),
                                 ('shifted', [QUALITY], shifted))
    ]
    for other in runs[1:]:
        assert_equal(state(runs[0]), state(other))
        assert_same(everything(runs[0]), everything(other))
        modes = [[module.training for module in folder.model.modules()]
                 for folder in (runs[0], other)]
        assert modes[0] == modes[1]
    assert not scalars(runs[0])
    first, second = (scalars(folder)[3] for folder in runs[1:])
    assert first.keys() == second.keys() and first != second


def test_past_and_future_are_the_teachers_before_and_after_the_look_ahead(
        tmp_path):
    """Recomputed by hand in the middle of an iteration."""
    runner = make_runner(
        tmp_path, [dict(type='FSTHook', depth=1, decay=.5), QUALITY], ADAM)
    runner._train_dataloader['dataset'] = DiagnosedPairs()
    batch = prepare(runner)
    runner.train_loop.run_iter(batch)
    batch = next(runner.train_loop.dataloader_iterator)
    model = runner.model
    images = model.data_preprocessor(batch, training=True)
    samples = batch['unlabeled']['data_samples']
    truth = true_labels(samples, (SIZE, SIZE))

    def quality(network):
        found = probe(model, network, images['inputs']['unlabeled'], samples)
        values = label_quality(count_labels(*found, NUM_CLASSES, truth))
        return {name: float(value) for name, value in values.items()}

    runner.train_loop._iter = 1
    past = copy.deepcopy(model.teacher)
    expected = dict(student=quality(model.student), past=quality(past))
    runner.train_loop.run_iter(batch)
    expected['future'] = quality(model.teacher)
    assert not torch.equal(
        next(past.parameters()), next(model.teacher.parameters()))
    logged = scalars(runner)[2]
    for who, values in expected.items():
        for name, value in values.items():
            assert logged[f'pseudo_label/{who}/{name}'] == pytest.approx(
                value), (who, name)
    assert expected['past'] != expected['future']
    assert 0 <= logged['pseudo_label/future/disagreement'] <= 100


def test_what_is_logged_with_labels_and_without(tmp_path):
    mover = dict(type='MeanTeacherHook', decay=.9)
    with_labels = scalars(run(tmp_path / 'with', [mover, QUALITY]))
    without = scalars(run(tmp_path / 'without', [mover, QUALITY], ToyPairs()))
    assert list(with_labels) == list(without) == [1, 2, 3]
    for name in ('accuracy', 'mIoU', 'calibration_error'):
        assert f'pseudo_label/past/{name}' in with_labels[2]
        assert f'pseudo_label/past/{name}' not in without[2]
    shares = [without[2].get(f'pseudo_label/future/share/{name}', 0)
              for name in 'abcde']
    assert sum(shares) == pytest.approx(100)
    for entry in (with_labels[2], without[2]):
        assert all(value == value for value in entry.values())
        assert 'pseudo_label/future/coverage' in entry
        assert 'pseudo_label/past/disagreement' in entry


def test_a_run_that_goes_on_measures_again_what_it_takes_back(tmp_path):
    """And keeps the rest, that of the last iteration before included."""
    mover = dict(type='MeanTeacherHook', decay=.9)
    runner = run(tmp_path, [mover, QUALITY])
    cut_logs(tmp_path, 2, validated=False)
    assert list(scalars(runner)) == [1, 2]


def test_it_measures_rarely_and_only_pseudo_labels(tmp_path):
    mover = dict(type='MeanTeacherHook', decay=.9)
    rare = dict(QUALITY, interval=2)
    assert list(scalars(run(tmp_path / 'rare', [mover, rare]))) == [2]
    late = model_config(warmup_iters=2)
    assert list(
        scalars(run(tmp_path / 'late', [mover, QUALITY], model=late))) == [3]
    labels_only = model_config(
        type='Supervised', pseudo_labeler=None, mixer=None, photometric=None)
    assert not scalars(run(tmp_path / 'none', [QUALITY], model=labels_only))


def test_a_class_that_dies_is_warned_of_once(tmp_path, monkeypatch):
    def blind(*arguments):  # to the classes b and e
        found = probe(*arguments)
        label = found.label.clone()
        label[(label == 1) | (label == 4)] = 0
        return found._replace(label=label)

    monkeypatch.setattr(
        'mmseg_fst.engine.hooks.pseudo_label_quality_hook.probe', blind)
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook'), dict(QUALITY, patience=2)],
        ADAM, max_iters=4)
    warnings = []
    monkeypatch.setattr(runner.logger, 'warning', warnings.append)
    runner.train()
    blinded = [text for text in warnings if 'No pseudo-label of' in text]
    named = [
        text for text in blinded
        if 'b' in text.partition(' in the last')[0].partition(
            ' of ')[2].split(', ')
    ]
    assert len(named) == 1 and 'iteration 2' in named[0]
    assert 'e' in named[0] and 'rare_class_sampling' in named[0]


def test_no_class_has_died_before_any_label_has_a_weight(
        tmp_path, monkeypatch):
    def unsure(*arguments):
        found = probe(*arguments)
        return found._replace(weight=torch.zeros_like(found.weight))

    monkeypatch.setattr(
        'mmseg_fst.engine.hooks.pseudo_label_quality_hook.probe', unsure)
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook'), dict(QUALITY, patience=1)],
        ADAM, max_iters=2)
    warnings = []
    monkeypatch.setattr(runner.logger, 'warning', warnings.append)
    runner.train()
    assert not any('No pseudo-label of' in message for message in warnings)


def test_padding_has_no_true_label():
    pairs = DiagnosedPairs()
    samples = [
        pairs[pair_index(0, i, 0)]['unlabeled']['data_samples']
        for i in range(2)
    ]
    label = true_labels(samples, (SIZE + 8, SIZE))
    assert label.shape == (2, SIZE + 8, SIZE)
    assert (label[:, SIZE:] == 255).all() and (label[:, :SIZE] != 255).any()
    plain = ToyPairs()[pair_index(0, 0, 0)]['unlabeled']['data_samples']
    assert true_labels([samples[0], plain], (SIZE, SIZE)) is None


@pytest.mark.parametrize('name', ['interval', 'patience'])
def test_numbers_are_positive(name):
    with pytest.raises(ValueError, match=name):
        PseudoLabelQualityHook(**{name: 0})


def test_it_asks_in_the_precision_of_the_training(tmp_path, monkeypatch):
    precise = []

    def spy(*args):
        precise.append(not torch.is_autocast_enabled('cpu'))
        return probe(*args)

    monkeypatch.setattr(
        'mmseg_fst.engine.hooks.pseudo_label_quality_hook.probe', spy)
    hooks = [dict(type='MeanTeacherHook'), QUALITY]
    for kind in ('AutocastOptimWrapper', 'OptimWrapper'):
        run(tmp_path / kind, hooks, optim_wrapper=dict(
            type=kind, optimizer=ADAM))
    assert precise == [False] * 9 + [True] * 9
