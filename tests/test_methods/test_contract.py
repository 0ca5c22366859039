"""What hooks may rely on, and what a model that breaks it is told."""
import copy

import pytest
import torch
from mmengine.hooks import Hook
from test_engine.toy import (
    assert_equal,
    make_runner,
    model_config,
    prepare,
    segmentor_config,
    state,
)
from torch import nn

from mmseg_fst.engine import Snapshot
from mmseg_fst.engine.hooks import PrepareModelHook
from mmseg_fst.methods import (
    FixMatch,
    MeanTeacher,
    TrainedModel,
    check_contract,
)
from mmseg_fst.ops import ema_decay
from mmseg_fst.registry import MODELS

SGD = dict(type='SGD', lr=.05, momentum=.9)
HOOKS = [
    dict(type='FSTHook', depth=2), dict(type='FSTHook', depth=1),
    dict(type='WideFSTHook', width=2)
]


@MODELS.register_module(name='ToyStray', force=True)
class Stray(MeanTeacher):
    """Has a layer that hooks do not know of."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.flaw_detector = nn.Linear(3, 1)


@MODELS.register_module(name='ToyJudged', force=True)
class Judged(MeanTeacher):
    """An auxiliary network learns from labeled images, in each step."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.auxiliary['judge'] = nn.Sequential(
            nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2), nn.Conv2d(2, 1, 1))

    def supervised(self, side):
        losses, _ = super().supervised(side)
        judged = self.auxiliary['judge'](side.image)
        return dict(losses, loss_judge=(judged - 1).square().mean()), None


