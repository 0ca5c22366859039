"""Scores of binary heads, with one channel for two classes."""
import pytest
import torch

from mmseg_fst.models import EntropyPercentile, Threshold
from mmseg_fst.ops import (
    class_logits,
    class_probabilities,
    confident_ratio,
    most_probable,
)


def test_several_channels_stay_as_they_are():
    logits = torch.rand(2, 3, 4, 5)
    assert class_logits(logits, .3) is logits
    assert torch.equal(class_probabilities(logits), logits.softmax(1))


@pytest.mark.parametrize('threshold', [None, 0., .3, .5, .9, 1.])
def test_the_largest_of_two_is_the_decision_of_a_threshold(threshold):
    logits = torch.linspace(-8, 8, 100).view(1, 1, 10, 10)
    found = class_logits(logits, threshold).argmax(1)
    share = .5 if threshold is None else threshold
    assert torch.equal(found, (logits.sigmoid() > share)[:, 0].long())
    probability = class_probabilities(logits)
    torch.testing.assert_close(probability[:, 1], logits.sigmoid()[:, 0])
    torch.testing.assert_close(probability.sum(1), torch.ones(1, 10, 10))
    if threshold is not None:
        assert torch.equal(most_probable(probability[0], threshold), found)


def test_pseudo_labels_of_one_channel():
    logits = torch.tensor([-5., -1., 1., 5.]).view(1, 1, 2, 2)
    label, weight = Threshold(.95)(logits)
    assert label.flatten().tolist() == [0, 0, 1, 1]
    assert weight.flatten().tolist() == [1, 0, 0, 1]
    label, ratio = confident_ratio(logits, .95)
    assert label.flatten().tolist() == [0, 0, 1, 1] and ratio == .5
    label, _ = EntropyPercentile(60.)(logits, label)
    assert label.flatten().tolist() == [0, 255, 255, 1]
