"""GCT: who follows whom, what the detector learns, and FST on it."""
import pytest
import torch
from helpers import make_batch, preprocessor_cfg
from mmengine.config import ConfigDict
from students import student_cfg

from mmseg_fst.models import FlawDetector
from mmseg_fst.ops import exchange, flaw_target, gaussian_ramp, scale_flaws
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.frozen import frozen
from tests.test_engine.test_processes import run
from tests.test_engine.toy import assert_equal, gct_config, trained

SGD = dict(type='SGD', lr=.05, momentum=.9)
EMA = dict(type='MeanTeacherHook', decay=.9, buffers='copy', when='after')


def model_cfg(**changes):
    return ConfigDict({
        **dict(
            type='GCT',
            students=dict(left=student_cfg(), right=student_cfg()),
            flaw_detector=dict(type='FlawDetector', channels=4, halvings=2),
            data_preprocessor=preprocessor_cfg()), **changes
    })


def gct(**changes):
    torch.manual_seed(0)
    model = MODELS.build(model_cfg(**changes))
    model.init_weights()
    return model.train()


def losses_of(model, only=''):
    """Losses of a batch, and the sum of those whose name has a text."""
    data = model.data_preprocessor(make_batch(), True)
    losses = model(**data, mode='loss')
    return losses, sum(
        value for name, value in losses.items()
        if 'loss' in name and only in name)


def trained_by(model, only):
    """Networks with a gradient of some losses alone."""
    losses_of(model, only)[1].backward()
    return {
        name for name, module in (*model.student.items(),
                                  *model.auxiliary.items())
        if any(weight.grad is not None and weight.grad.any()
               for weight in module.parameters())
    }


# The maps.


def test_the_less_flawed_prediction_is_followed():
    first, second = torch.zeros(1, 2, 1, 4), torch.ones(1, 2, 1, 4)
    first_flaw = torch.tensor([.1, .5, .7, .9]).view(1, 1, 1, 4)
    second_flaw = torch.tensor([.4, .2, .9, .3]).view(1, 1, 1, 4)
    left, right, flawed = exchange(
        (first, second), (first_flaw, second_flaw), .6)
    # Of the third pixel both are bad: each keeps its own.
    assert left[0, 0, 0].tolist() == [0, 1, 0, 1]
    assert right[0, 0, 0].tolist() == [0, 1, 1, 1]
    assert flawed.flatten().tolist() == [False, False, True, False]


def test_a_target_is_high_where_the_prediction_is_wrong():
    label = torch.zeros(2, 48, 64, dtype=torch.long)
    probability = torch.zeros(2, 3, 48, 64)
    probability[:, 0] = 1
    probability[0, :, 10:20, 20:30] = torch.tensor([0., 1, 0])[:, None, None]
    target = flaw_target(probability, label)
    assert target[0, 0, 15, 25] == pytest.approx(1, abs=.02)
    assert target[0].amin() == 0 and target[0].amax() == pytest.approx(1)
    assert target[0, 0, 40, 60] < 1e-6
    assert not target[1].any()


@pytest.mark.parametrize('error, is_flawed', [(0., False), (.5, True)])
def test_pixels_without_a_label(error, is_flawed):
    label = torch.zeros(1, 48, 48, dtype=torch.long)
    label[:, :10] = 255
    probability = torch.zeros(1, 3, 48, 48)
    probability[:, 0] = 1
    target = flaw_target(probability, label, ignored_error=error)
    assert target.any() == is_flawed


@pytest.mark.parametrize('released', [True, False])
def test_a_map_without_flaws(released):
    flaw = torch.rand(2, 1, 48, 64) * torch.tensor([.08, 2.]).view(2, 1, 1, 1)
    scaled = scale_flaws(flaw - .01, match_release=released)
    assert (scaled[0] < 0).all() if released else not scaled[0].any()
    assert scaled[1].amin() == 0 and scaled[1].amax() == pytest.approx(1)


def test_the_weight_of_the_consistency_grows():
    weights = [gaussian_ramp(step / 10, .3) for step in range(5)]
    assert weights[0] == pytest.approx(.0067379, rel=1e-5)
    assert weights == sorted(weights)
    assert weights[3:] == pytest.approx([1, 1]) and weights[2] < .6
    assert gaussian_ramp(0., 0.) == 1


# Who learns what.


def test_each_loss_trains_its_network():
    """The flaw correction goes through the detector, not into it."""
    # The threshold makes every pixel with a flaw one of both.
    model = gct(backward='joint', flaw_threshold=0.)
    for loss, network in (('right.correction', 'right'),
                          ('left.labeled', 'left'),
                          ('detector', 'flaw_detector')):
        model.zero_grad()
        assert trained_by(model, loss) == {network}


