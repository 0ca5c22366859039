"""The real step takes the labeled pass from the first virtual step."""
import pytest
import torch
from test_engine.test_fst import ScaledOptimWrapper
from test_engine.toy import (
    make_runner,
    model_config,
    prepare,
    segmentor_config,
    state,
)
from torch import nn

from mmseg_fst.engine import FSTHook
from mmseg_fst.methods import DeferredGradient, StepCache

SGD = dict(type='SGD', lr=.05, momentum=.9)
ADAMW = dict(type='AdamW', lr=1e-3)


def deterministic(**changes):
    """Batch normalization, a regularizer, but no random numbers."""
    segmentor = segmentor_config(dropout=0.)
    return model_config(
        segmentor=segmentor, mixer=dict(type='NoMix'), photometric=None,
        regularizer=dict(
            type='FeatureDistance', classes=[1, 3], loss_weight=.1),
        **changes)


def train(work_dir, hook, optimizer, **changes):
    runner = make_runner(
        work_dir, [hook], optimizer, max_iters=5, model=deterministic(
            **changes))
    runner.train()
    return state(runner), runner


@pytest.mark.parametrize('optimizer', [SGD, ADAMW], ids=['sgd', 'adamw'])
@pytest.mark.parametrize('depth', [1, 3])
@pytest.mark.parametrize('restore', ['weights', 'all'])
@pytest.mark.parametrize('resample_mix', [True, False])
def test_the_same_run_as_without(tmp_path, depth, restore, resample_mix,
                                 optimizer):
    """Without random numbers, a reused mixed batch equals a new one."""
    hook = dict(type='FSTHook', depth=depth, restore=restore)
    reused, _ = train(
        tmp_path / 'kept', dict(hook, resample_mix=resample_mix), optimizer)
    plain, _ = train(tmp_path / 'plain', dict(hook, reuse=False), optimizer)
    same(plain, reused)


def same(plain, reused):
    """Equal up to rounding."""
    for name, value in plain.items():
        if value.is_floating_point():
            gap = (value - reused[name]).norm()
            assert gap <= 1e-6 * value.norm().clamp(min=1e-3), name
        else:  # the number of batches that were seen
            assert torch.equal(value, reused[name]), name


@pytest.mark.parametrize('backward', ['staged', 'separate', 'joint'])
@pytest.mark.parametrize('depth', [0, 1, 3])
def test_labeled_images_pass_once_less(tmp_path, depth, backward):
    """A joint backward caches nothing: there is no separate gradient."""
    runner = make_runner(
        tmp_path, [dict(type='FSTHook', depth=depth)], SGD,
        model=deterministic(backward=backward))
    batch = prepare(runner)
    model, passes = runner.model, []
    supervised = model.supervised
    model.supervised = lambda side: passes.append(1) or supervised(side)
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    model.train_step(batch, runner.optim_wrapper)
    runner.call_hook('after_train_iter', batch_idx=0, data_batch=batch)
    steps = depth + 1
    assert len(passes) == steps - (depth > 0 and backward != 'joint')
    assert model.step_cache is None  # and its gradient is freed


def test_a_step_without_the_hook_keeps_nothing(tmp_path):
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook')], SGD, model=deterministic())
    batch = prepare(runner)
    runner.model.train_step(batch, runner.optim_wrapper)
    assert runner.model.step_cache is None


@pytest.mark.parametrize('changes', [
    {}, dict(
        type='UniMatchV2', mixer=dict(type='CutMix', prob=.5),
        perturbation=dict(type='ComplementaryDropout'))],
    ids=['class', 'views'])
def test_random_numbers_equal_the_first_step(tmp_path, changes):
    """Dropout, masks and colors, where random numbers are restored."""
    states = []
    for flags in (dict(reuse=False), {}, dict(resample_mix=False)):
        hook = dict(type='FSTHook', depth=2, restore='all', **flags)
        runner = make_runner(
            tmp_path / f'{flags}', [hook], SGD, max_iters=3,
            model=model_config(**changes))
        runner.train()
        states.append(state(runner))
    same(states[0], states[1])
    same(states[0], states[2])


def test_what_has_overflowed_is_not_kept(tmp_path):
    """The scale falls, and the real step is made anew: it is not lost."""
    runner = make_runner(
        tmp_path, [dict(type='FSTHook', depth=1)], SGD,
        model=deterministic(),
        optim_wrapper=dict(type=ScaledOptimWrapper, optimizer=SGD))
    batch = prepare(runner)
    scaler = runner.optim_wrapper.loss_scaler
    hook = next(each for each in runner.hooks if isinstance(each, FSTHook))
    hook.before_train_iter(runner, 0, batch)
    assert runner.model.step_cache is not None
    step = runner.model.train_step

    def overflow(*args):
        step(*args)
        scaler.update(scaler.get_scale() / 4)  # it has grown to the double

    runner.model.train_step = overflow
    hook.before_train_iter(runner, 0, batch)
    assert runner.model.step_cache is None


