"""Contrasts of pixels are computed in float32 under autocast, too."""
import pytest
import torch
import torch.nn.functional as F

from mmseg_fst.models import (
    CrossBankContrast,
    DirectionalContrast,
    RegionContrast,
)
from mmseg_fst.models.projection import PixelView

CLASSES, CHANNELS, SIZE = 3, 4, (2, 8, 8)


def view_of(seed):
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(2, CLASSES + CHANNELS, *SIZE[1:], generator=generator)
    return PixelView(*maps.split([CLASSES, CHANNELS], dim=1))


def region():
    contrast, view = RegionContrast(6, 5, strong_threshold=.99), view_of(0)
    label = torch.arange(128).view(SIZE) % CLASSES
    return contrast(view.representation, view.logits, label,
                    torch.ones(SIZE))


def directional():
    places = torch.arange(100)
    return DirectionalContrast(CHANNELS, num_keys=40, threshold=0.)(
        view_of(0), view_of(1), (places, places))


def cross_bank():
    contrast = CrossBankContrast(CLASSES, CHANNELS, ['left', 'right'], 5)
    for bank in contrast.banks.values():
        bank.queue.copy_(F.normalize(torch.randn_like(bank.queue), dim=2))
        bank.known.fill_(True)
    label = torch.arange(128).view(SIZE) % CLASSES
    losses = contrast('left', (view_of(0), view_of(1)), (label, label),
                      torch.linspace(0, 1, 128).view(SIZE), view_of(2))
    return torch.stack([losses['high'], losses['low']])


@pytest.mark.parametrize('compute', [region, directional, cross_bank])
def test_autocast_changes_nothing(compute):
    found = []
    for enabled in (False, True):
        torch.manual_seed(0)
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            found.append(compute())
    assert (found[0] > 0).all() and found[1].dtype == torch.float32
    assert torch.equal(*found)
