"""U2PL equals the authors' training loop, step by step.

The loop of ``train_semi.py`` (ab3d2be) was run for four epochs of three
iterations, the first one on labels alone. ``meta.edit`` says what had been
changed in it: 1, the dropout of the teacher's second pass is off; 2, the
teacher has the weights of the student in the first epoch.
"""
import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope

from mmseg_fst.models import ContrastiveMemory

from .peer_record import (
    SHARED,
    SHIPPED,
    cell,
    check_loss,
    check_state,
    load,
    records,
    rename_u2pl,
    replay,
    toy_network,
)
from .ssl_release import RecordedCutMix  # noqa: F401

CELL = 'ssl/voc_deeplabv3plus_u2pl_released.py'


def model_of(cfg, meta):
    """The model of the cell with a toy network and the record's numbers."""
    model, edit = copy.deepcopy(cfg.model), meta['edit']
    head = model.segmentor.decode_head
    assert (head.align_corners, head.dropout_ratio, head.get('bias', True),
            head.bottleneck_kernel_size) == (True, .1, True, 3)
    assert model.warmup_iters == cfg.epoch
    model.segmentor = toy_network(
        meta['nclass'], channels=6, bottleneck_kernel_size=3, bias=True,
        dropout_ratio=meta['drop'], representation_channels=256)
    model.mixer = dict(
        type='RecordedCutMix', seed=meta['np_seed'],
        is_on=meta['aug'] == 'cutmix')
    model.warmup_iters = meta['per'] * meta['sup']
    model.pseudo_filter.epochs = meta['epochs']
    # The release divides the gradient by the number of processes, here 1.
    model.contrast.update(
        epochs=meta['epochs'], num_anchors=32, num_negatives=10,
        loss_weight=float(meta['contrast']))
    assert model.teacher_dropout and model.teacher_start == 'own'
    if 1 in edit:
        model.teacher_dropout = False
    if 2 in edit:
        model.teacher_start = 'student'
    return model


@pytest.fixture
def recorded_numbers(monkeypatch):
    """Dropout masks of the record, by network, and seeds of the contrast."""
    init_default_scope('mmseg_fst')
    masks = {0: [], 1: []}

    def dropout2d(value, p=.5, training=True, inplace=False):
        if not training or p == 0:
            return value
        # Gradients are computed for the student alone.
        mask = masks[0 if torch.is_grad_enabled() else 1].pop(0)
        return value * mask[..., None, None]

    monkeypatch.setattr(F, 'dropout2d', dropout2d)
    return masks


def replayed(record, masks, monkeypatch, **changes):
    meta = record['meta']
    cfg = cell(CELL)
    model = {**model_of(cfg, meta), **changes}
    hook, = copy.deepcopy(cfg.custom_hooks)
    assert hook.decay == .99 and hook.copy_iters == 2 * cfg.epoch
    hook.update(decay=.5, copy_iters=meta['per'] * (meta['sup'] + 1))
    optimizer = copy.deepcopy(cfg.optim_wrapper)
    optimizer.optimizer.lr = meta['lr']
    for step in record['iters']:
        for network, mask in step['masks']:
            masks[network].append(mask)
    seeds = iter(range(1000 + meta['per'] * meta['sup'], 2000))
    forward = ContrastiveMemory.forward

    def seeded(self, *args):
        torch.manual_seed(next(seeds))
        return forward(self, *args)

    monkeypatch.setattr(ContrastiveMemory, 'forward', seeded)
    pairs = zip(*(sum(record[side], []) for side in ('labeled', 'unlabeled')))
    batches = [dict(labeled=labeled, unlabeled=(unlabeled[0], None))
               for labeled, unlabeled in pairs][:len(record['iters'])]
    init = dict(zip(('student', 'teacher'), map(rename_u2pl, record['init'])))
    return init, replay(
        model, batches, init, meta['per'] * meta['epochs'], optimizer, [hook],
        meta['nclass'])


def check(record, init, steps):
    meta = record['meta']
    warmup = meta['per'] * meta['sup']
    assert len(steps) == len(record['iters'])
    for index, (step, expected) in enumerate(zip(steps, record['iters'])):
        losses, released = step['losses'], expected['losses']
        assert step['learning_rates'] == pytest.approx(sorted(expected['lr']))
        check_loss(losses['labeled.decode.loss_ce'], released['sup_loss'],
                   index)
        check_loss(losses.get('mixed.decode.loss_ce', 0.),
                   released['unsup_loss'], index)
        check_loss(losses['loss_contrast'], released['contra_loss'], index)
        if meta['contrast']:
            assert step['sizes'] == expected['bank'], index
        if index >= warmup:
            label = step['mixed'].label
            assert ((label == expected['label']) | (label == 255)).all()
        for name in ('student', 'teacher'):
            # With edit 2 the record has the teacher before its copy is made.
            if name in expected and not (
                    name == 'teacher' and 2 in meta['edit']
                    and index < warmup):
                check_state(step['states'][name], rename_u2pl(expected[name]),
                            init['student'], (index, name))


@pytest.mark.parametrize('path', records('u2pl*.pt'), ids=str)
def test_the_record_is_reproduced(path, recorded_numbers, monkeypatch):
    record = load(path)
    check(record, *replayed(record, recorded_numbers, monkeypatch))


@pytest.mark.skipif(not SHARED.is_dir(),
                    reason=f'NOT TESTED: whole records, no folder {SHARED}')
def test_whole_records_are_there():
    assert any(len(load(path)['iters']) == 12 for path in records('u2pl*.pt'))


@pytest.mark.parametrize('changes', [
    dict(teacher_dropout=False), dict(teacher_start='student')], ids=str)
def test_our_own_rule_is_detected(changes, recorded_numbers, monkeypatch):
    record = load(SHIPPED / 'u2pl.pt')
    found = replayed(record, recorded_numbers, monkeypatch, **changes)
    with pytest.raises(AssertionError):
        check(record, *found)
