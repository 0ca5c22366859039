"""Losses and gradients that are not finite."""
import math
import re

import pytest
import torch
from mmengine.hooks import Hook

from mmseg_fst.engine import FiniteGuardHook
from mmseg_fst.utils.checkpoint import read_checkpoint
from mmseg_fst.utils.checks import NotFinite

from .test_fst import ADAMW, SGD, ScaledOptimWrapper
from .toy import (
    ToyPairs,
    assert_equal,
    assert_same,
    co_training_config,
    everything,
    make_runner,
    model_config,
    prepare,
    state,
    u2pl_config,
)

MEAN_TEACHER = dict(type='MeanTeacherHook', decay=.9)


class NamedPairs(ToyPairs):
    """Pairs whose images have names."""

    def __getitem__(self, index):
        item = super().__getitem__(index)
        for side, part in item.items():
            part['data_samples'].set_metainfo(
                dict(img_path=f'{side}_{index.images[side]}.png',
                     img_shape=(32, 32)))
        return item


class Spoil(Hook):
    """Spoils the loss, or the gradient, of some training steps.

    Args:
        steps (tuple[int, ...]): Which steps, counted from 1, virtual ones
            included.
        what (str): ``'loss'``, ``'gradient'`` or ``'value'``: a loss that is
            not finite and has no gradient.
    """

    def __init__(self, steps, what='loss'):
        self.steps, self.what, self.count = steps, what, 0

    def before_train(self, runner):
        model, original = runner.model, runner.model.loss

        def loss(inputs, data_samples):
            self.count += 1  # a part of the gradient is computed in there
            losses = original(inputs, data_samples)
            *_, name = (name for name in losses if 'loss' in name)
            if self.count in self.steps and self.what == 'loss':
                losses[name] = losses[name] * math.nan
            if self.count in self.steps and self.what == 'value':
                losses['extra.loss'] = torch.tensor(math.inf)
            return losses

        def gradient(value):
            spoiled = self.count in self.steps and self.what == 'gradient'
            return value * math.inf if spoiled else value

        model.loss = loss
        next(model.student.parameters()).register_hook(gradient)


def runner_of(folder, *spoils, hook=MEAN_TEACHER, optimizer=SGD, max_iters=4,
              action='stop', patience=100, **changes):
    options = dict(
        train_dataloader=dict(
            batch_size=2, num_workers=0, dataset=NamedPairs(),
            sampler=dict(type='PairedSampler', seed=0)))
    hooks = [hook, dict(type='SeedIterationHook'),
             dict(type='FiniteGuardHook', action=action, patience=patience)]
    runner = make_runner(folder, [cfg for cfg in hooks if cfg], optimizer,
                         max_iters=max_iters, **{**options, **changes})
    for spoil in spoils:
        runner.register_hook(spoil)
    return runner


@pytest.mark.parametrize('what, term', [
    ('loss', r'mixed\.aux\.loss_ce is nan'),
    ('gradient', r'grad_norm is (nan|inf)'),
    ('value', r'extra\.loss is inf')])
def test_a_run_stops_before_the_weights_move(tmp_path, what, term):
    """With iteration, term and images; a value alone moves nothing."""
    before = []
    runner = runner_of(tmp_path, Spoil([3], what))

    class Note(Hook):
        priority = 'VERY_LOW'

        def before_train_iter(self, runner, batch_idx, data_batch=None):
            before[:] = [state(runner), [
                sample.img_path for side in data_batch.values()
                for sample in side['data_samples']]]

    runner.register_hook(Note())
    with pytest.raises(NotFinite, match=f'^Iteration 3, step 1 .*{term}'
                       ) as error:
        runner.train()
    assert_equal(before[0], state(runner))
    assert len(before[1]) == 4
    for name in before[1]:
        assert name in str(error.value)
    path = re.search(r'replay.py (\S+\.pth)', str(error.value)).group(1)
    dump = read_checkpoint(path)  # as data only
    assert_same(dict(dump['state_dict']), before[0])
    assert dump['meta']['iter'] == 2


def test_a_virtual_step_is_looked_at_too(tmp_path):
    """Else the teacher would follow a future that is none."""
    hook = dict(type='FSTHook', depth=3)
    runner = runner_of(tmp_path, Spoil([6]), hook=hook)
    with pytest.raises(NotFinite, match='^Iteration 2, step 2 of it'):
        runner.train()
    for name, value in state(runner).items():
        assert value.isfinite().all(), name


