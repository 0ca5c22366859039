"""Runs of students that label for one another."""
import copy

import pytest
import torch
from mmengine.hooks import Hook

from .toy import (
    assert_equal,
    assert_same,
    co_training_config,
    make_runner,
    prepare,
    state,
)

SGD = dict(type='SGD', lr=.05, momentum=.9, weight_decay=1e-4)
# mmengine divides by one iteration less than it is told.
POLY = dict(type='PolyLR', power=.9, eta_min=0., begin=0, end=7,
            by_epoch=False)
EACH = dict(
    constructor='PerStudentConstructor',
    optimizer=SGD,
    students=dict(
        wide=dict(optimizer=dict(_delete_=True, type='AdamW', lr=1e-3))))


def co_train(work_dir, hooks=(), max_iters=3, model=None, **changes):
    runner = make_runner(
        work_dir, list(hooks), SGD, max_iters=max_iters,
        model=model or co_training_config(), **changes)
    runner.train()
    return runner


def test_an_optimizer_for_each_student_steps_as_alone(tmp_path):
    """SGD and AdamW on the gradients of one backward pass."""
    runner = make_runner(
        tmp_path, [], SGD, model=co_training_config(), optim_wrapper=EACH,
        param_scheduler=[POLY])
    batch = prepare(runner)
    assert type(runner.optim_wrapper['narrow'].optimizer) is torch.optim.SGD
    assert type(runner.optim_wrapper['wide'].optimizer) is torch.optim.AdamW
    alone = copy.deepcopy(runner.model)
    optimizers = (
        torch.optim.SGD(alone.student['narrow'].parameters(), lr=.05,
                        momentum=.9, weight_decay=1e-4),
        torch.optim.AdamW(alone.student['wide'].parameters(), lr=1e-3))
    for _ in range(3):
        torch.manual_seed(5)
        runner.model.train_step(batch, runner.optim_wrapper)
        torch.manual_seed(5)
        data = alone.data_preprocessor(batch, True)
        losses = alone(**data, mode='loss')
        alone.parse_losses(losses)[0].backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    assert_equal(state(runner), alone.state_dict())


def test_the_schedule_of_each_student(tmp_path):
    found = []

    class Spy(Hook):

        def before_train_iter(self, runner, *args, **kwargs):
            rates = runner.optim_wrapper.get_lr()
            found.append((rates['narrow.lr'][0], rates['wide.lr'][0]))

    runner = make_runner(
        tmp_path, [], SGD, max_iters=6, model=co_training_config(),
        optim_wrapper=EACH, param_scheduler=[POLY])
    runner.register_hook(Spy())
    runner.train()
    want = [(1 - step / 6)**.9 for step in range(6)]
    assert found == [
        (pytest.approx(.05 * share), pytest.approx(1e-3 * share))
        for share in want
    ]


@pytest.mark.parametrize('optim_wrapper', [
    dict(type='OptimWrapper', optimizer=SGD), EACH
], ids=['one', 'each'])
def test_a_resumed_run_goes_on(tmp_path, optim_wrapper):
    """Without random numbers, which no checkpoint holds, bit for bit."""
    model = co_training_config(
        photometric=None, mixer=dict(type='NoMix'))
    for student in model['students'].values():
        student['decode_head']['dropout_ratio'] = 0.
        student['auxiliary_head']['dropout_ratio'] = 0.
    options = dict(
        model=model, optim_wrapper=optim_wrapper, param_scheduler=[POLY])
    whole = co_train(tmp_path / 'whole', max_iters=4, **options)
    hooks = dict(checkpoint=dict(
        type='CheckpointHook', by_epoch=False, interval=2))
    co_train(tmp_path / 'cut', max_iters=2, default_hooks=hooks, **options)
    resumed = co_train(
        tmp_path / 'resumed', max_iters=4, resume=True,
        load_from=str(tmp_path / 'cut' / 'iter_2.pth'), **options)
    assert_equal(state(whole), state(resumed))
    assert_same(whole.optim_wrapper.state_dict(),
                resumed.optim_wrapper.state_dict())


def ahead(work_dir, depth, **changes):
    hook = dict(type='SelfLookAheadHook', depth=depth)
    return co_train(
        work_dir, [hook], model=co_training_config(label_with='future'),
        **changes)


def test_without_a_virtual_step_it_is_co_training(tmp_path):
    """Dropout off in the copies, so on in none."""
    models = [co_training_config(), co_training_config(label_with='future')]
    for model in models:
        for student in model['students'].values():
            student['decode_head']['dropout_ratio'] = 0.
            student['auxiliary_head']['dropout_ratio'] = 0.
    plain = co_train(tmp_path / 'plain', model=models[0])
    still = co_train(
        tmp_path / 'still', [dict(type='SelfLookAheadHook', depth=0)],
        model=models[1])
    assert_equal(
        plain.model.student.state_dict(), still.model.student.state_dict())


@pytest.mark.parametrize('depth', [1, 2])
def test_the_copies_are_the_students_of_the_future(tmp_path, depth):
    runner = make_runner(
        tmp_path, [dict(type='SelfLookAheadHook', depth=depth)], SGD,
        model=co_training_config(label_with='future'))
    batch = prepare(runner)
    present = copy.deepcopy(runner.model.student.state_dict())
    by_hand = copy.deepcopy(runner.model)
    optimizer = torch.optim.SGD(
        by_hand.student.parameters(), lr=.05, momentum=.9, weight_decay=1e-4)
    rng = torch.get_rng_state()
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    assert_equal(runner.model.student.state_dict(), present)
    assert torch.equal(torch.get_rng_state(), rng)
    for _ in range(depth):
        by_hand.teacher.load_state_dict(by_hand.student.state_dict())
        losses = by_hand(
            **by_hand.data_preprocessor(batch, True), mode='loss')
        by_hand.parse_losses(losses)[0].backward()
        optimizer.step()
        optimizer.zero_grad()
    for future, want in zip(runner.model.teacher.parameters(),
                            by_hand.student.parameters()):
        torch.testing.assert_close(future, want)
    assert any(
        not torch.equal(future, now) for future, now in zip(
            runner.model.teacher.parameters(),
            runner.model.student.parameters()))


def test_self_look_ahead_needs_the_copies(tmp_path):
    with pytest.raises(ValueError, match="of CoTraining: label_with='future'"):
        co_train(tmp_path, [dict(type='SelfLookAheadHook')])


@pytest.mark.parametrize('changes, message', [
    (dict(students=dict(other={})), "'other'.*narrow, wide"),
    (dict(students=dict(wide=dict(accumulative_counts=2))),
     'students.wide: accumulative_counts'),
])
def test_optimizers_that_do_not_fit(tmp_path, changes, message):
    runner = make_runner(
        tmp_path, [], SGD, model=co_training_config(),
        optim_wrapper={**EACH, **changes})
    with pytest.raises(ValueError, match=message):
        runner.build_optim_wrapper(runner.optim_wrapper)
