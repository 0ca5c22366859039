"""The look-ahead hooks."""
import copy
import itertools

import pytest
import torch
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.registry import init_default_scope

import mmseg_fst  # noqa: F401
from mmseg_fst.engine import Snapshot
from mmseg_fst.utils.restored_parts import PARTS

from .toy import (
    assert_equal,
    assert_same,
    everything,
    make_runner,
    model_config,
    prepare,
    trained,
)

SGD = dict(type='SGD', lr=0.05, momentum=0.9)
ADAMW = dict(type='AdamW', lr=1e-3)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')
    torch.set_num_threads(1)


@pytest.mark.parametrize('optimizer', [SGD, ADAMW], ids=['sgd', 'adamw'])
@pytest.mark.parametrize('restore', ['weights', 'all'])
def test_depth_zero_is_the_mean_teacher_bit_for_bit(tmp_path, optimizer,
                                                    restore):
    hook = dict(type='FSTHook', depth=0, restore=restore, decay=0.9)
    fst, _ = trained(tmp_path / 'fst', hook, optimizer)
    mean_teacher, _ = trained(tmp_path / 'mt',
                              dict(type='MeanTeacherHook', decay=0.9),
                              optimizer)
    assert_equal(fst, mean_teacher)


@pytest.mark.parametrize('hook', [
    dict(type='FSTHook', depth=1),
    dict(type='FSTHook', depth=3),
    dict(type='WideFSTHook', width=2)
])
def test_look_ahead_changes_the_run(tmp_path, hook):
    fst, _ = trained(tmp_path / 'fst', hook, SGD)
    mean_teacher, _ = trained(tmp_path / 'mt', dict(type='MeanTeacherHook'),
                              SGD)
    assert any(not torch.equal(fst[name], mean_teacher[name])
               for name in fst if name.startswith('student'))


@pytest.mark.parametrize('optimizer', [SGD, ADAMW], ids=['sgd', 'adamw'])
@pytest.mark.parametrize('steps_before', [0, 2])
@pytest.mark.parametrize('hook', [
    dict(type='FSTHook', depth=3, restore='all'),
    dict(type='WideFSTHook', width=3, restore='all')
], ids=['depth', 'width'])
def test_present_is_restored_exactly(tmp_path, hook, optimizer,
                                     steps_before):
    runner = make_runner(tmp_path, [hook], optimizer)
    batch = prepare(runner)
    for _ in range(steps_before):
        runner.model.train_step(batch, runner.optim_wrapper)
    first = next(runner.model.student.parameters())
    first.grad = torch.ones_like(first)  # as if left by somebody
    before = everything(runner)
    teacher = copy.deepcopy(runner.model.teacher.state_dict())
    addresses = [w.data_ptr() for w in runner.model.student.parameters()]

    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)

    assert_same(before, everything(runner))
    assert addresses == [
        weight.data_ptr() for weight in runner.model.student.parameters()
    ]
    moved = runner.model.teacher.state_dict()
    assert any(not torch.equal(teacher[name], moved[name])
               for name in teacher), 'the teacher did not look ahead'


def parts_of_state(runner) -> dict:
    """What virtual steps change, by the names of ``restore``."""
    student = runner.model.student
    return copy.deepcopy(
        dict(
            weights=[w.detach() for w in student.parameters()],
            buffers=list(student.buffers()),
            optimizer=[runner.optim_wrapper.state_dict(),
                       runner.optim_wrapper._inner_count],
            random=torch.get_rng_state()))


@pytest.mark.parametrize('optimizer', [SGD, ADAMW], ids=['sgd', 'adamw'])
@pytest.mark.parametrize('restore', [
    names for size in range(len(PARTS) + 1)
    for names in itertools.combinations(PARTS, size)
], ids='+'.join)
def test_each_combination_restores_its_parts_alone(tmp_path, optimizer,
                                                   restore):
    """Bit for bit what is named, and nothing else."""
    hook = dict(type='FSTHook', depth=2, restore=list(restore))
    runner = make_runner(tmp_path, [hook], optimizer)
    batch = prepare(runner)
    runner.model.train_step(batch, runner.optim_wrapper)
    before = parts_of_state(runner)

    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)

    after = parts_of_state(runner)
    for name in PARTS:
        if name in restore:
            assert_same(before[name], after[name], name)
        else:
            with pytest.raises(AssertionError):
                assert_same(before[name], after[name])


