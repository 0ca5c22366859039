"""The distance to the pretrained features."""
import numpy as np
import pytest
import torch

from mmseg_fst.models import FeatureDistance


def by_hand(features, pretrained, label, classes, min_ratio) -> float:
    """Position by position."""
    distances = []
    number, _, height, width = features.shape
    step = label.shape[1] // height
    for n in range(number):
        for y in range(height):
            for x in range(width):
                block = label[n, y * step:(y + 1) * step,
                              x * step:(x + 1) * step]
                ratios = [(block == c).mean() for c in classes]
                if max(ratios) >= min_ratio:
                    gap = features[n, :, y, x] - pretrained[n, :, y, x]
                    distances.append(np.sqrt((gap**2).sum()))
    return float(np.mean(distances)) if distances else 0.


def test_against_a_loop():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, 5, 4, 4, generator=generator)
    pretrained = torch.randn(2, 5, 4, 4, generator=generator)
    label = torch.randint(0, 4, (2, 4, 4), generator=generator)
    label = label.repeat_interleave(4, 1).repeat_interleave(4, 2)
    label[:, :6, :6] = 255
    label[0, 8:10, 8:12] = 3  # half of a position: neither class has it
    term = FeatureDistance(classes=(1, 3), loss_weight=0.5)
    expected = 0.5 * by_hand(features.numpy(), pretrained.numpy(),
                             label.numpy(), (1, 3), 0.75)
    assert expected > 0
    assert term(features, pretrained,
                label).item() == pytest.approx(expected, rel=1e-6)


def test_no_thing_gives_zero_and_no_gradient():
    features = torch.randn(1, 3, 2, 2, requires_grad=True)
    loss = FeatureDistance(classes=(1, ))(
        features, features.detach(), torch.zeros(1, 8, 8).long())
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(features.grad, torch.zeros_like(features))


def test_two_classes_cannot_claim_a_position():
    with pytest.raises(
            ValueError, match=r'min_ratio must be in \(0.5, 1\], got 0.5'):
        FeatureDistance(min_ratio=0.5)
