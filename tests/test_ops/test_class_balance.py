"""Tests of mmseg_fst/ops/class_balance.py."""
import numpy as np
import pytest
import torch
from helpers import IGNORE

from mmseg_fst.ops import (
    class_share,
    confidence_sums,
    doubt_softmax,
    half_box,
    keep_pixels,
    sample_index,
    weighted_cross_entropy,
)


def test_sums_by_class_equal_a_loop():
    probability = torch.randn(2, 5, 6, 7).double().softmax(1)
    label = torch.randint(0, 4, (2, 6, 7))
    label[0, :2] = IGNORE
    sums = confidence_sums(probability, label)
    assert sums.shape == (2, 5) and sums.dtype == torch.float64
    for index in range(5):
        where = label == index
        assert sums[1, index] == where.sum()
        assert sums[0, index].item() == pytest.approx(
            probability[:, index][where].sum().item(), rel=1e-12)
    assert sums[1].sum() < label.numel() and sums[1, 4] == 0


def test_indices_have_their_probabilities():
    probability = torch.tensor([.5, 0., .3, .2, 0.])
    index = sample_index(probability, torch.rand(20000))
    found = torch.bincount(index, minlength=5) / 20000
    assert found[1] == found[4] == 0
    torch.testing.assert_close(found, probability, atol=.02, rtol=0)
    edges = sample_index(probability, torch.tensor([0., .5, .999999]))
    assert edges.tolist() == [0, 2, 3]


def test_doubtful_classes_are_likelier():
    confidence = torch.tensor([.9, .1, .5])
    doubt = doubt_softmax(confidence)
    torch.testing.assert_close(
        doubt, torch.tensor([.1, .9, .5]).softmax(0))
    root = doubt_softmax(confidence, .5)
    torch.testing.assert_close(
        root, torch.tensor([.1, .9, .5]).sqrt().softmax(0))


def test_the_worst_class_keeps_all_pixels():
    confidence = torch.tensor([.9, .2, .6])
    share = class_share(confidence)
    torch.testing.assert_close(share, torch.tensor([.125, 1., .5]))
    torch.testing.assert_close(class_share(confidence, 2), share**2)
    label = torch.randint(0, 3, (2, 200, 200))
    used = keep_pixels(label, share, torch.rand(label.shape))
    for index in range(3):
        assert used[label == index].float().mean().item() == pytest.approx(
            share[index].item(), abs=.01)


def test_weights_are_divided_by_their_sum():
    logits = torch.randn(2, 4, 5, 6).double()
    label = torch.randint(0, 4, (2, 5, 6))
    label[:, 0] = IGNORE
    weight = torch.rand(2, 5, 6).double()
    loss = 0.
    for place in np.ndindex(2, 5, 6):
        if label[place] != IGNORE:
            row = logits[place[0], :, place[1], place[2]]
            loss -= weight[place] * row.log_softmax(0)[label[place]]
    torch.testing.assert_close(
        weighted_cross_entropy(logits, label, weight), loss / weight.sum())
    assert weighted_cross_entropy(logits, label, 0 * weight) == 0


def test_boxes_have_half_of_the_area():
    boxes = [half_box((60, 100), torch.rand(3).tolist())
             for _ in range(300)]
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= 100 and 0 <= top < bottom <= 60
        assert (right - left) * (bottom - top) == pytest.approx(
            3000, rel=.03)
        assert bottom - top >= 30
    assert len(set(boxes)) > 200
