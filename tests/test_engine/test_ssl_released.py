"""Traits of the releases for semi-supervision, and what stands for them."""
import pytest
import torch
from mmengine.hooks import Hook

from mmseg_fst.registry import HOOKS

from .test_ssl_hooks import SGD, counts_of, method
from .toy import assert_equal, make_runner, model_config, trained, u2pl_config

MEAN = dict(type='MeanTeacherHook', decay=.9, when='after')


@HOOKS.register_module()
class Losses(Hook):
    """Keep what is logged."""

    def before_run(self, runner):
        runner.logged = []

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        runner.logged.append(
            {key: float(value.detach()) for key, value in outputs.items()})


def students(state):
    return {key: value for key, value in state.items() if key[:7] == 'student'}


def test_the_first_iterations_have_labels_alone(tmp_path):
    model = dict(u2pl_config(), warmup_iters=3)
    hooks = [MEAN, dict(type='Losses')]
    runner = make_runner(tmp_path / 'run', hooks, SGD, model=model,
                         max_iters=5)
    runner.train()
    for step, logged in enumerate(runner.logged):
        assert ('mixed.decode.loss_ce' in logged) == (step >= 3)
        assert (logged['loss_contrast'] > 0) == (step >= 4)  # filled by 3
        assert logged['labeled.decode.loss_ce'] > 0


def test_they_train_as_labels_alone_do(tmp_path):
    model = u2pl_config()
    first, runner = trained(
        tmp_path / 'first', MEAN, SGD, model=dict(model, warmup_iters=3),
        max_iters=3)
    alone = model_config(type='Supervised', segmentor=model['segmentor'],
                         pseudo_labeler=None, mixer=None, photometric=None)
    plain = make_runner(tmp_path / 'alone', [], SGD, model=alone, max_iters=3)
    plain.train()
    plain = plain.model.state_dict()
    for name, value in students(first).items():
        torch.testing.assert_close(value, plain[name], msg=name)
    # The teacher has labeled the labeled images, once at each step.
    assert counts_of(runner.model.teacher) == {3}


@pytest.mark.parametrize('hook', [
    dict(type='FSTHook', depth=2), dict(type='WideFSTHook', width=2)])
def test_they_do_not_look_ahead(tmp_path, hook):
    model = dict(u2pl_config(), warmup_iters=2)
    counts = []
    for max_iters in (2, 3):
        _, runner = trained(tmp_path / str(max_iters), hook, SGD, model=model,
                            max_iters=max_iters)
        counts.append(counts_of(runner.model.student))
    assert counts == [{2}, {2 + 3}]


def test_a_negative_number_of_them_is_refused(tmp_path):
    with pytest.raises(ValueError, match='warmup_iters must be .* 0, got -1'):
        make_runner(tmp_path, [], SGD, model=dict(
            u2pl_config(), warmup_iters=-1))


# The second pass of the teacher.


def running_looks(**changes):
    return method('ssl_mean_teacher', pseudo_filter=dict(
        type='EntropyPercentile', batch_statistics=False), **changes)


def test_a_look_by_running_statistics_moves_none(tmp_path):
    model, hook = running_looks()
    hook = dict(hook, buffers='copy')
    _, runner = trained(tmp_path, hook, SGD, model=model, max_iters=2)
    student, teacher = runner.model.student, runner.model.teacher
    assert counts_of(student) == counts_of(teacher) == {2}
    assert_equal(dict(student.named_buffers()), dict(teacher.named_buffers()))


def test_running_statistics_that_nothing_moves_are_refused(tmp_path):
    model, hook = running_looks()
    runner = make_runner(tmp_path, [hook], SGD, model=model, max_iters=1)
    with pytest.raises(ValueError, match="teacher_mode='eval'.*buffers"):
        runner.train()


@pytest.mark.parametrize('when', ['before', 'after'])
def test_depth_zero_is_the_plain_method_after_labels_alone(tmp_path, when):
    model = dict(u2pl_config(), warmup_iters=2)
    plain, ahead = (
        trained(tmp_path / name, dict(type=name, when=when, **more), SGD,
                model=model)[0]
        for name, more in (('MeanTeacherHook', {}),
                           ('FSTHook', dict(depth=0))))
    assert_equal(plain, ahead)