@pytest.mark.parametrize('backward', ['separate', 'joint'])
def test_gradients_do_not_depend_on_when_they_are_computed(backward):
    gradients = []
    for when in ('staged', backward):
        model = gct(backward=when)
        losses_of(model)[1].backward()
        gradients.append([
            weight.grad for weight in model.trained_parameters()])
    for first, second in zip(*gradients):
        torch.testing.assert_close(first, second)


def test_a_network_follows_the_prediction_of_the_other():
    """Where a detector finds the left one flawless and the right one not."""
    model = gct(backward='joint')
    judged = []
    model._detector_pass = lambda image, probability, label: (
        dict(loss_mse=0. * image.sum()),
        judged.extend(probability) or [
            torch.full_like(image[:, :1], flaw) for flaw in (.2, .5)])
    losses, _ = losses_of(model)
    assert losses['left.consistency.loss_mse'] < 1e-12  # no dropout
    want = (judged[0] - judged[1]).square().mean()
    torch.testing.assert_close(losses['right.consistency.loss_mse'], want)


def test_frozen_parameters_stay_frozen():
    module = torch.nn.Conv2d(1, 1, 1)
    module.bias.requires_grad_(False)
    with frozen(module):
        assert not any(entry.requires_grad for entry in module.parameters())
    assert module.weight.requires_grad and not module.bias.requires_grad


# Averages that are judged, and FST.


def test_the_teachers_are_judged():
    model = gct(judge='teachers', teacher_mode='eval')
    before = losses_of(model)[0]
    with torch.no_grad():
        for weight in model.teacher['left'].parameters():
            weight.add_(torch.randn_like(weight))
    after = losses_of(model)[0]
    changed = {name for name in before
               if not torch.equal(before[name], after[name])}
    assert {'detector.loss_mse', 'left.consistency.loss_mse'} <= changed
    assert not {'left.labeled.decode.loss_ce'} & changed
    losses_of(model)[1].backward()
    assert all(weight.grad is None for weight in model.teacher.parameters())


def test_depth_zero_is_the_method_bit_for_bit(tmp_path):
    model = gct_config(judge='teachers', teacher_mode='eval')
    plain, _ = trained(tmp_path / 'plain', EMA, SGD, model=model)
    states = [
        trained(tmp_path / f'{depth}', {
            **EMA, 'type': 'FSTHook', 'depth': depth, 'restore': 'all'
        }, SGD, model=model)[0] for depth in (0, 2)
    ]
    assert_equal(states[0], plain)
    assert any(not torch.equal(states[1][name], plain[name])
               for name in plain if name.startswith('student'))


@pytest.mark.slow
def test_two_processes_are_one(tmp_path):
    first, second = (
        result['state'] for result in run(tmp_path / 'two', {}, 2, 2, 'gct'))
    alone = run(tmp_path / 'one', {}, 1, 4, 'gct')[0]['state']
    for name, value in first.items():
        assert torch.equal(value, second[name]), f'{name} differs by rank'
        torch.testing.assert_close(
            value, alone[name], rtol=1e-5, atol=1e-5, msg=name)


@pytest.mark.parametrize('changes, message', [
    (dict(students=dict(one=student_cfg())), 'must be two, got one'),
    (dict(flaw_threshold=2.), r'flaw_threshold must be in \[0, 1\], got 2'),
    (dict(ramp_iters=-1), 'ramp_iters must be at least 0, got -1'),
    (dict(judge='peers'), "judge must be 'students' or 'teachers'"),
    (dict(mixer=dict(type='NoMix')), 'does not use `model.mixer`'),
    (dict(photometric=dict(type='StrongPhotometric')), '`model.photometric`'),
    (dict(warmup_iters=2), '`model.warmup_iters`'),
    (dict(loss_weights=dict(mixed=1.)), 'consistency, correction, detector'),
    (dict(flaw_detector=dict(type='FlawDetector', halvings=0)),
     'halvings must be at least 1'),
])
def test_what_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(model_cfg(**changes))


@pytest.mark.parametrize('halvings, side', [(2, 12), (4, 60)])
def test_images_that_are_too_small_are_refused(halvings, side):
    detector = FlawDetector(3, channels=2, halvings=halvings).eval()
    image = torch.rand(1, 3, side, side)
    assert detector(image, image).shape == (1, 1, side, side)
    with pytest.raises(ValueError, match=f'{side - 1} x {side} .*halvings'):
        detector(image[:, :, 1:], image[:, :, 1:])
