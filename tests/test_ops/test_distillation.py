"""Soft labels: temperature, loss and gradient."""
import math

import pytest
import torch

from mmseg_fst.ops import soft_label_loss, soften


def random_logits(seed):
    return torch.randn(2, 4, 3, 5, dtype=torch.float64,
                       generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize('temperature', [1., .5, 4.])
def test_softened_probabilities_are_the_softmax_of_scaled_logits(temperature):
    logits = random_logits(0)
    torch.testing.assert_close(
        soften(logits.softmax(1), temperature),
        (logits / temperature).softmax(1))


def test_impossible_classes_stay_impossible():
    probability = torch.tensor([0., .25, .75]).view(1, 3, 1, 1)
    roots = [math.sqrt(.25), math.sqrt(.75)]
    assert soften(probability, 2.).flatten().tolist() == pytest.approx(
        [0., roots[0] / sum(roots), roots[1] / sum(roots)])


def test_the_loss_of_a_pixel_by_hand():
    """Two classes at temperature 2, in double precision."""
    target = torch.tensor([.8, .2], dtype=torch.float64).view(1, 2, 1, 1)
    logits = torch.tensor([1., -1.], dtype=torch.float64).view(1, 2, 1, 1)
    p = 1 / (1 + math.exp(-1))  # of (1 - (-1)) / 2
    expected = 4 * (.8 * math.log(.8 / p) + .2 * math.log(.2 / (1 - p)))
    assert soft_label_loss(logits, target, 2.).item() == pytest.approx(
        expected, rel=1e-12)


def test_the_gradient_pulls_probabilities_to_the_soft_labels():
    """dL / dz = T (softmax(z / T) - q), also where q is 0."""
    logits, target = random_logits(1).requires_grad_(), random_logits(2)
    target = target.masked_fill(target < -1, -math.inf).softmax(1)
    soft_label_loss(logits, target, 3.).sum().backward()
    torch.testing.assert_close(
        logits.grad, 3 * ((logits / 3).softmax(1) - target).detach())


def test_a_perfect_student_has_no_loss():
    logits = random_logits(3)
    loss = soft_label_loss(logits, soften(logits.softmax(1), 5.), 5.)
    torch.testing.assert_close(loss, torch.zeros_like(loss))
