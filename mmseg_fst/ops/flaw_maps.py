"""Flaw maps of GCT: their targets, and which of two predictions to follow."""
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

# Keeps constant maps finite, as in the release.
_EPSILON = 1e-9


class Exchange(NamedTuple):
    """What two networks learn from each other.

    Attributes:
        first (Tensor): Target of the first network, probabilities of shape
            (N, C, H, W).
        second (Tensor): Target of the second network.
        flawed (Tensor): Pixels where both are flawed, bool of shape
            (N, 1, H, W).
    """
    first: Tensor
    second: Tensor
    flawed: Tensor


def odd_width(size: int, divisor: int) -> int:
    """Width of a filter that covers a fraction of an image.

    Args:
        size (int): Side of the image in pixels.
        divisor (int): The filter covers one part of so many.

    Returns:
        int: The width, rounded down and then up to an odd number.
    """
    return size // divisor | 1


def window_weights(width: int) -> Tensor:
    """Gaussian weights of a window whose tails are folded back into it.

    The kernel of ``GaussianBlurLayer`` of PixelSSL: an impulse in a window,
    filtered with reflected borders.

    Args:
        width (int): Width of the window in pixels, odd.

    Returns:
        Tensor: Weights of shape (width,), float64; their sum is 1.
    """
    sigma = 0.3 * ((width - 1) * 0.5 - 1) + 0.8
    radius = int(4 * sigma + 0.5)
    offsets = torch.arange(-radius, radius + 1)
    weights = torch.exp(-0.5 * (offsets.double() / sigma)**2)
    folded = (offsets + width // 2) % (2 * width)
    folded = torch.minimum(folded, 2 * width - 1 - folded)
    return torch.zeros(width, dtype=torch.float64).index_add_(
        0, folded, weights / weights.sum())


def blur_map(value: Tensor, width: int) -> Tensor:
    """Blur maps with :func:`window_weights` and reflected borders.

    Args:
        value (Tensor): Maps of shape (N, 1, H, W).
        width (int): Width of the window in pixels, odd and smaller than twice
            the sides of the map.

    Returns:
        Tensor: Maps of the same shape.
    """
    weights = window_weights(width).to(value, non_blocking=True)
    margin = width // 2
    value = F.pad(value, [margin] * 4, 'reflect')
    value = F.conv2d(value, weights.view(1, 1, -1, 1))
    return F.conv2d(value, weights.view(1, 1, 1, -1))


def flaw_target(probability: Tensor,
                label: Tensor,
                share: float = 0.5,
                repeats: int = 1,
                ignore_index: int = 255,
                ignored_error: float = 0.) -> Tensor:
    """Where a prediction is wrong, as a smooth map.

    The error of each pixel, ``share`` times the absolute difference of
    probabilities and label summed over the classes, is blurred, then
    ``repeats`` times dilated and blurred more, and scaled to [0, 1] in each
    image (Ke et al., ECCV 2020, the target of the flaw detector).

    Args:
        probability (Tensor): Probabilities of shape (N, C, H, W).
        label (Tensor): Class ids of shape (N, H, W), int64.
        share (float): Weight of the difference; with 0.5 the error is at most
            1. Called mu in the paper. Defaults to 0.5.
        repeats (int): Number of dilations, nu in the paper. Defaults to 1.
        ignore_index (int): Id of pixels without a label. Defaults to 255.
        ignored_error (float): Error of such pixels before the blur. Defaults
            to 0.

    Returns:
        Tensor: Maps of shape (N, 1, H, W) in [0, 1], without a gradient.
    """
    with torch.no_grad():
        unknown = (label == ignore_index)[:, None]
        truth = torch.zeros_like(probability).scatter_(
            1, label[:, None].masked_fill(unknown, 0), 1.)
        error = share * (truth - probability).abs().sum(1, keepdim=True)
        error = error.masked_fill(unknown, ignored_error)
        side = min(label.shape[1:])
        error = blur_map(error, odd_width(side, 8))
        for _ in range(repeats):
            padded = F.pad(error, [1] * 4, 'reflect')
            error = blur_map(
                F.max_pool2d(padded, 3, stride=1), odd_width(side, 4))
        low, high = error.amin((1, 2, 3), True), error.amax((1, 2, 3), True)
        return (error - low) / (high - low + _EPSILON)


def scale_flaws(flaw: Tensor,
                significant: float = 0.1,
                match_release: bool = False) -> Tensor:
    """Smooth predicted flaw maps and scale each to [0, 1].

    Args:
        flaw (Tensor): Output of the flaw detector, of shape (N, 1, H, W).
        significant (float): A map whose smoothed maximum does not exceed it
            has no flaw: it is 0. Defaults to 0.1.
        match_release (bool): Whether the minimum is subtracted from such a
            map, too, as in the release, so that it is negative. Defaults to
            False.

    Returns:
        Tensor: Maps of the same shape, without a gradient.
    """
    with torch.no_grad():
        width = odd_width(min(flaw.shape[2:]), 16)
        flaw = blur_map(flaw.clamp(min=0), width)
        low, high = flaw.amin((1, 2, 3), True), flaw.amax((1, 2, 3), True)
        has_flaws = (high > significant).to(flaw.dtype)
        centered = (
            flaw * has_flaws - low if match_release else
            (flaw - low) * has_flaws)
        return centered / (high - low + _EPSILON)


def exchange(probabilities: Sequence[Tensor], flaws: Sequence[Tensor],
             threshold: float) -> Exchange:
    """Of two predictions, each pixel follows the less flawed one.

    Pixels above the threshold are flawed alike: where both predictions are,
    each keeps its own. So it does where both maps are equal.

    Args:
        probabilities (Sequence[Tensor]): Predictions of both networks, each
            of shape (N, C, H, W).
        flaws (Sequence[Tensor]): Their scaled flaws, (N, 1, H, W).
        threshold (float): In [0, 1], xi in the paper.

    Returns:
        Exchange: Targets of both, and where both are flawed.
    """
    first, second = probabilities
    bad = [flaw > threshold for flaw in flaws]
    first_flaw, second_flaw = (
        flaw.masked_fill(flawed, 1.) for flaw, flawed in zip(flaws, bad))
    return Exchange(
        torch.where(second_flaw >= first_flaw, first, second),
        torch.where(first_flaw >= second_flaw, second, first), bad[0] & bad[1])
