"""Tests of mmseg_fst/ops/noisy_labels.py."""
import math

import numpy as np
import pytest
import torch
from helpers import IGNORE

from mmseg_fst.ops import reverse_cross_entropy, self_correction


def pixels():
    logits = (torch.randn(2, 4, 5, 6) * 2).double()
    label = torch.randint(0, 4, (2, 5, 6))
    label[:, 0] = IGNORE
    return logits, label


def test_the_reverse_exchanges_prediction_and_label():
    logits, label = pixels()
    loss = reverse_cross_entropy(logits, label, floor=1e-3)
    for n, row, column in np.ndindex(2, 5, 6):
        probability = logits[n, :, row, column].softmax(0).numpy()
        expected = 0.
        if label[n, row, column] != IGNORE:
            target = np.full(4, 1e-3)
            target[label[n, row, column]] = 1
            expected = -(probability * np.log(target)).sum()
        assert loss[n, row, column].item() == pytest.approx(expected)


def test_a_certain_network_learns_by_the_reverse_alone():
    logits, label = pixels()
    logits.requires_grad_()
    loss = self_correction(logits, label, certain=.8)
    confidence = logits.detach().softmax(1).amax(1)
    reverse = reverse_cross_entropy(logits, label)
    plain = torch.nn.functional.cross_entropy(
        logits, label, ignore_index=IGNORE, reduction='none')
    certain = confidence > .8
    assert certain.any() and not certain.all()
    torch.testing.assert_close(loss[certain], reverse[certain])
    weight = confidence[~certain]
    torch.testing.assert_close(
        loss[~certain],
        (1 - weight) * plain[~certain] + weight * reverse[~certain])
    loss.sum().backward()
    assert not logits.grad[:, :, 0].any()  # ignored


def test_the_gradient_of_a_contradicted_label_is_bounded():
    """A cross-entropy has a gradient of almost 1 here."""
    logits = torch.tensor([20., 0.]).view(1, 2, 1, 1).requires_grad_()
    self_correction(logits, torch.ones(1, 1, 1).long()).sum().backward()
    assert logits.grad.abs().max() < 1e-6
    assert self_correction(
        logits, torch.ones(1, 1, 1).long()).item() == pytest.approx(
            -math.log(1e-4), rel=1e-5)


def test_weights_of_the_release_are_means_over_images():
    """It multiplies losses (N, H, W) by weights (N, 1, H, W)."""
    logits, label = pixels()
    plain = torch.nn.functional.cross_entropy(
        logits, label, ignore_index=IGNORE, reduction='none')
    weight = logits.softmax(1).amax(1, keepdim=True)
    weight[weight > .8] = 1
    expected = ((1 - weight) * plain).mean() + (
        weight * reverse_cross_entropy(logits, label)).mean()
    found = self_correction(logits, label, average=True).mean()
    torch.testing.assert_close(found, expected)
    assert abs(found - self_correction(logits, label).mean()) > 1e-3
