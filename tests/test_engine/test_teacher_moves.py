"""When teachers move: order, number and values, on a model of two numbers."""
import pytest
import torch
from mmengine.model import BaseModel
from torch import nn

from mmseg_fst.engine.hooks import mean_teacher_hook
from mmseg_fst.methods import StudentTeacher
from mmseg_fst.registry import HOOKS

from .toy import make_runner

SGD = dict(type='SGD', lr=0.05, momentum=0.9)


class Two(nn.Module):

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1., -2.]).double())


class TwoNumbers(BaseModel):
    """Loss: distance to a point, and to the teacher's weights."""

    teacher_mode = predict_with = protocol_name = ''
    teacher_updates_statistics = True
    warmup_iters, can_share_graph, networks = 0, False, []
    trained_modules = StudentTeacher.trained_modules
    trained_parameters = StudentTeacher.trained_parameters
    teacher_pairs = StudentTeacher.teacher_pairs
    moving_teachers = StudentTeacher.moving_teachers

    def __init__(self, pull=.5):
        super().__init__()
        self.student, self.pull = Two(), pull
        self.teacher = Two().requires_grad_(False)
        self.auxiliary = nn.ModuleDict()
        self.step_cache = self.loss_scaler = None
        self.point = torch.tensor([3., 4.]).double()
        self.events = []

    def commit(self):
        """There is no state of the method."""

    discard = commit

    def forward(self, labeled, unlabeled, mode):
        self.events.append('step')
        weight = self.student.weight
        loss = ((weight - self.point)**2).sum() / 2
        return dict(loss=loss + self.pull *
                    ((weight - self.teacher.weight)**2).sum() / 2)


def run_two(work_dir, hook, pull=.5, optimizer=SGD, max_iters=4,
            monkeypatch=None, spies=()):
    model = TwoNumbers(pull)
    runner = make_runner(
        work_dir, [hook, *spies], optimizer, model=model,
        max_iters=max_iters)
    if monkeypatch:
        move = mean_teacher_hook.ema_update_

        def spy(*args):
            runner.model.events.append('move')
            move(*args)

        monkeypatch.setattr(mean_teacher_hook, 'ema_update_', spy)
    runner.train()
    return runner.model


def slow(depth, when, restore, decay, pull, iters, copy_iters=0, lr=.05,
         momentum=.9, repeat=True):
    """The loop of section B.4, in plain numbers."""
    point = torch.tensor([3., 4.]).double()
    student = teacher = torch.tensor([1., -2.]).double()
    velocity = torch.zeros(2).double()

    def step():
        gradient = student - point + pull * (student - teacher)
        moved = momentum * velocity + gradient
        return student - lr * moved, moved

    for t in range(iters):
        a = 0 if t < copy_iters else min(1 - 1 / (t + 1), decay)
        present = student, velocity
        for virtual in range(depth):
            if virtual or repeat or when == 'before':
                teacher = a * teacher + (1 - a) * student
            student, velocity = step()
        if depth:
            teacher = a * teacher + (1 - a) * student
            student = present[0]
            velocity = present[1] if restore == 'all' else velocity
        elif when == 'before':
            teacher = a * teacher + (1 - a) * student
        if t < copy_iters:
            teacher = student
        student, velocity = step()
        if when == 'after':
            teacher = a * teacher + (1 - a) * student
    return student, teacher


@pytest.mark.parametrize('depth', [0, 1, 3])
@pytest.mark.parametrize('when', ['before', 'after'])
@pytest.mark.parametrize('restore', ['weights', 'all'])
@pytest.mark.parametrize('copy_iters', [0, 3])
def test_both_networks_against_the_slow_loop(tmp_path, depth, when, restore,
                                             copy_iters):
    hook = dict(
        type='FSTHook', depth=depth, when=when, restore=restore, decay=.7,
        copy_iters=copy_iters)
    model = run_two(tmp_path, hook, max_iters=6)
    student, teacher = slow(depth, when, restore, .7, .5, 6, copy_iters)
    torch.testing.assert_close(model.student.weight.data, student)
    torch.testing.assert_close(model.teacher.weight.data, teacher)
    assert (student - teacher).abs().min() > 1e-3