@pytest.mark.parametrize('optimizer', [SGD, ADAMW], ids=['sgd', 'adamw'])
@pytest.mark.parametrize('what', ['loss', 'gradient', 'value'])
def test_a_skipped_step_leaves_no_trace(tmp_path, optimizer, what):
    """In weights, moments and statistics; later steps are made."""
    runner = runner_of(
        tmp_path, Spoil([2], what), optimizer=optimizer, action='skip')
    batch = prepare(runner)
    runner.model.train_step(batch, runner.optim_wrapper)
    before = everything(runner)
    runner.model.train_step(batch, runner.optim_wrapper)
    after = everything(runner)
    for snapshot in (before, after):
        del snapshot['rng'], snapshot['count'], snapshot['gradients']
    assert_same(before, after)
    runner.model.train_step(batch, runner.optim_wrapper)
    assert not torch.equal(*(
        next(iter(snapshot['weights'].values()))
        for snapshot in (after, everything(runner))))


def test_skipped_steps_are_counted_and_named(tmp_path):
    runner = runner_of(tmp_path, Spoil([2, 4]), action='skip',
                       log_level='ERROR')
    runner.train()
    assert runner.iter == 4
    assert runner.message_hub.get_info('skipped_steps') == 2
    counts = runner.message_hub.get_scalar('train/skipped_steps').data[0]
    assert counts.tolist() == [1, 1, 2]  # from the second iteration on
    text = next(tmp_path.glob('*/*.log')).read_text()
    for iteration, count in ((2, 1), (4, 2)):
        assert re.search(
            rf'Iteration {iteration}, step 1 of it: .*loss_ce is nan.*skipped '
            rf'\({count} so far\). Images: labeled: labeled_\d+\.png', text)
    files = [path.name for path in (tmp_path / 'not_finite').iterdir()]
    assert files == ['iter_2_rank_0.pth'], 'only the first is written'


def test_what_is_staged_is_forgotten_with_the_step(tmp_path):
    """The memory of the contrastive loss."""
    hook = dict(type='MeanTeacherHook', when='after')
    runner = runner_of(
        tmp_path, Spoil([2], 'gradient'), hook=hook, action='skip',
        max_iters=3, model=u2pl_config())
    sizes = []

    class Note(Hook):
        priority = 'LOWEST'

        def after_train_iter(self, runner, *_, **__):
            sizes.append(len(runner.model.contrast.queue))

    runner.register_hook(Note())
    runner.train()
    assert 0 < sizes[0] == sizes[1] < sizes[2]


def test_patience_ends(tmp_path):
    spoil = Spoil([1, 3, 4, 5])
    runner = runner_of(
        tmp_path, spoil, action='skip', patience=3, max_iters=9)
    with pytest.raises(NotFinite, match='^Iteration 5,'):
        runner.train()


def test_several_optimizers_stop_together(tmp_path):
    optimizers = dict(
        constructor='PerStudentConstructor', optimizer=SGD,
        students=dict(wide=dict(optimizer=dict(_delete_=True, **ADAMW))))
    runner = runner_of(
        tmp_path, Spoil([2], 'gradient'), hook=None, action='skip',
        model=co_training_config(), optim_wrapper=optimizers)
    batch = prepare(runner)
    runner.model.train_step(batch, runner.optim_wrapper)
    before = state(runner)
    runner.model.train_step(batch, runner.optim_wrapper)
    assert_equal(before, state(runner))
    runner.model.train_step(batch, runner.optim_wrapper)
    after = state(runner)
    for student in ('narrow', 'wide'):
        name = f'student.{student}.decode_head.conv_seg.weight'
        assert not torch.equal(before[name], after[name])


@pytest.mark.parametrize('hook', [
    MEAN_TEACHER, dict(type='FSTHook', depth=2)], ids=['plain', 'fst'])
def test_the_norm_of_the_gradient_is_logged(tmp_path, hook):
    """Once per iteration, for the real step."""
    norms = []

    class Norm(Hook):
        priority = 'HIGH'

        def before_train(self, runner):
            runner.optim_wrapper.optimizer.register_step_pre_hook(
                lambda *_: norms.append(math.sqrt(sum(
                    float((weight.grad**2).sum())
                    for weight in runner.model.student.parameters()))))

    runner = runner_of(tmp_path, Norm(), hook=hook)
    runner.train()
    logged = runner.message_hub.get_scalar('train/grad_norm').data[0]
    steps = 1 + hook.get('depth', 0)
    assert logged == pytest.approx(norms[steps - 1::steps], rel=1e-5)
    assert len(logged) == 4


