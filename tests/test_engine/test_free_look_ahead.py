"""Look-ahead without further passes, and in some iterations only."""
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope

import mmseg_fst  # noqa: F401
from mmseg_fst.engine.hooks import MomentLookAheadHook
from mmseg_fst.engine.hooks.free_look_ahead_hook import (
    _steps_by_moments,
    line_average,
)
from mmseg_fst.ops import ema_decay, ema_update_
from mmseg_fst.registry import HOOKS

from .toy import assert_equal, make_runner, trained

SGD = dict(type='SGD', lr=0.05, momentum=0.9)
ADAMW = dict(type='AdamW', lr=1e-3)
FREE = ['ExtrapolationHook', 'MomentLookAheadHook']


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')
    torch.set_num_threads(1)


@pytest.mark.parametrize('decay', [0., .5, .99])
@pytest.mark.parametrize('depth', [0, 1, 3])
def test_moves_along_a_line_are_a_single_move(decay, depth):
    teacher, student, step = torch.randn(3, 4, dtype=torch.float64)
    moved = teacher.clone()
    for count in range(depth + 1):
        ema_update_([moved], [student + count * step], decay)
    target = student + line_average(decay, depth) * step
    ema_update_([teacher], [target], decay**(depth + 1))
    torch.testing.assert_close(moved, teacher, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize('optimizer', [SGD, ADAMW], ids=['sgd', 'adamw'])
@pytest.mark.parametrize('name', FREE)
def test_depth_zero_is_the_mean_teacher_bit_for_bit(tmp_path, name,
                                                    optimizer):
    none, _ = trained(tmp_path / 'none', dict(
        type=name, depth=0, decay=.9), optimizer, max_iters=3)
    plain, _ = trained(tmp_path / 'plain', dict(
        type='MeanTeacherHook', decay=.9), optimizer, max_iters=3)
    assert_equal(none, plain)


@HOOKS.register_module(force=True)
class RecordWeightsHook(Hook):
    """Student and teacher of each iteration, as its step finds them."""

    priority = 'LOW'

    def __init__(self):
        self.rows = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        model = runner.model
        self.rows.append([
            torch.cat([w.detach().flatten().double()
                       for w in network.parameters()])
            for network in (model.student, model.teacher)
        ])


def test_extrapolation_against_explicit_moves(tmp_path):
    """s + stride * k * (s - last s) for k up to the depth."""
    hook = dict(type='ExtrapolationHook', depth=2, stride=3., decay=.7)
    runner = make_runner(
        tmp_path, [hook, dict(type='RecordWeightsHook')], SGD, max_iters=6)
    record = next(hook for hook in runner.hooks
                  if isinstance(hook, RecordWeightsHook))
    runner.train()
    (last, teacher), *rows = record.rows
    assert torch.equal(last, teacher)  # the first iteration of the warm-up
    for index, (student, moved) in enumerate(rows, 1):
        for step in range(3):
            ema_update_([teacher], [student + 3 * step * (student - last)],
                        ema_decay(index, .7))
        torch.testing.assert_close(moved, teacher, rtol=1e-4, atol=1e-6)
        last, teacher = student, moved


@pytest.mark.parametrize('name, arguments', [
    ('Adam', dict(lr=.1)), ('Adam', dict(lr=.1, weight_decay=.3)),
    ('AdamW', dict(lr=.1, weight_decay=.3)),
    ('AdamW', dict(lr=.1, amsgrad=True, maximize=True)),
])
def test_the_step_of_adam_is_the_one_of_a_steady_gradient(name, arguments):
    """Then the next gradient is the moment, and the estimate is exact."""
    weight = torch.nn.Parameter(torch.tensor([1., -2.], dtype=torch.float64))
    optimizer = getattr(torch.optim, name)([weight], **arguments)
    gradient = torch.tensor([.5, -3.], dtype=torch.float64)
    decay = arguments.get('weight_decay', 0) if name == 'Adam' else 0
    for _ in range(4):
        before, estimate = weight.detach().clone(), _steps_by_moments(
            optimizer)
        # Adam adds the decay to the gradient, which would not be steady.
        weight.grad = gradient - decay * weight.detach()
        optimizer.step()
        if estimate:
            torch.testing.assert_close(
                weight.detach() - before, estimate[weight].detach(),
                rtol=1e-6, atol=1e-9)
    assert estimate


@pytest.mark.parametrize('nesterov', [False, True])
def test_the_step_of_sgd_is_its_momentum(nesterov):
    weight = torch.nn.Parameter(torch.tensor([1., -2.]))
    optimizer = torch.optim.SGD([weight], lr=.1, momentum=.9,
                                nesterov=nesterov)
    assert not _steps_by_moments(optimizer)
    for value in (.5, -3., 2.):
        weight.grad = torch.tensor([value, 2 * value])
        optimizer.step()
    estimate = _steps_by_moments(optimizer)[weight]
    before = weight.detach().clone()
    buffer = optimizer.state[weight]['momentum_buffer']
    weight.grad = .1 * buffer.clone()  # its mean over time
    optimizer.step()
    torch.testing.assert_close(weight.detach() - before, estimate)


def test_moments_move_the_teacher_ahead(tmp_path):
    """In the first iteration there are none, afterwards there are."""
    states = {}
    for iters in (1, 2):
        for name in ('MomentLookAheadHook', 'MeanTeacherHook'):
            states[iters, name], _ = trained(
                tmp_path / f'{name}_{iters}', dict(type=name, decay=.9),
                ADAMW, max_iters=iters)
    assert_equal(states[1, 'MomentLookAheadHook'],
                 states[1, 'MeanTeacherHook'])
    key = 'teacher.decode_head.conv_seg.weight'
    assert not torch.equal(states[2, 'MomentLookAheadHook'][key],
                           states[2, 'MeanTeacherHook'][key])


@pytest.mark.parametrize('name', FREE)
def test_a_resumed_run_is_an_uninterrupted_run(tmp_path, name):
    hook = dict(type=name, depth=2, decay=.9)
    checkpoint = dict(
        checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2))
    whole, _ = trained(tmp_path / 'whole', hook, SGD, max_iters=4)
    trained(tmp_path / 'cut', hook, SGD, max_iters=2,
            default_hooks=checkpoint)
    first = torch.load(tmp_path / 'cut' / 'iter_2.pth', weights_only=False)
    assert ('student_before_last_step' in first) == (name == FREE[0])
    seeds = [dict(hook), dict(type='SeedIterationHook')]
    runs = []
    for folder, resume in (('whole', None), ('cut', 'iter_2.pth')):
        changes = {} if resume is None else dict(
            load_from=str(tmp_path / 'cut_seeded' / resume), resume=True)
        if resume:
            make_runner(tmp_path / 'cut_seeded', seeds, SGD, max_iters=2,
                        default_hooks=checkpoint).train()
        runner = make_runner(tmp_path / f'{folder}_seeded', seeds, SGD,
                             max_iters=4, default_hooks=checkpoint, **changes)
        runner.train()
        runs.append(runner.model.state_dict())
    assert_equal(*runs)
    assert whole.keys() == runs[0].keys()