@pytest.mark.parametrize('depth', [1, 3])
@pytest.mark.parametrize('when', ['before', 'after'])
def test_a_move_that_was_made_need_not_be_repeated(tmp_path, depth, when):
    hook = dict(
        type='FSTHook', depth=depth, when=when, restore='all', decay=.7)
    states = []
    for repeat in (False, True):
        model = run_two(tmp_path / str(repeat), dict(hook, repeat=repeat),
                        max_iters=6)
        student, teacher = slow(
            depth, when, 'all', .7, .5, 6, repeat=repeat)
        torch.testing.assert_close(model.student.weight.data, student)
        torch.testing.assert_close(model.teacher.weight.data, teacher)
        states.append(model.teacher.weight.data)
    assert torch.equal(*states) == (when == 'before')


def test_teacher_of_five_moves_in_closed_form(tmp_path):
    """Without a pull, step j leads to p + (1 - lr)^j (s - p)."""
    hook = dict(type='FSTHook', depth=3, when='after', decay=.5)
    model = run_two(tmp_path, hook, pull=0., max_iters=2,
                    optimizer=dict(type='SGD', lr=.1))
    for place, (start, point) in enumerate(((1., 3.), (-2., 4.))):
        s = [point + .9**j * (start - point) for j in range(6)]
        # Iteration 0 copies: m = s1. In iteration 1 the present is s1, the
        # virtual steps lead to s2, s3, s4, the real one to s2.
        want = (s[1] / 2**5 + s[1] / 2**5 + s[2] / 2**4 + s[3] / 2**3 +
                s[4] / 2**2 + s[2] / 2)
        assert model.student.weight[place].item() == pytest.approx(s[2])
        assert model.teacher.weight[place].item() == pytest.approx(
            want, rel=1e-12)


MEAN = dict(type='MeanTeacherHook')


@pytest.mark.parametrize('hook, iteration', [
    (MEAN, ['move', 'step']),
    (dict(MEAN, when='after'), ['step', 'move']),
    (dict(type='FSTHook', depth=0, when='after'), ['step', 'move']),
    (dict(type='FSTHook', depth=1), ['move', 'step'] * 2),
    (dict(type='FSTHook', depth=3), ['move', 'step'] * 4),
    (dict(type='FSTHook', depth=3, when='after'),
     ['move', 'step'] * 4 + ['move']),
    (dict(type='FSTHook', depth=3, when='after', repeat=False),
     ['step'] + ['move', 'step'] * 3 + ['move']),
], ids=str)
def test_order_and_number_of_moves(tmp_path, monkeypatch, hook, iteration):
    model = run_two(tmp_path, hook, monkeypatch=monkeypatch, max_iters=3)
    assert model.events == 3 * iteration
    if hook.get('depth') == 3 and 'when' in hook:
        moves = 5 if hook.get('repeat', True) else 4
        assert model.events.count('move') == 3 * moves


@HOOKS.register_module()
class Spy(mean_teacher_hook.Hook):
    """Which weights are equal at the step, and after the iteration."""

    priority = 'LOWEST'

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.view(runner, 'at')

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        self.view(runner, 'after')

    @staticmethod
    def view(runner, when):
        model = runner.model
        equal = torch.equal(model.student.weight, model.teacher.weight)
        model.events.append((when, runner.iter, equal))


@pytest.mark.parametrize('hook', [
    MEAN, dict(type='FSTHook', depth=0), dict(type='FSTHook', depth=2)
], ids=str)
@pytest.mark.parametrize('when', ['before', 'after'])
def test_teacher_is_the_student_in_the_first_iterations(tmp_path, hook,
                                                        when):
    model = run_two(
        tmp_path, dict(hook, when=when, copy_iters=3, decay=.9),
        spies=[dict(type='Spy')], max_iters=5)
    recorded = [event for event in model.events if event != 'step']
    assert len(recorded) == 10
    for place, iteration, equal in recorded:
        # The step of the first iteration after them still starts at the
        # student, if the teacher has moved to it last.
        follows = (place == 'at' and iteration == 3 and when == 'after'
                   and hook.get('depth') != 2)
        copied = iteration < 3 and (place == 'at' or when == 'after')
        assert equal == (copied or follows), (place, iteration)


def test_addresses_of_the_teacher_stay_its_own(tmp_path):
    """The release points the teacher at the student's memory."""
    model = run_two(tmp_path, dict(MEAN, copy_iters=9, when='after'))
    assert torch.equal(model.teacher.weight, model.student.weight)
    assert (model.teacher.weight.data_ptr() !=
            model.student.weight.data_ptr())
