"""Look-ahead on the semi-supervised methods of the configs."""
import copy

import pytest
import torch
from ssl_methods import FOLDER, Config

from mmseg_fst.registry import HOOKS

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
OPTIMIZERS = pytest.mark.parametrize('optimizer', [SGD, ADAMW],
                                     ids=['sgd', 'adamw'])
WITH_TEACHER = ['ssl_mean_teacher', 'ssl_cutmix_mean_teacher',
                'ssl_unimatch_v2']


def method(name, dropout=.1, **changes):
    """Model and hook of a method, on the toy network."""
    cfg = Config.fromfile(str(FOLDER / f'{name}.py')).to_dict()
    model = {'photometric': None, **cfg['model'], **changes}
    # Untrained, nothing passes 0.95, and then no teacher is listened to.
    model['pseudo_labeler'] = dict(type='Threshold', threshold=0.)
    return model_config(dropout, **model), *cfg.get('custom_hooks', [])


@pytest.mark.parametrize('name', WITH_TEACHER)
@OPTIMIZERS
def test_depth_zero_is_the_plain_method_bit_for_bit(tmp_path, name,
                                                    optimizer):
    model, hook = method(name)
    plain, _ = trained(tmp_path / 'plain', hook, optimizer, model=model)
    hook = {**hook, 'type': 'FSTHook', 'depth': 0, 'restore': 'all'}
    fst, _ = trained(tmp_path / 'fst', hook, optimizer, model=model)
    assert_equal(fst, plain)
    assert any(name.startswith('teacher') for name in plain)
    deep, _ = trained(tmp_path / 'deep', {**hook, 'depth': 1}, optimizer,
                      model=model)
    assert any(not torch.equal(plain[name], deep[name]) for name in plain
               if name.startswith('teacher'))


# What virtual steps leave behind.


@pytest.mark.parametrize('name', WITH_TEACHER)
@OPTIMIZERS
def test_restoring_all_leaves_no_trace_in_the_student(tmp_path, name,
                                                      optimizer):
    """A student that does not listen learns as without look-ahead.

    Weights, moments, statistics, gradients and random numbers are equal to
    the plain method; with ``restore='weights'`` they are not.
    """
    model, hook = method(name, loss_weights=dict(labeled=1., mixed=0.))
    states = []
    for depth, restore in ((0, 'all'), (3, 'all'), (3, 'weights')):
        changed = {
            **hook, 'type': 'FSTHook', 'depth': depth, 'restore': restore
        }
        state, runner = trained(
            tmp_path / f'{depth}{restore}', changed, optimizer, model=model,
            max_iters=3)
        state = {
            key: value for key, value in state.items()
            if key.startswith('student')
        }
        states.append((state, everything(runner)))
    assert_same(*states[:2])
    assert any(not torch.equal(value, states[2][0][key])
               for key, value in states[0][0].items())


def counts_of(network):
    """Batches its normalizations have seen, the auxiliary head's aside."""
    return {
        int(value) for name, value in network.named_buffers()
        if name.endswith('num_batches_tracked')
        and not name.startswith('auxiliary_head')
    }


@pytest.mark.parametrize('restore', ['weights', 'all'])
@pytest.mark.parametrize('name', WITH_TEACHER[:2])
def test_statistics_of_the_teacher_keep_the_virtual_looks(tmp_path, name,
                                                          restore):
    """The teacher is not restored: its updates are the method."""
    model, hook = method(name)
    hook = {**hook, 'type': 'FSTHook', 'depth': 3, 'restore': restore}
    _, runner = trained(tmp_path, hook, SGD, model=model, max_iters=2)
    assert counts_of(runner.model.teacher) == {2 * 4}
    assert counts_of(runner.model.student) == {
        2 * (1 if restore == 'all' else 4)}


@pytest.mark.parametrize('restore, passes', [('all', 2), ('weights', 8)])
def test_copied_statistics_are_the_students_in_the_end(tmp_path, restore,
                                                       passes):
    model, hook = method('ssl_unimatch_v2')
    hook = {**hook, 'type': 'FSTHook', 'depth': 3, 'restore': restore}
    _, runner = trained(tmp_path, hook, SGD, model=model, max_iters=1)
    student, teacher = runner.model.student, runner.model.teacher
    assert counts_of(student) == counts_of(teacher) == {passes}
    assert_equal(dict(student.named_buffers()), dict(teacher.named_buffers()))


def test_before_the_real_step_the_present_is_back(tmp_path):
    model, hook = method('ssl_cutmix_mean_teacher')
    hook = {**hook, 'type': 'FSTHook', 'depth': 3, 'restore': 'all'}
    runner = make_runner(tmp_path, [hook], ADAMW, model=model)
    batch = prepare(runner)
    runner.model.train_step(batch, runner.optim_wrapper)
    before = everything(runner)
    teacher = copy.deepcopy(runner.model.teacher.state_dict())
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    assert_same(before, everything(runner))
    moved = runner.model.teacher.state_dict()
    assert any(not torch.equal(teacher[name], moved[name]) for name in moved)


def test_virtual_steps_filter_by_the_percentile_of_their_iteration(tmp_path):
    model, hook = method(
        'ssl_mean_teacher', pseudo_filter=dict(
            type='EntropyPercentile', percentile=80, final=100))
    runner = make_runner(
        tmp_path, [{**hook, 'type': 'FSTHook', 'depth': 1}], SGD,
        model=model, max_iters=4)
    found = []
    runner.model.pseudo_filter.register_forward_hook(
        lambda module, *_: found.append(module.current))
    runner.train()
    assert found == pytest.approx([80, 80, 85, 85, 90, 90, 95, 95])


# What is refused.


@pytest.mark.parametrize('name', ['ssl_fixmatch', 'ssl_unimatch'])
@pytest.mark.parametrize('hook', ['MeanTeacherHook', 'FSTHook',
                                  'WideFSTHook'])
def test_a_student_that_labels_for_itself_has_no_teacher(tmp_path, name,
                                                         hook):
    model, = method(name)
    runner = make_runner(tmp_path, [dict(type=hook)], SGD, model=model)
    with pytest.raises(ValueError, match=f"{hook} needs a model with a "
                       "teacher.*such as MeanTeacher.*custom_hooks"):
        runner.train()


@pytest.mark.parametrize('name, refused', [('ssl_mean_teacher', False),
                                           ('ssl_unimatch_v2', True)])
def test_statistics_that_nothing_moves_are_refused(tmp_path, name, refused):
    model, hook = method(name)
    hook = {**hook, 'buffers': 'keep'}
    runner = make_runner(tmp_path, [hook], SGD, model=model, max_iters=1)
    if not refused:  # the second pass moves them
        runner.train()
        return
    with pytest.raises(ValueError, match="teacher_mode='eval'.*buffers"):
        runner.train()


@pytest.mark.parametrize('name', ['MeanTeacherHook', 'FSTHook'])
def test_a_wrong_when_names_the_fix(name):
    with pytest.raises(
            ValueError, match=f"{name}: when must be 'before'.*'later'"):
        HOOKS.build(dict(type=name, when='later'))