@pytest.mark.parametrize('named, names', [
    ('weights', ['weights']),
    ('all', ['weights', 'optimizer', 'buffers', 'random'])
])
def test_names_of_parts_are_the_presets(tmp_path, named, names):
    """A whole run, with the real step's reuse, bit for bit."""
    preset, _ = trained(tmp_path / 'preset', dict(
        type='FSTHook', depth=2, restore=named), ADAMW, max_iters=3)
    parts, _ = trained(tmp_path / 'parts', dict(
        type='FSTHook', depth=2, restore=names), ADAMW, max_iters=3)
    assert_equal(preset, parts)


def test_without_its_weights_the_real_step_reuses_nothing(tmp_path):
    """It stands elsewhere than the first virtual step."""
    states = [
        trained(tmp_path / str(reuse), dict(
            type='FSTHook', depth=2, restore=['buffers'], reuse=reuse),
            SGD, max_iters=3)[0] for reuse in (True, False)
    ]
    assert_equal(*states)


@pytest.mark.parametrize('optimizer', [SGD, ADAMW], ids=['sgd', 'adamw'])
def test_restoring_weights_leaves_the_released_traces(tmp_path, optimizer):
    """Moments, step counts and BN statistics of virtual steps stay."""
    runner = make_runner(tmp_path, [dict(type='FSTHook', depth=3)], optimizer)
    batch = prepare(runner)
    weights = [w.detach().clone() for w in runner.model.student.parameters()]
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)

    assert_same(weights,
                [w.detach() for w in runner.model.student.parameters()])
    states = runner.optim_wrapper.optimizer.state
    assert len(states) == len(weights)
    if optimizer is ADAMW:
        assert {int(entry['step']) for entry in states.values()} == {3}
    batches = [
        value for name, value in runner.model.student.named_buffers()
        if name.endswith('num_batches_tracked')
    ]
    # Two forward passes, labeled and mixed, in each of three steps.
    assert {int(value) for value in batches} == {6}


def plain_sgd_step(model, batch, lr: float) -> list[torch.Tensor]:
    """The student one step ahead, computed by hand."""
    data = model.data_preprocessor(batch, training=True)
    losses = model.loss(**data)
    total = sum(value for name, value in losses.items() if 'loss' in name)
    gradients = torch.autograd.grad(
        total, list(model.student.parameters()), allow_unused=True)
    return [
        weight.detach() - lr * gradient
        for weight, gradient in zip(model.student.parameters(), gradients)
    ]


def test_one_virtual_step_against_the_hand_computed_teacher(tmp_path):
    """m <- a m + (1 - a) s; s' <- s - lr g; m <- a m + (1 - a) s'."""
    runner = make_runner(
        tmp_path, [dict(type='FSTHook', depth=1, decay=0.75)],
        dict(type='SGD', lr=0.1),
        model=model_config(dropout=0.0))
    batch = prepare(runner)
    runner.train_loop._iter = 9  # past the warm-up: a = 0.75
    model = runner.model
    for weight in model.teacher.parameters():
        weight.add_(0.01 * torch.randn_like(weight))
    teacher = [weight.clone() for weight in model.teacher.parameters()]
    student = [w.detach().clone() for w in model.student.parameters()]
    expected = [0.75 * m + 0.25 * s for m, s in zip(teacher, student)]
    # By hand, on a copy that makes the same random choices.
    copied = copy.deepcopy(model)
    for weight, value in zip(copied.teacher.parameters(), expected):
        weight.copy_(value)
    rng = torch.get_rng_state()
    ahead = plain_sgd_step(copied, batch, lr=0.1)
    expected = [0.75 * m + 0.25 * s for m, s in zip(expected, ahead)]

    torch.set_rng_state(rng)
    runner.call_hook('before_train_iter', batch_idx=9, data_batch=batch)
    for weight, value, start in zip(model.teacher.parameters(), expected,
                                    teacher):
        torch.testing.assert_close(weight, value, rtol=1e-6, atol=1e-7)
    assert any((w - s).abs().max() > 1e-4
               for w, s in zip(model.teacher.parameters(), teacher))


