"""Correlation, regions and their labels, against loops over pixels."""
from collections import Counter

import pytest
import torch
import torch.nn.functional as F

from mmseg_fst.ops import (
    correlation_map,
    divergence,
    label_regions,
    peak_confidence,
    region_masks,
    spread,
)

CLASSES = 5


def numbers(*shape, seed=0):
    return torch.rand(
        *shape, dtype=torch.float64,
        generator=torch.Generator().manual_seed(seed))


def test_logits_spread_along_the_correlation():
    query, key, logits = (numbers(2, 9, 3, 4, seed=seed) for seed in range(3))
    found = correlation_map(query, key)
    assert found.shape == (2, 12, 3, 4)
    sums = torch.zeros(2, 9, 3, 4).double()
    for image in range(2):
        for row in range(3):
            for column in range(4):
                scores = (query[image, :, row, column, None, None]
                          * key[image]).sum(0) / 3
                weight = scores.flatten().softmax(0).view(3, 4)
                torch.testing.assert_close(
                    found[image, 4 * row + column], weight)
                sums[image] += (
                    logits[image, :, row, column, None, None] * weight)
    torch.testing.assert_close(spread(logits, found), sums)


def test_logits_of_many_positions_spread_in_half_precision():
    """All attend to the first one, whose sum float16 cannot represent."""
    logits = torch.full((1, 2, 10, 10), 1000.)
    correlation = torch.zeros(1, 100, 10, 10)
    correlation[..., 0, 0] = 1
    with torch.autocast('cpu', torch.float16):
        found = spread(logits, correlation)
    assert (found[..., 0, 0] == 1e5).all()


def test_regions_are_above_the_middle_of_their_range():
    maps = torch.tensor([[[[0., 3.], [6., 10.]], [[2., 2.], [2., 2.]]]])
    assert region_masks(maps, (2, 2), True).tolist() == [[
        [[False, False], [True, True]], [[False, False], [False, False]]]]
    assert region_masks(maps, (8, 6), True).shape == (1, 2, 8, 6)


def by_loop(label, confident, regions, threshold):
    """Pixel by pixel, region after region."""
    label, used = label.clone(), confident.clone()
    for image, masks in enumerate(regions):
        for mask in masks:
            inside = mask.nonzero().tolist()
            voters = [(row, column) for row, column in inside
                      if confident[image, row, column]]
            if not voters or len(voters) / len(inside) < threshold:
                continue
            winner, votes = Counter(
                int(label[image, row, column])
                for row, column in voters).most_common(1)[0]
            if votes / len(voters) > threshold:
                for row, column in inside:
                    label[image, row, column] = winner
                    used[image, row, column] = True
    return label, used


@pytest.mark.parametrize('seed', range(4))
def test_regions_get_the_label_of_their_confident_pixels(seed):
    label = (numbers(2, 8, 9, seed=seed)**3 * 3).long()
    label[:, :2] = 255
    confident = (numbers(2, 8, 9, seed=seed + 10) < .8) & (label != 255)
    rows = numbers(2, 30, 3, 3, seed=seed + 20)
    regions = region_masks(rows, (8, 9), False) & (label != 255)[:, None]
    regions[:, 3] = False
    threshold = torch.tensor(.7)
    found = label_regions(label, confident, regions, threshold, CLASSES)
    wanted = by_loop(label, confident, regions, .7)
    for value, expected in zip(found, wanted):
        assert torch.equal(value, expected)
    assert not torch.equal(found[0], label)
    assert found[1].sum() > confident.sum()
    assert torch.equal(found[0] == 255, label == 255)


def test_a_region_has_the_labels_that_earlier_ones_have_changed():
    label = torch.tensor([[[0, 0, 0, 1, 2, 2]]])
    confident = torch.ones_like(label).bool()
    first = torch.tensor([[True, True, True, True, False, False]])
    second = torch.tensor([[False, False, True, True, True, False]])
    threshold = torch.tensor(.6)
    # Alone, each class has a third of the second one.
    for order, want in (((first, second), [0, 0, 0, 0, 0, 2]),
                        ((second, first), [0, 0, 0, 0, 2, 2])):
        found, _ = label_regions(
            label, confident, torch.stack(order, 1), threshold, CLASSES)
        assert found.flatten().tolist() == want


def test_the_largest_confidence_of_each_class():
    confidence, label = numbers(2, 6, 7), (numbers(2, 6, 7, seed=1) * 3).long()
    valid = numbers(2, 6, 7, seed=2) < .6
    valid[label == 1] = False
    found = peak_confidence(confidence, label, valid, CLASSES)
    for index in range(CLASSES):
        values = confidence[valid & (label == index)]
        assert found[index] == (values.max() if len(values) else 0)
    assert (found > 0).tolist() == [True, False, True, False, False]


def test_divergence_of_probabilities():
    logits, target = numbers(2, 3, 4, 5) * 4, numbers(2, 3, 4, 5, seed=1) * 4
    weight, valid = numbers(2, 4, 5, seed=2), numbers(2, 4, 5, seed=3) < .5
    loss = F.kl_div(logits.log_softmax(1), target.softmax(1),
                    reduction='none').sum(1)
    want = (loss * weight).sum() / valid.sum()
    torch.testing.assert_close(
        divergence(logits, target, weight, valid), want)
    assert divergence(logits, target, weight * 0, valid & False) == 0
    assert divergence(target, target, weight, valid).abs() < 1e-12
