"""Noise that changes a prediction the most, and ramps of weights."""
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmseg_fst.ops import adversarial_noise, cosine_ramp, gaussian_ramp


def change(decode, features, noise):
    """KL divergence of the predictions without and with noise."""
    moved = [each + step for each, step in zip(features, noise)]
    return F.kl_div(decode(moved).log_softmax(1),
                    decode(features).softmax(1), reduction='batchmean')


@pytest.fixture
def linear():
    torch.manual_seed(0)
    layer = nn.Conv2d(6, 4, 1).double()
    return lambda maps: layer(maps[0])


def test_the_norm_is_that_of_each_image(linear):
    features = [torch.rand(3, 6, 5, 7).double()]
    noise, = adversarial_noise(linear, features, eps=2.)
    torch.testing.assert_close(
        noise.flatten(1).norm(dim=1), torch.full((3, ), 2.).double(),
        rtol=1e-4, atol=0)
    assert not noise.requires_grad


def test_more_steps_change_the_prediction_more_than_random_noise(linear):
    features = [torch.rand(2, 6, 4, 4).double()]
    random = torch.rand(2, 6, 4, 4).double() - .5
    random = random / random.flatten(1).norm(dim=1)[:, None, None, None]
    changes = [change(linear, features, [random])] + [
        change(linear, features, adversarial_noise(
            linear, features, eps=1., steps=steps)) for steps in (1, 10)]
    assert 2 * changes[0] < changes[1] < changes[2]


def test_a_step_of_a_linear_decoder_by_hand(linear):
    """The gradient at a small step is J' H J d, up to its norm."""
    features = [torch.rand(1, 6, 1, 1).double()]
    torch.manual_seed(1)
    start = torch.rand(1, 6, 1, 1, dtype=torch.float64) - .5
    torch.manual_seed(1)
    noise, = adversarial_noise(linear, features, xi=1e-2, eps=1.)
    probability = linear(features).softmax(1).flatten()
    weight = torch.autograd.functional.jacobian(
        lambda x: linear([x]).flatten(), features[0]).flatten(1)
    hessian = probability.diag() - probability[:, None] * probability
    expected = weight.T @ hessian @ weight @ start.flatten()
    torch.testing.assert_close(
        noise.flatten(), expected / expected.norm(), rtol=.02, atol=1e-3)


def test_maps_share_a_norm_and_unused_maps_get_no_noise(linear):
    features = [torch.rand(2, 6, 3, 3).double(), torch.rand(2, 5, 2, 2)]
    used, unused = adversarial_noise(linear, features, eps=1.)
    assert not unused.any() and unused.dtype == torch.float32
    assert used.flatten(1).norm(dim=1).tolist() == pytest.approx(
        [1, 1], rel=1e-3)


def test_parameters_get_no_gradient_and_grad_mode_is_kept(linear):
    layer = nn.Conv2d(6, 4, 1)
    with torch.no_grad():
        adversarial_noise(lambda maps: layer(maps[0]),
                          [torch.rand(2, 6, 3, 3)])
        assert not torch.is_grad_enabled()
    assert layer.weight.grad is None


def test_the_step_of_the_releases_is_lost_in_single_precision():
    """What the docstring of VirtualAdversarial says."""
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 21, 1))
    features = [torch.rand(1, 64, 24, 24)]
    norms = [
        adversarial_noise(lambda maps: layers(maps[0]), features, xi=xi,
                          eps=2.)[0].norm().item() for xi in (.1, 1e-6)]
    assert norms[0] == pytest.approx(2, rel=.05) and norms[1] < .02


@pytest.mark.parametrize('ramp, start, middle', [
    (gaussian_ramp, .0067379, .2865048), (cosine_ramp, 0, .5)])
def test_ramps(ramp, start, middle):
    assert ramp(0, 10) == pytest.approx(start, abs=1e-7)
    assert ramp(5, 10) == pytest.approx(middle, abs=1e-7)
    assert ramp(10, 10) == ramp(11, 10) == ramp(0, 0) == 1