def test_what_a_failed_step_has_left_is_not_used(tmp_path):
    runner = make_runner(
        tmp_path, [dict(type='FSTHook', depth=1)], SGD,
        model=deterministic())
    batch = prepare(runner)
    hook = next(each for each in runner.hooks if isinstance(each, FSTHook))
    hook.before_train_iter(runner, 0, batch)
    left = runner.model.step_cache
    hook.before_train_iter(runner, 0, batch)  # the real step was not made
    assert left is not runner.model.step_cache is not None


def test_statistics_without_a_momentum_are_refused(tmp_path):
    model = deterministic()
    model['segmentor']['backbone']['norm_cfg'] = dict(type='BN', momentum=None)
    with pytest.raises(ValueError, match='momentum=None.*reuse=False'):
        make_runner(tmp_path, [dict(type='FSTHook')], SGD,
                    model=model).train()


def test_futures_of_other_batches_keep_nothing(tmp_path):
    runner = make_runner(
        tmp_path, [dict(type='WideFSTHook', width=2)], SGD,
        model=deterministic())
    batch = prepare(runner)
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    assert runner.model.step_cache is None


@pytest.mark.parametrize('changes', [
    dict(type='UniMatchV2', mixer=dict(type='CutMix', prob=1.)),
    dict(mixer=dict(type='ClassMix')),
    dict(type='CutMixMeanTeacher', mixer=dict(type='HalfCutMix'),
         pseudo_filter=dict(type='EntropyPercentile', percentile=100),
         regularizer=None),
], ids=['two views', 'class', 'joint'])
def test_the_mixed_batch_is_kept_its_labels_are_not(tmp_path, changes):
    """One pass of the student less; the future teacher labels anew."""
    config = {**deterministic(), **changes}
    runner = make_runner(
        tmp_path, [dict(type='FSTHook', resample_mix=False, decay=0.)],
        dict(type='SGD', lr=5.), model=config, seed=2)
    batch = prepare(runner)
    model, asked = runner.model, []
    backbone = model.student.backbone.forward
    model.student.backbone.forward = (
        lambda image: asked.append(len(image)) or backbone(image))
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    virtual, by_past, passes = model.mixed, model.pseudo_label, len(asked)
    model.train_step(batch, runner.optim_wrapper)
    real, by_future = model.mixed, model.pseudo_label
    runner.call_hook('after_train_iter', batch_idx=0, data_batch=batch)
    assert len(asked) == passes  # none by the real step
    assert torch.equal(virtual.image, real.image)
    assert torch.equal(virtual.mask, real.mask)
    assert not torch.equal(by_past, by_future)
    # What is pasted comes with its label, the rest with that of the future.
    views = len(real.mask) // len(by_future)
    onto = by_future.repeat(views, 1, 1)
    # The filter drops the pixels that share the largest entropy; their number
    # depends on rounding.
    passed = real.label != 255
    assert passed[~real.mask].float().mean() > .9
    onto_passed = ~real.mask & passed
    assert torch.equal(real.label[onto_passed], onto[onto_passed])
    if real.index is not None:
        pasted, pasted_passed = by_future[real.index], real.mask & passed
        assert torch.equal(real.label[pasted_passed], pasted[pasted_passed])
    else:
        assert torch.equal(real.label[real.mask], virtual.label[real.mask])
    assert model.step_cache is None


@pytest.mark.parametrize('changes, words', [
    (dict(backward='joint'), "must be 'staged'"),
    (dict(type='FixMatch', regularizer=None), 'has none'),
])
def test_a_model_without_graphs_to_keep_is_refused(tmp_path, changes, words):
    runner = make_runner(
        tmp_path, [dict(type='FSTHook', resample_mix=False)], SGD,
        model={**deterministic(), **changes})
    with pytest.raises(ValueError, match=words):
        runner.train()


def test_a_graph_is_kept_with_the_pass():
    with pytest.raises(ValueError, match='reuse=True'):
        FSTHook(reuse=False, resample_mix=False)


def test_statistics_follow_the_batch_twice():
    """From wherever they stand by the second time."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.BatchNorm2d(3, momentum=.3), nn.ReLU())
    network.append(twice := nn.BatchNorm2d(3)).append(twice)
    network.train().unused = nn.BatchNorm2d(3)
    image = torch.randn(4, 3, 5, 5)

    def compute():
        loss = network[:4](image).square().mean()
        deferred = DeferredGradient([loss], network.parameters())
        return dict(loss=loss.detach()), deferred

    cache = StepCache('weights')
    cache.run('labeled', [network], compute)
    norm = network[0]
    with torch.no_grad():
        norm.running_mean.add_(1.)
    cache.step = 'last'
    start = norm.running_mean.clone(), norm.running_var.clone()
    mean, variance = image.mean((0, 2, 3)), image.transpose(0, 1).flatten(
        1).var(1)
    losses, _ = cache.run(
        'labeled', [network], lambda: pytest.fail('made again'))
    assert list(losses) == ['loss']
    torch.testing.assert_close(norm.running_mean, .7 * start[0] + .3 * mean)
    torch.testing.assert_close(norm.running_var, .7 * start[1] + .3 * variance)
    assert norm.num_batches_tracked == 2
    assert twice.num_batches_tracked == 4
    assert network.unused.num_batches_tracked == 0
    assert (network.unused.running_mean == 0).all()
    again = twice.running_mean.clone()
    assert again.abs().sum() > 0
