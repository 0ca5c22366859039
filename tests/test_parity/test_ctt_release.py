"""CTT is equal to the authors' training loop, step by step.

The record was made with the revision that still added its contrasts. Its
banks come from the record: the release fills them after the teachers have
moved, and compares logits where we compare probabilities.
"""
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope

from mmseg_fst.ops import append_rows, membership, rows_of, surest_rows

from .contrast_release import (
    differences,
    load,
    network_config,
    preprocessor_config,
    rename,
    replay,
)

SIDES = ('left', 'right')


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')


class RecordedBanks(Hook):
    """Fills the banks as the release has filled them."""

    def __init__(self, record):
        self.record = record

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if not runner.iter:
            return
        before = self.record['iters'][runner.iter - 1]
        for name, bank in runner.model.contrast.banks.items():
            bank.queue = before['bank'][name].clone()
            places = torch.arange(bank.known.shape[1])
            bank.known = places < before['sizes'][name][:, None]


def model_config(record, **changes):
    meta = record['meta']
    return {**dict(
        type='CTT',
        students={name: network_config(meta) for name in SIDES},
        data_preprocessor=preprocessor_config(record),
        pseudo_labeler=dict(
            type='ConfidentRatio', threshold=meta['confidence']),
        contrast=dict(type='CrossBankContrast', capacity=meta['capacity'],
                      threshold=meta['threshold']),
        loss_weights=dict(high=.1, low=.1)), **changes}


def run(record, work_dir, **changes):
    init = {}
    for name in SIDES:
        init.update(rename(record['init'][name], f'student.{name}.'))
    hooks = [dict(type='MeanTeacherHook', when='after',
                  decay=record['meta']['ema'])]
    model = model_config(record, **changes)
    if model['contrast']:
        hooks.append(RecordedBanks(record))
    return replay(record, model, init, hooks, work_dir)


def weights_of(expected, network):
    return {
        key: value for name in SIDES for key, value in rename(
            expected[network][name], f'{network}.{name}.').items()
    }


def test_each_step_is_that_of_the_release(tmp_path):
    record = load('ctt')
    _, found = run(record, tmp_path)
    contrasts = 0
    for index, expected in enumerate(record['iters']):
        losses = found.losses[index]
        for place, name in enumerate(SIDES):
            assert losses[f'{name}.labeled.decode.loss_ce'] == pytest.approx(
                expected['loss_calc'][place], rel=1e-9)
            assert losses[f'{name}.mixed.decode.loss_ce'] == pytest.approx(
                expected['ema_loss'][place], rel=1e-9, abs=1e-12)
            for part, key in (('high', 'contr_self_loss'),
                              ('low', 'contr_net_loss')):
                value = expected.get(key, (0., 0.))[place]
                contrasts += value > 0
                assert losses[f'{name}.{part}.loss_contrast'] == (
                    pytest.approx(.1 * value, rel=1e-9)), (index, name, part)
        for network in ('student', 'teacher'):
            if network in expected:
                for name, distance in differences(
                        found.weights[index], weights_of(expected, network)):
                    assert distance < 1e-9, (index, name)
    assert contrasts == 3 * 2 * 2, 'three steps have both contrasts'


def test_without_the_contrast_other_weights_are_learned(tmp_path):
    record = load('ctt')
    _, found = run(record, tmp_path, contrast=None)
    assert max(distance for _, distance in differences(
        found.weights[-1],
        weights_of(record['iters'][-1], 'student'))) > 1e-6


@pytest.mark.parametrize('name', SIDES)
def test_the_bank_takes_the_same_pixels(name):
    """Of the first step, by logits as in the release."""
    record = load('ctt')
    first = record['iters'][0]
    outputs, (_, label) = first['seen'][name], record['labeled'][0]
    score, predicted = outputs['logits'].max(1)
    grid = torch.nn.functional.interpolate(
        label[:, None].double(), score.shape[1:])[:, 0].long()
    right = (grid == predicted) & (score >= .95)
    classes, capacity = record['meta']['num_classes'], record['meta'][
        'capacity']
    rows, exists = surest_rows(
        rows_of(outputs['feat']), score.flatten(),
        rows_of(membership(predicted, classes) & right[:, None]), 2)
    queue, known = append_rows(
        torch.zeros(classes, capacity, 8).double(),
        torch.zeros(classes, capacity).bool(), rows, exists)
    assert known.sum(1).tolist() == first['sizes'][name].tolist()
    for own, places, bank, size in zip(queue, known, first['bank'][name],
                                       first['sizes'][name]):
        torch.testing.assert_close(own[places], bank[:size], rtol=0,
                                   atol=1e-12)