def test_clipping_logs_the_norm_itself(tmp_path):
    runner = runner_of(tmp_path, optim_wrapper=dict(
        type='OptimWrapper', optimizer=SGD, clip_grad=dict(max_norm=.01)))
    runner.train()
    logged = runner.message_hub.get_scalar('train/grad_norm').data[0]
    assert len(logged) == 4 and (logged > .01).all()


def scaled(fused=False):
    return dict(optim_wrapper=dict(
        type=ScaledOptimWrapper, optimizer=dict(SGD, fused=fused)))


def test_a_virtual_step_that_the_scaler_skips_is_not_forgotten(tmp_path):
    """It asks no optimizer; statistics are those before all of it."""
    runner = runner_of(tmp_path, Spoil([1]), **scaled(),
                       hook=dict(type='FSTHook', depth=1))
    batch = prepare(runner)
    before = {name: buffer.clone()
              for name, buffer in runner.model.student.named_buffers()}
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    with pytest.raises(NotFinite, match='loss of a skipped step is nan'):
        runner.model.train_step(batch, runner.optim_wrapper)
    assert_equal(before, dict(runner.model.student.named_buffers()))


@pytest.mark.parametrize('fused', [False, True])
def test_an_overflow_is_left_to_the_loss_scaler(tmp_path, fused):
    """Which skips the step; it is counted, and the run goes on."""
    runner = runner_of(tmp_path, Spoil([2, 3], 'gradient'), **scaled(fused))
    runner.train()
    assert runner.iter == 4
    assert runner.message_hub.get_info('skipped_steps') == 2
    assert len(runner.message_hub.get_scalar('train/grad_norm').data[0]) == 2


def test_the_norm_is_that_of_gradients_without_a_scale(tmp_path):
    """A fused optimizer has them with it."""
    norms = []
    for fused in (False, True):
        runner = runner_of(tmp_path / str(fused), **scaled(fused))
        runner.train()
        norms.append(runner.message_hub.get_scalar('train/grad_norm').data[0])
    assert len(norms[0]) == 4
    assert norms[1] == pytest.approx(norms[0], rel=1e-4)


@pytest.mark.parametrize('fused', [False, True])
def test_overflows_without_end_stop_the_run(tmp_path, fused):
    runner = runner_of(
        tmp_path, Spoil(range(9), 'gradient'), patience=3, **scaled(fused))
    with pytest.raises(NotFinite, match='^Iteration 3,.*overflows'):
        runner.train()


def test_a_loss_is_no_business_of_the_loss_scaler(tmp_path):
    runner = runner_of(tmp_path, Spoil([2]), **scaled())
    with pytest.raises(NotFinite, match='^Iteration 2,.*loss_ce is nan'):
        runner.train()


def test_gathered_gradients_are_looked_at_once(tmp_path):
    """And the loss of each batch, although not each updates the weights."""
    wrapper = dict(type='OptimWrapper', optimizer=SGD, accumulative_counts=2)
    runner = runner_of(tmp_path / 'good', optim_wrapper=wrapper)
    runner.train()
    assert len(runner.message_hub.get_scalar('train/grad_norm').data[0]) == 2
    runner = runner_of(tmp_path / 'bad', Spoil([3]), optim_wrapper=wrapper)
    with pytest.raises(NotFinite, match='^Iteration 3,'):
        runner.train()


def test_looking_changes_nothing(tmp_path):
    hook = dict(type='FSTHook', depth=2)
    guarded = runner_of(tmp_path / 'guarded', hook=hook)
    guarded.train()
    runner = make_runner(
        tmp_path / 'plain', [hook, dict(type='SeedIterationHook')], SGD,
        max_iters=4)
    runner.train()
    assert_equal(state(guarded), state(runner))
    assert not guarded.model._forward_hooks, 'it is gone after the training'
    assert not guarded.model._forward_pre_hooks
    assert not guarded.optim_wrapper.optimizer._optimizer_step_pre_hooks


def test_labels_alone_are_guarded(tmp_path):
    model = model_config(type='Supervised', pseudo_labeler=None, mixer=None)
    runner = runner_of(tmp_path, Spoil([2], 'value'), hook=None, model=model)
    with pytest.raises(NotFinite, match='^Iteration 2,'):
        runner.train()


@pytest.mark.parametrize('options, message', [
    (dict(action='ignore'), "non_finite.action must be .*got 'ignore'"),
    (dict(patience=0), 'non_finite.patience must be .*got 0')])
def test_wrong_arguments_name_the_allowed_values(options, message):
    with pytest.raises(ValueError, match=message):
        FiniteGuardHook(**options)