@pytest.mark.parametrize('optimizer, message', [
    (dict(type='SGD', lr=.1), 'SGD has no moments'),
    (dict(type='RMSprop', lr=.1), 'not of RMSprop'),
])
def test_optimizers_without_moments_are_refused(tmp_path, optimizer, message):
    runner = make_runner(
        tmp_path, [dict(type='MomentLookAheadHook')], optimizer)
    with pytest.raises(ValueError, match=message):
        runner.train()


def test_a_negative_depth_is_refused():
    with pytest.raises(ValueError, match='depth must be at least 0, got -1'):
        MomentLookAheadHook(depth=-1)


def test_interval_looks_ahead_in_the_last_of_its_iterations(tmp_path):
    hook = dict(type='FSTHook', depth=2, interval=3)
    runner = make_runner(tmp_path, [hook], SGD, max_iters=7)
    steps = []
    real = type(runner.model).train_step

    def count(model, data, optim_wrapper):
        steps.append(runner.iter)
        return real(model, data, optim_wrapper)

    runner.model.train_step = count.__get__(runner.model)
    runner.train()
    assert steps == [0, 1, 2, 2, 2, 3, 4, 5, 5, 5, 6]


def test_iterations_between_are_those_of_the_mean_teacher(tmp_path):
    rare, _ = trained(tmp_path / 'rare', dict(
        type='FSTHook', depth=2, interval=9, decay=.9), SGD, max_iters=4)
    plain, _ = trained(tmp_path / 'plain', dict(
        type='MeanTeacherHook', decay=.9), SGD, max_iters=4)
    assert_equal(rare, plain)


@pytest.mark.parametrize('arguments, message', [
    (dict(interval=0), 'interval must be at least 1, got 0'),
    (dict(interval=2, match_release=True), 'it needs interval=1'),
])
def test_wrong_intervals_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        HOOKS.build(dict(type='FSTHook', **arguments))