def test_wide_look_ahead_against_hand_computed_futures(tmp_path):
    """The teacher moves to the mean of students one step ahead."""
    runner = make_runner(
        tmp_path, [dict(type='WideFSTHook', width=2, decay=0.75)],
        dict(type='SGD', lr=0.1),
        model=model_config(dropout=0.0))
    batch = prepare(runner)
    runner.train_loop._iter = 9
    model = runner.model
    teacher = [weight.clone() for weight in model.teacher.parameters()]
    # A second runner of the same seed gives the same further batches.
    twin = make_runner(
        tmp_path / 'twin', [dict(type='MeanTeacherHook')], SGD,
        model=model_config(dropout=0.0))
    prepare(twin)
    futures = [next(twin.train_loop.dataloader_iterator) for _ in range(2)]
    copied = copy.deepcopy(model)
    rng = torch.get_rng_state()
    ahead = [plain_sgd_step(copied, future, lr=0.1) for future in futures]

    torch.set_rng_state(rng)
    runner.call_hook('before_train_iter', batch_idx=9, data_batch=batch)
    for weight, start, *students in zip(model.teacher.parameters(), teacher,
                                        *ahead):
        expected = 0.75 * start + 0.25 * sum(students) / 2
        torch.testing.assert_close(weight, expected, rtol=1e-5, atol=1e-7)


def test_snapshot_restores_more_than_once(tmp_path):
    runner = make_runner(tmp_path, [dict(type='MeanTeacherHook')], ADAMW)
    batch = prepare(runner)
    runner.model.train_step(batch, runner.optim_wrapper)
    before = everything(runner)
    present = Snapshot(runner, 'all')
    for _ in range(2):
        runner.model.train_step(batch, runner.optim_wrapper)
        present.restore()
        assert_same(before, everything(runner))


class ScaledOptimWrapper(AmpOptimWrapper):
    """AMP's loss scaling on a CPU, where mmengine refuses it."""

    def __init__(self, **kwargs):
        OptimWrapper.__init__(self, **kwargs)
        self._scale_update_param = None
        self.cast_dtype = torch.bfloat16
        self.loss_scaler = torch.amp.GradScaler(
            'cpu', init_scale=8.0, growth_interval=1)


@pytest.mark.parametrize('fused', [False, True])
def test_loss_scaler_is_restored(tmp_path, fused):
    """A fused optimizer takes the scale itself."""
    hook = dict(type='FSTHook', depth=2, restore='all')
    runner = make_runner(
        tmp_path, [hook], SGD,
        optim_wrapper=dict(
            type=ScaledOptimWrapper, optimizer=dict(SGD, fused=fused)))
    batch = prepare(runner)
    before = everything(runner)
    scales = []
    real = runner.optim_wrapper.step
    runner.optim_wrapper.step = lambda: (
        real(), scales.append(runner.optim_wrapper.loss_scaler.get_scale()))
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    assert scales == [16.0, 32.0], 'virtual steps must move the scaler'
    assert_same(before, everything(runner))


def test_lowered_loss_scale_is_kept(tmp_path):
    """After an overflow the real step must not overflow again."""
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook')], SGD,
        optim_wrapper=dict(type=ScaledOptimWrapper, optimizer=SGD))
    batch = prepare(runner)
    runner.model.train_step(batch, runner.optim_wrapper)
    present = Snapshot(runner, 'all')
    scaler = runner.optim_wrapper.loss_scaler
    low = scaler.get_scale() / 2
    scaler.update(low)
    present.restore()
    assert scaler.get_scale() == low