class TwoTeachers(MeanTeacher):
    """Two copies of the student, moved in turns."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.teacher = nn.ModuleDict(
            dict(even=self.teacher, odd=copy.deepcopy(self.teacher)))
        self.count = 0
        self.moves = []

    def teacher_pairs(self):
        return [(teacher, self.student) for teacher in self.teacher.values()]

    def moving_teachers(self):
        name = ('even', 'odd')[self.count % 2]
        self.moves.append(name)
        return [(self.teacher[name], self.student)]

    def commit(self):
        super().commit()
        self.count += 1

    def pseudo_labels(self, side, logits=None):
        if logits is None:
            mean = sum(
                teacher(side.image).softmax(1)
                for teacher in self.teacher.values()) / 2
            logits = nn.functional.interpolate(
                mean.log(), side.image.shape[2:], mode='bilinear')
        return super().pseudo_labels(side, logits)


class Staging(nn.Module):
    """Notes when it is told to write, or to drop, what a step has staged."""

    def __init__(self):
        super().__init__()
        self.events = []

    def commit(self):
        self.events.append('commit')

    def discard(self):
        self.events.append('discard')


def built(cls, **changes):
    config = model_config(**changes)
    del config['type']
    return cls(**config)


# What is refused.


def test_a_parameter_that_no_hook_would_restore_is_refused(tmp_path):
    model = model_config(type='ToyStray')
    runner = make_runner(
        tmp_path, [dict(type='FSTHook')], SGD, model=model)
    with pytest.raises(ValueError, match=(
            r'Stray: flaw_detector\.weight, flaw_detector\.bias can be '
            'trained .*self.auxiliary.*requires_grad_')):
        runner.train()
    assert runner.iter == 0
    runner = make_runner(
        tmp_path / 'frozen', [dict(type='FSTHook')], SGD, model=model,
        max_iters=1)
    runner.model.flaw_detector.requires_grad_(False)
    runner.train()


def test_a_teacher_that_could_be_trained_is_refused():
    model = MODELS.build(model_config())
    model.teacher.decode_head.requires_grad_(True)
    with pytest.raises(ValueError, match=r'teacher\.decode_head.*and 5 more'):
        check_contract(model)


@pytest.mark.parametrize('name', [
    'moving_teachers', 'trained_parameters', 'commit', 'auxiliary',
    'warmup_iters'
])
def test_a_model_that_lacks_a_part_is_refused(tmp_path, name):
    contract = {*vars(TrainedModel), *TrainedModel.__annotations__}
    parts = {
        key: None for key in contract
        if not key.startswith('_') and key != name}
    model = type('Partial', (nn.Module, ), {})()
    for key in parts:
        setattr(model, key, None)
    runner = make_runner(tmp_path, [], SGD)
    runner.model = model
    with pytest.raises(TypeError, match=f'Partial has a student.* {name}, on'):
        PrepareModelHook().before_train(runner)


def test_a_segmentor_without_a_student_passes():
    assert check_contract(MODELS.build(segmentor_config())) is None


@pytest.mark.parametrize('changes', [
    {}, dict(type='FixMatch'),
    dict(type='Supervised', pseudo_labeler=None, mixer=None)])
def test_methods_keep_the_contract(changes):
    model = MODELS.build(model_config(**changes))
    assert isinstance(model, TrainedModel)
    check_contract(model)


# Auxiliary networks.


@pytest.mark.parametrize('hook', HOOKS, ids=['depth-2', 'depth-1', 'width'])
@pytest.mark.parametrize('restore', ['weights', 'all'])
def test_an_auxiliary_network_is_trained_and_restored(tmp_path, hook,
                                                      restore):
    runner = make_runner(
        tmp_path, [dict(hook, restore=restore)], SGD, max_iters=3,
        model=model_config(type='ToyJudged'))
    batch = prepare(runner)
    judge = runner.model.auxiliary['judge']
    before = copy.deepcopy(judge.state_dict())
    calls, train_step = [], runner.model.train_step

    def spy(*args):
        found = train_step(*args)
        calls.append(judge[0].weight.detach().clone())
        return found

    runner.model.train_step = spy
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    assert len(calls) == hook.get('depth', hook.get('width'))
    for weight in calls:  # virtual steps train it
        assert not torch.equal(weight, before['0.weight'])
    after = judge.state_dict()
    for name in before:
        is_statistic = 'running' in name or 'num_batches' in name
        same = torch.equal(before[name], after[name])
        assert same == (restore == 'all' or not is_statistic), name
    runner.model.train_step(batch, runner.optim_wrapper)
    assert not torch.equal(judge[0].weight, before['0.weight'])


@pytest.mark.parametrize('backward', ['staged', 'separate', 'joint'])
def test_an_auxiliary_network_gets_its_gradient(tmp_path, backward):
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook')], SGD,
        model=model_config(dropout=0., type='ToyJudged', backward=backward))
    batch = prepare(runner)
    model = runner.model
    data = model.data_preprocessor(batch, True)
    judge = model.auxiliary['judge']
    loss = (judge(data['inputs']['labeled']) - 1).square().mean()
    expected = torch.autograd.grad(loss, list(judge.parameters()))
    total, logged = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    torch.testing.assert_close(logged['loss_judge'], loss)
    for weight, gradient in zip(judge.parameters(), expected):
        torch.testing.assert_close(weight.grad, gradient)


def test_a_reused_pass_has_the_gradient_of_the_auxiliary_network(tmp_path):
    """And its running statistics count the batch of both steps."""
    states = []
    for reuse in (True, False):
        runner = make_runner(
            tmp_path / str(reuse), [dict(type='FSTHook', reuse=reuse)], SGD,
            max_iters=3, model=model_config(
                dropout=0., type='ToyJudged', mixer=dict(type='NoMix'),
                photometric=None))
        runner.train()
        states.append(state(runner))
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], msg=name)


def test_a_snapshot_holds_buffers_of_auxiliary_networks(tmp_path):
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook')], SGD,
        model=model_config(type='ToyJudged'))
    batch = prepare(runner)
    present, before = Snapshot(runner, 'all'), state(runner)
    runner.model.train_step(batch, runner.optim_wrapper)
    present.restore()
    for name, value in state(runner).items():
        if not name.startswith('teacher'):
            assert torch.equal(value, before[name]), name


def test_auxiliary_networks_have_their_own_optimizer(tmp_path):
    """The student is called ``student``; each steps as alone."""
    optimizers = dict(
        constructor='PerStudentConstructor', optimizer=SGD,
        students=dict(
            judge=dict(optimizer=dict(_delete_=True, type='Adam', lr=.01))))
    runner = make_runner(
        tmp_path, [dict(type='FSTHook', restore='all')], {},
        model=model_config(type='ToyJudged'), optim_wrapper=optimizers)
    batch = prepare(runner)
    wrappers = runner.optim_wrapper
    assert list(wrappers.keys()) == ['student', 'judge']
    assert type(wrappers['student'].optimizer) is torch.optim.SGD
    assert type(wrappers['judge'].optimizer) is torch.optim.Adam
    weights = [
        {id(weight) for group in wrapper.optimizer.param_groups
         for weight in group['params']} for wrapper in wrappers.values()
    ]
    model = runner.model
    assert weights == [
        set(map(id, module.parameters()))
        for module in (model.student, model.auxiliary['judge'])]
    before = model.auxiliary['judge'][0].weight.detach().clone()
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    model.train_step(batch, wrappers)
    moved = (model.auxiliary['judge'][0].weight - before).abs()
    # The first step of Adam is as long as its learning rate.
    torch.testing.assert_close(moved, torch.full_like(moved, .01),
                               rtol=.01, atol=0)


def test_optimizers_of_unknown_networks_are_named(tmp_path):
    runner = make_runner(
        tmp_path, [], {}, model=model_config(type='ToyJudged'),
        optim_wrapper=dict(
            constructor='PerStudentConstructor', optimizer=SGD,
            students=dict(critic={})))
    with pytest.raises(ValueError, match=r"\['critic'\].*student, judge"):
        runner.build_optim_wrapper(runner.optim_wrapper)


# Several teachers.


@pytest.mark.parametrize('hook, moves', [
    (dict(type='MeanTeacherHook', decay=.5), 1),
    (dict(type='MeanTeacherHook', decay=.5, when='after'), 1),
    (dict(type='FSTHook', depth=1, decay=.5), 2)],
    ids=['before', 'after', 'fst'])
def test_teachers_that_take_turns(tmp_path, hook, moves):
    """Each starts as the student; one moves, the other stands still."""
    runner = make_runner(tmp_path, [hook], SGD, max_iters=4,
                         model=built(TwoTeachers))
    trace = []

    class Note(Hook):
        priority = 'VERY_LOW'

        def before_train(self, runner):
            student = runner.model.student.state_dict()
            for teacher in runner.model.teacher.values():
                assert_equal(teacher.state_dict(), student)

        def after_train_iter(self, runner, *args, **kwargs):
            trace.append({
                name: [tensor.clone() for tensor in teacher.parameters()]
                for name, teacher in runner.model.teacher.items()
            })

    runner.register_hook(Note())
    runner.train()
    model = runner.model
    turns = ['even', 'odd', 'even', 'odd']
    after = hook.get('when') == 'after'
    expected = [turn for turn in turns for _ in range(moves)]
    if after:  # the step was committed before
        expected = ['odd', 'even', 'odd', 'even']
    assert model.moves == expected
    for index in range(1, 4):
        moving = expected[index * moves]
        for name in ('even', 'odd'):
            same = all(map(torch.equal, trace[index][name],
                           trace[index - 1][name]))
            assert same == (name != moving), (index, name)


def test_a_teacher_moves_to_its_own_source(tmp_path):
    """Pairs say which network each teacher averages."""

    class Crossed(MeanTeacher):

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.auxiliary['other'] = copy.deepcopy(self.student)

        def teacher_pairs(self):
            return [(self.teacher, self.auxiliary['other'])]

    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook', decay=.9)], SGD,
        model=built(Crossed))
    prepare(runner)
    model = runner.model
    runner.train_loop._iter = 9
    old = [tensor.clone() for tensor in model.teacher.parameters()]
    with torch.no_grad():
        for weight in model.auxiliary['other'].parameters():
            weight.add_(1.)
    runner.call_hook('before_train_iter', batch_idx=0, data_batch={})
    share = 1 - ema_decay(9, .9)
    for before, now, source in zip(old, model.teacher.parameters(),
                                   model.auxiliary['other'].parameters()):
        torch.testing.assert_close(now, before + share * (source - before))


# Staged state.


def staging(cls, **changes):
    model = built(cls, **changes)
    model.memory = Staging()
    model.student.memory = Staging()  # as deep as it may be
    return model, [model.memory, model.student.memory]


@pytest.mark.parametrize('hook', [
    dict(type='MeanTeacherHook'), *HOOKS, None],
    ids=['plain', 'depth-2', 'depth-1', 'width', 'no-teacher'])
def test_each_module_writes_once_after_each_real_step(tmp_path, hook):
    model, modules = staging(MeanTeacher if hook else FixMatch)
    steps = []
    runner = make_runner(
        tmp_path, [hook] if hook else [], SGD, max_iters=3, model=model)
    modules = [runner.model.memory, runner.model.student.memory]
    loss = runner.model.loss

    def spy(*args):
        for module in modules:
            module.events.append('step')
        steps.append(1)
        return loss(*args)

    runner.model.loss = spy
    runner.train()
    each = 1 + (hook or {}).get('depth', (hook or {}).get('width', 0))
    assert len(steps) == 3 * each
    for module in modules:
        assert module.events == 3 * (each * ['step'] + ['commit'])


@pytest.mark.parametrize('cls', [MeanTeacher, FixMatch])
def test_each_module_drops_what_a_refused_step_has_staged(tmp_path, cls):
    hooks = [dict(type='MeanTeacherHook')] if cls is MeanTeacher else []
    runner = make_runner(
        tmp_path, [*hooks, dict(type='FiniteGuardHook', action='skip')], SGD,
        max_iters=2, model=staging(cls)[0])
    loss, count = runner.model.loss, []

    def spoiled(*args):
        losses = loss(*args)
        count.append(1)
        if len(count) == 2:
            losses['loss_nan'] = torch.tensor(float('nan'))
        return losses

    runner.model.loss = spoiled
    runner.train()
    for module in (runner.model.memory, runner.model.student.memory):
        # Nothing is staged any more when the iteration ends.
        assert module.events == ['commit', 'discard', 'commit']
