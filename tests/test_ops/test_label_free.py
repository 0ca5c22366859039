"""Scores without labels, on probabilities with known values."""
import math

import pytest
import torch

from mmseg_fst.ops import (
    class_kl,
    neighborhood_density,
    prediction_entropy,
)


@pytest.mark.parametrize('classes', [2, 5, 19])
def test_entropy_of_equal_probabilities_is_the_logarithm(classes):
    found = prediction_entropy(torch.full((3, classes), 1 / classes))
    torch.testing.assert_close(found, torch.full((3, ), math.log(classes)))


def test_entropy_of_a_sure_prediction_is_zero():
    assert prediction_entropy(torch.eye(4)).tolist() == [0.] * 4


def test_entropy_of_three_to_one():
    found = prediction_entropy(torch.tensor([[.75, .25]]))
    expected = -(.75 * math.log(.75) + .25 * math.log(.25))
    assert found.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize('count', [2, 9, 2500])  # of more than one block
def test_density_of_equal_predictions_is_the_largest(count):
    found = neighborhood_density(torch.full((count, 3), 1 / 3))
    assert found.item() == pytest.approx(math.log(count - 1), abs=1e-4)


def test_density_of_clusters():
    """Three of one class and two of another, far apart at 0.05."""
    rows = torch.eye(2)[[0, 0, 0, 1, 1]]
    found = neighborhood_density(rows)
    assert found.item() == pytest.approx(3 / 5 * math.log(2), abs=1e-5)


def test_density_of_a_spread_is_less_than_of_a_cluster():
    spread = torch.eye(6)
    assert neighborhood_density(spread) == pytest.approx(
        math.log(5), abs=1e-5)  # all equally far
    line = torch.tensor([[1 - k / 8, k / 8] for k in range(9)])
    cluster = torch.full((9, 2), .5)
    assert neighborhood_density(line) < neighborhood_density(cluster)


def test_divergence_of_equal_frequencies_is_zero():
    labeled = torch.tensor([30., 10., 60.])
    assert class_kl(labeled, labeled / 7).item() == pytest.approx(0, abs=1e-6)


def test_divergence_of_known_frequencies():
    """log 2 where half of the predictions are of a class without labels."""
    found = class_kl(torch.tensor([5., 0.]), torch.tensor([2., 2.]))
    assert found.item() == pytest.approx(math.log(2), rel=1e-6)
    assert class_kl(torch.ones(2), torch.tensor([1., 0.])) == math.inf
