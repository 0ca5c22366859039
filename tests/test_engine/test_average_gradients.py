"""The real step of FST with the mean gradient of all steps."""
import copy

import pytest
import torch
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.registry import init_default_scope

import mmseg_fst  # noqa: F401
from mmseg_fst.engine.gradient_mean import GradientMean
from mmseg_fst.ops import ema_update_

from .toy import assert_equal, make_runner, model_config, prepare, trained

SGD = dict(type='SGD', lr=0.05, momentum=0.9)
ADAMW = dict(type='AdamW', lr=1e-3)
HOOK = dict(type='FSTHook', depth=2, average_gradients=True,
            restore=['weights', 'optimizer', 'buffers'], decay=0.75)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')
    torch.set_num_threads(1)


def gradients_of(model, batch) -> list[torch.Tensor]:
    """The gradient of one training step, without the step."""
    losses = model.loss(**model.data_preprocessor(batch, training=True))
    total = sum(value for name, value in losses.items() if 'loss' in name)
    return list(torch.autograd.grad(total, list(model.student.parameters())))


def step_by(optimizer, weights, gradients) -> None:
    """One step of an optimizer with a given gradient."""
    for weight, gradient in zip(weights, gradients):
        weight.grad = gradient.clone()
    optimizer.step()


@pytest.mark.parametrize('reuse', [True, False])
@pytest.mark.parametrize('optimizer', [SGD, ADAMW], ids=['sgd', 'adamw'])
def test_against_an_explicit_computation(tmp_path, optimizer, reuse):
    """Three gradients are averaged; the moments move once."""
    model = model_config(
        dropout=0., mixer=dict(type='NoMix'), photometric=None)
    runner = make_runner(tmp_path, [dict(HOOK, reuse=reuse)], optimizer,
                         model=model)
    batch = prepare(runner)
    runner.train_loop._iter = 9  # past the warm-up: the decay is 0.75
    # So that there are moments.
    runner.model.train_step(batch, runner.optim_wrapper)

    twin = copy.deepcopy(runner.model)
    weights = list(twin.student.parameters())
    teacher = list(twin.teacher.parameters())
    arguments = {k: v for k, v in optimizer.items() if k != 'type'}
    explicit = getattr(torch.optim, optimizer['type'])(
        twin.parameters(), **arguments)  # a teacher has no gradient
    moments = copy.deepcopy(runner.optim_wrapper.optimizer.state_dict())
    explicit.load_state_dict(copy.deepcopy(moments))
    present = copy.deepcopy(twin.student.state_dict())
    gradients = []
    for _ in range(2):
        ema_update_(teacher, weights, .75)
        gradients.append(gradients_of(twin, batch))
        step_by(explicit, weights, gradients[-1])
    ema_update_(teacher, weights, .75)
    twin.student.load_state_dict(present)
    explicit.load_state_dict(moments)
    gradients.append(gradients_of(twin, batch))
    step_by(explicit, weights, [sum(parts) / 3 for parts in zip(*gradients)])

    runner.call_hook('before_train_iter', batch_idx=9, data_batch=batch)
    runner.model.train_step(batch, runner.optim_wrapper)
    for name, value in twin.state_dict().items():
        torch.testing.assert_close(
            runner.model.state_dict()[name], value, rtol=1e-5, atol=1e-7,
            msg=name)
    states = runner.optim_wrapper.optimizer.state_dict()['state']
    for index, entry in explicit.state_dict()['state'].items():
        for key, value in entry.items():
            torch.testing.assert_close(
                states[index][key], value, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize('optimizer', [SGD, ADAMW], ids=['sgd', 'adamw'])
def test_depth_zero_is_the_mean_teacher_bit_for_bit(tmp_path, optimizer):
    none, _ = trained(tmp_path / 'none', dict(HOOK, depth=0), optimizer,
                      max_iters=3)
    plain, _ = trained(tmp_path / 'plain', dict(
        type='MeanTeacherHook', decay=0.75), optimizer, max_iters=3)
    assert_equal(none, plain)


def test_the_mean_changes_the_run_and_ends_with_it(tmp_path):
    mean, runner = trained(tmp_path / 'mean', HOOK, SGD, max_iters=3)
    plain, _ = trained(tmp_path / 'plain', dict(
        HOOK, average_gradients=False), SGD, max_iters=3)
    assert any(not torch.equal(mean[name], plain[name]) for name in mean)
    assert not runner.optim_wrapper.optimizer._optimizer_step_pre_hooks
    assert not runner.optim_wrapper.optimizer._optimizer_step_post_hooks


def test_a_skipped_step_does_not_count():
    """Its gradients are gone, as FiniteGuardHook leaves them."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.)
    mean = GradientMean([optimizer])
    mean.record()
    optimizer.step()  # no gradient
    weight.grad = torch.tensor([2.])
    optimizer.step()
    mean.average()
    weight.data.zero_()
    weight.grad = torch.tensor([4.])
    optimizer.step()
    assert weight.item() == -3.
    mean.clear()
    optimizer.step()  # the gradient stands at 3
    assert weight.item() == -6.


def test_moments_that_stay_are_refused():
    from mmseg_fst.registry import HOOKS
    with pytest.raises(ValueError, match="restore=.'weights', 'optimizer'"):
        HOOKS.build(dict(type='FSTHook', average_gradients=True))


class ScaledOptimWrapper(AmpOptimWrapper):
    """AMP's loss scaling on a CPU, where mmengine refuses it."""

    def __init__(self, **kwargs):
        OptimWrapper.__init__(self, **kwargs)
        self._scale_update_param = None
        self.cast_dtype = torch.bfloat16
        self.loss_scaler = torch.amp.GradScaler('cpu')


def test_a_scaled_loss_is_refused(tmp_path):
    runner = make_runner(tmp_path, [HOOK], SGD, optim_wrapper=dict(
        type=ScaledOptimWrapper, optimizer=SGD))
    with pytest.raises(ValueError, match='AutocastOptimWrapper'):
        runner.train()
