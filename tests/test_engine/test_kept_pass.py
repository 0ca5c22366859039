"""The real step takes the labelled pass from the first virtual step."""
import pytest
import torch
from torch import nn

from mmseg_fst.ops import HeldGradient, KeptPass

from .test_processes import run
from .toy import make_runner, model_config, prepare, segmentor_config, state

SGD = dict(type='SGD', lr=.05, momentum=.9)
ADAMW = dict(type='AdamW', lr=1e-3)


def deterministic(**changes):
    """Batch normalisation, a regularizer, but no draws."""
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
def test_the_same_run_as_without(tmp_path, depth, restore, optimizer):
    hook = dict(type='FSTHook', depth=depth, restore=restore)
    kept, _ = train(tmp_path / 'kept', hook, optimizer)
    plain, _ = train(tmp_path / 'plain', dict(hook, reuse=False), optimizer)
    for name, value in plain.items():
        if value.is_floating_point():
            gap = (value - kept[name]).norm()
            assert gap <= 1e-6 * value.norm().clamp(min=1e-3), name
        else:  # the number of batches that were seen
            assert torch.equal(value, kept[name]), name


@pytest.mark.parametrize('backward', ['staged', 'separate', 'joint'])
@pytest.mark.parametrize('depth', [0, 1, 3])
def test_labelled_images_pass_once_less(tmp_path, depth, backward):
    """A joint backward keeps nothing: there is no gradient of its own."""
    runner = make_runner(
        tmp_path, [dict(type='FSTHook', depth=depth)], SGD,
        model=deterministic(backward=backward))
    batch = prepare(runner)
    model, passes = runner.model, []
    first_pass = model.first_pass
    model.first_pass = lambda *parts: passes.append(1) or first_pass(*parts)
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    model.train_step(batch, runner.optim_wrapper)
    runner.call_hook('after_train_iter', batch_idx=0, data_batch=batch)
    steps = depth + 1
    assert len(passes) == steps - (depth > 0 and backward != 'joint')
    assert model.kept_pass is None  # and its gradient is freed


def test_a_step_without_the_hook_keeps_nothing(tmp_path):
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook')], SGD, model=deterministic())
    batch = prepare(runner)
    runner.model.train_step(batch, runner.optim_wrapper)
    assert runner.model.kept_pass is None


def test_two_processes_share_the_same_pass(tmp_path):
    states = {}
    for reuse in (True, False):
        hook = dict(type='FSTHook', depth=3, reuse=reuse)
        first, second = run(tmp_path / f'{reuse}', hook, 2, 2)
        for name, value in first['state'].items():
            assert torch.equal(value, second['state'][name]), name
        states[reuse] = first['state']
    for name, value in states[True].items():
        torch.testing.assert_close(
            value, states[False][name], rtol=1e-6, atol=1e-6, msg=name)


def test_statistics_follow_the_batch_twice():
    """From wherever they stand by the second time."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.BatchNorm2d(3, momentum=.3), nn.ReLU(),
                            nn.BatchNorm2d(3, momentum=None)).train()
    image = torch.randn(4, 3, 5, 5)

    def compute():
        loss = network(image).square().mean()
        held = HeldGradient([loss], network.parameters())
        return dict(loss=loss.detach()), held

    kept = KeptPass()
    kept.run(network, compute)
    norm = network[0]
    with torch.no_grad():
        norm.running_mean.add_(1.)
    start = norm.running_mean.clone(), norm.running_var.clone()
    mean, variance = image.mean((0, 2, 3)), image.transpose(0, 1).flatten(
        1).var(1)
    losses, _ = kept.run(network, lambda: pytest.fail('made again'))
    assert list(losses) == ['loss']
    torch.testing.assert_close(norm.running_mean, .7 * start[0] + .3 * mean)
    torch.testing.assert_close(norm.running_var, .7 * start[1] + .3 * variance)
    assert norm.num_batches_tracked == 2