def test_student_starts_the_teacher(tmp_path):
    runner = make_runner(tmp_path, [dict(type='MeanTeacherHook')], SGD)
    prepare(runner)
    assert_same(runner.model.student.state_dict(),
                runner.model.teacher.state_dict())


@pytest.mark.parametrize('hook', [
    dict(type='FSTHook', depth=2, decay=0.9),
    dict(type='WideFSTHook', width=2, decay=0.9)
], ids=['depth', 'width'])
def test_resumed_run_sees_the_batches_of_the_uninterrupted(tmp_path, hook):
    """The further batches of FST-W are counted when past ones are skipped."""
    checkpoint = dict(
        checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2))
    trained(tmp_path / 'cut', hook, SGD, max_iters=2,
            default_hooks=checkpoint)
    batches = []
    runner = make_runner(
        tmp_path / 'cut', [hook], SGD, max_iters=4,
        load_from=str(tmp_path / 'cut' / 'iter_2.pth'), resume=True,
        default_hooks=checkpoint)
    original = runner.model.data_preprocessor.forward

    def spy(data, training=False):
        batches.append(data['labeled']['inputs'][0].clone())
        return original(data, training)

    runner.model.data_preprocessor.forward = spy
    runner.train()
    width = hook.get('width', 0)
    dataset = runner.train_dataloader.dataset
    order = iter(runner.train_dataloader.sampler.__class__(dataset, seed=0))
    stream = [next(order) for _ in range(2 * 4 * (width + 1))]
    begin = 2 * 2 * (width + 1)
    first = dataset[stream[begin]]['labeled']['inputs']
    # FST-D meets its batch first in the first virtual step, FST-W in the real
    # step, behind its futures.
    recorded = batches[width] if width else batches[0]
    assert torch.equal(recorded, first)


def test_no_teacher(tmp_path):
    model = model_config(
        type='Supervised', pseudo_labeler=None, mixer=None)
    runner = make_runner(tmp_path, [dict(type='FSTHook')], SGD, model=model)
    with pytest.raises(
            ValueError, match='FSTHook needs .*such as MeanTeacher'):
        runner.train()


def test_gradient_accumulation_is_refused(tmp_path):
    runner = make_runner(
        tmp_path, [dict(type='FSTHook')], SGD,
        optim_wrapper=dict(
            type='OptimWrapper', optimizer=SGD, accumulative_counts=2))
    with pytest.raises(ValueError, match='accumulative_counts=2.*batch_size'):
        runner.train()


@pytest.mark.parametrize('name', ['FSTHook', 'WideFSTHook',
                                  'MeanTeacherHook'])
def test_ema_hook_beside_it_is_refused(tmp_path, name):
    runner = make_runner(
        tmp_path, [dict(type=name), dict(type='EMAHook')], SGD)
    with pytest.raises(ValueError, match='Take EMAHook out'):
        runner.train()


@pytest.mark.parametrize('arguments, message', [
    (dict(type='FSTHook', depth=-1), 'depth must .*-1'),
    (dict(type='WideFSTHook', width=0), 'width must .*0'),
    (dict(type='FSTHook', restore='none'), "'weights' or 'all', or a list"),
    (dict(type='FSTHook', restore=['weights', 'moments']),
     "or a list .*'random'"),
    (dict(type='FSTHook', restore=['buffers'], resample_mix=False),
     "add 'weights' to restore"),
    (dict(type='WideFSTHook', restore=['optimizer']),
     "add 'weights' to restore"),
    (dict(type='MeanTeacherHook', decay=1.0), 'decay must .*1.0'),
    (dict(type='MeanTeacherHook', buffers='ema'),
     "'keep', 'copy' or 'average'"),
])
def test_wrong_arguments_suggest_a_fix(arguments, message):
    from mmseg_fst.registry import HOOKS
    with pytest.raises(ValueError, match=message):
        HOOKS.build(arguments)
