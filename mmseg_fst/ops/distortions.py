"""Strong photometric distortions of one image, on its device."""
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms.v2 import functional as tv

from .color import gaussian_blur

#: From an image (1, C, H, W) in [0, 1] and a magnitude in [0, 1] to an image
#: whose values may exceed [0, 1].
Distortion = Callable[[Tensor, float], Tensor]


def _between(low: float, high: float) -> float:
    """A random number, of the CPU's generator."""
    return low + (high - low) * torch.rand(()).item()


def _random_like(image: Tensor) -> Tensor:
    """Uniform random numbers, the same on every device."""
    return torch.rand(image.shape).to(image, non_blocking=True)


def _equalize(image: Tensor, magnitude: float) -> Tensor:
    """Equalize the histogram of each channel."""
    levels = (image * 255).round().to(torch.uint8)
    return tv.equalize(levels).to(image.dtype) / 255


def _blur(image: Tensor, magnitude: float) -> Tensor:
    """Blur with a standard deviation of 1.5 to 2 pixels, 3.3 of them wide."""
    sigma = 1.5 + 0.5 * magnitude
    return gaussian_blur(image, sigma, int(3.3 * sigma) // 2 * 2 + 1)


def _gaussian_noise(image: Tensor, magnitude: float) -> Tensor:
    """Add gray noise with a standard deviation of 0.03 to 0.08."""
    noise = torch.randn(image[:, :1].shape).to(image, non_blocking=True)
    return image + (0.03 + 0.05 * magnitude) * noise


def _poisson_noise(image: Tensor, magnitude: float) -> Tensor:
    """Add or subtract gray noise with a mean of 10 to 15 gray values."""
    noise = torch.poisson(torch.full(image[:, :1].shape, 10 + 5 * magnitude))
    noise = torch.where(torch.rand(noise.shape) < 0.5, -noise, noise)
    return image + noise.to(image, non_blocking=True) / 255


def _dropout(image: Tensor, magnitude: float) -> Tensor:
    """Set 20 % to 50 % of all values to 0."""
    return image * (_random_like(image) >= _between(0.2, 0.5))


def _coarse_dropout(image: Tensor, magnitude: float) -> Tensor:
    """Set 20 % of the cells of a grid of 3 to 5 rows and columns to 0."""
    # From 2 to 5, but imgaug, which the release uses, has at least 3.
    size = torch.randint(2, 6, (2, )).clamp(min=3).tolist()
    grid = (torch.rand(1, image.shape[1], *size) >= 0.2).to(
        image, non_blocking=True)
    return image * F.interpolate(grid, image.shape[2:])


def _multiply(image: Tensor, magnitude: float) -> Tensor:
    """Multiply each channel by 0.25 to 2.5."""
    factor = 0.25 + 2.25 * torch.rand(1, image.shape[1], 1, 1)
    return image * factor.to(image, non_blocking=True)


def _salt_and_pepper(image: Tensor, magnitude: float) -> Tensor:
    """Replace up to 10 % of all values by values mostly close to 0 or 1."""
    replaced = _random_like(image) < _between(0., 0.1)
    # imgaug, which the release uses, samples them from Beta(1/2, 1/2).
    values = (math.pi / 2 * _random_like(image)).sin().square()
    return torch.where(replaced, values, image)


def _solarize(image: Tensor, magnitude: float) -> Tensor:
    """Invert values above a threshold of 64 to 192 gray values."""
    return torch.where(image > _between(64, 192) / 255, 1 - image, image)


def _shuffle_channels(image: Tensor, magnitude: float) -> Tensor:
    """Permute the channels."""
    order = torch.randperm(image.shape[1])
    return image[:, order.to(image.device, non_blocking=True)]


#: Distortions by name, in the order of their application, with the ranges of
#: ``segmentron/data/randaug.py`` of SimpleBaseline.
DISTORTIONS: dict[str, Distortion] = dict(
    gamma=lambda image, magnitude: image**(0.5 + magnitude),
    contrast=lambda image, magnitude:
    (image - 0.5) * (0.5 + 1.5 * magnitude) + 0.5,
    brightness=lambda image, magnitude: image + (-20 + 70 * magnitude) / 255,
    equalize=_equalize,
    reverse_channels=lambda image, magnitude: image.flip(1),
    blur=_blur,
    gaussian_noise=_gaussian_noise,
    poisson_noise=_poisson_noise,
    shuffle_channels=_shuffle_channels,
    dropout=_dropout,
    coarse_dropout=_coarse_dropout,
    multiply=_multiply,
    salt_and_pepper=_salt_and_pepper,
    solarize=_solarize)


def distort(image: Tensor, name: str, magnitude: float) -> Tensor:
    """Apply a distortion.

    Random numbers come from the CPU's generator, so that the result is the
    same on every device.

    Args:
        image (Tensor): An image of shape (1, C, H, W), in [0, 1]; C is 1 or
            3.
        name (str): One of :data:`DISTORTIONS`.
        magnitude (float): Place in the range of its strength, in [0, 1].

    Returns:
        Tensor: Of the same shape, in [0, 1].
    """
    return DISTORTIONS[name](image, magnitude).clamp(0, 1)
