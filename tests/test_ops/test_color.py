"""Tests of mmseg_fst/ops/color.py, against NumPy."""
import colorsys

import numpy as np
import pytest
import torch

from mmseg_fst.ops import (
    color_jitter,
    denormalize,
    gaussian_blur,
    grayscale,
    normalize,
)

MEAN = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
STD = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
GRAY = np.array([.2989, .587, .114])


def images(count=2, size=(12, 16)):
    return torch.rand(count, 3, *size)


def test_denormalize_restores_the_image():
    image = torch.randint(0, 256, (2, 3, 4, 5)).float()
    normal = (image - MEAN) / STD
    torch.testing.assert_close(
        denormalize(normal, MEAN, STD), image / 255, rtol=0, atol=1e-6)


def test_normalize_undoes_denormalize():
    normal = torch.randn(2, 3, 4, 5)
    back = normalize(denormalize(normal, MEAN, STD), MEAN, STD)
    torch.testing.assert_close(back, normal, rtol=0, atol=1e-5)


@pytest.mark.parametrize('count', [1, 2])
def test_jitter_by_nothing_changes_nothing(count):
    image = images(count)
    got = color_jitter(image, (1, 1, 1, 0))
    torch.testing.assert_close(got, image, rtol=0, atol=1e-6)


@pytest.mark.parametrize('factor', [0., .7, 1.3])
def test_brightness_multiplies(factor):
    image = images()
    want = np.clip(image.numpy() * factor, 0, 1)
    got = color_jitter(image, (factor, 1, 1, 0))
    np.testing.assert_allclose(got.numpy(), want, atol=1e-6)


@pytest.mark.parametrize('factor', [0., .7, 1.3])
def test_contrast_turns_around_the_mean_grey_of_each_image(factor):
    image = images()
    pixels = image.numpy().astype(float)
    gray = np.einsum('nchw,c->nhw', pixels, GRAY).mean((1, 2))
    mean = gray[:, None, None, None]
    want = np.clip(factor * pixels + (1 - factor) * mean, 0, 1)
    got = color_jitter(image, (1, factor, 1, 0))
    np.testing.assert_allclose(got.numpy(), want, atol=1e-5)


@pytest.mark.parametrize('factor', [0., .7, 1.3])
def test_saturation_turns_around_the_grey_of_each_pixel(factor):
    image = images()
    pixels = image.numpy().astype(float)
    gray = np.einsum('nchw,c->nhw', pixels, GRAY)[:, None]
    want = np.clip(factor * pixels + (1 - factor) * gray, 0, 1)
    got = color_jitter(image, (1, 1, factor, 0))
    np.testing.assert_allclose(got.numpy(), want, atol=1e-5)


@pytest.mark.parametrize('shift', [-.5, -.2, .1])
def test_hue_is_shifted_around_the_circle(shift):
    image = images(1, (4, 5))
    want = np.empty((3, 4, 5))
    for y, x in np.ndindex(4, 5):
        hue, saturation, value = colorsys.rgb_to_hsv(
            *image[0, :, y, x].tolist())
        want[:, y, x] = colorsys.hsv_to_rgb((hue + shift) % 1, saturation,
                                            value)
    got = color_jitter(image, (1, 1, 1, shift))
    np.testing.assert_allclose(got[0].numpy(), want, atol=1e-5)


def test_jitter_goes_by_brightness_contrast_saturation_hue():
    image = images()
    steps = [(1.2, 1, 1, 0), (1, .8, 1, 0), (1, 1, 1.2, 0), (1, 1, 1, .1)]
    want = image
    for step in steps:
        want = color_jitter(want, step)
    got = color_jitter(image, (1.2, .8, 1.2, .1))
    torch.testing.assert_close(got, want, rtol=0, atol=1e-6)
    backwards = image
    for step in steps[::-1]:
        backwards = color_jitter(backwards, step)
    assert (got - backwards).abs().max() > 1e-3
    got = color_jitter(image, (1.2, .8, 1.2, .1), (3, 2, 1, 0))
    torch.testing.assert_close(got, backwards, rtol=0, atol=1e-5)


def test_jitter_stays_in_range_and_leaves_its_input():
    image = images() * 1.4 - .2
    before = image.clone()
    got = color_jitter(image, (1.5, 1.5, 1.5, .5))
    assert got.min() >= 0 and got.max() <= 1
    assert torch.equal(image, before)


def reference_blur(image, sigma, size):
    """Rows, then columns; borders mirrored without repeating the edge."""
    offset = np.arange(size) - size // 2
    kernel = np.exp(-offset**2 / (2 * sigma**2))
    kernel /= kernel.sum()
    half = size // 2
    out = np.pad(image.numpy().astype(float),
                 [(0, 0), (0, 0), (half, half), (half, half)], 'reflect')
    for axis in (2, 3):
        out = np.apply_along_axis(
            lambda line: np.convolve(line, kernel, 'valid'), axis, out)
    return out


@pytest.mark.parametrize('sigma', [.15, .6, 1.15])
@pytest.mark.parametrize('size', [3, 11])
@pytest.mark.parametrize('count', [1, 2])
def test_blur_is_a_separable_gaussian(sigma, size, count):
    image = torch.randn(count, 3, 12, 16)
    got = gaussian_blur(image, sigma, size)
    np.testing.assert_allclose(
        got.numpy(), reference_blur(image, sigma, size), atol=1e-5)


def test_blur_does_not_change_a_constant_image():
    image = torch.full((1, 3, 12, 16), .7)
    torch.testing.assert_close(gaussian_blur(image, 1.15, 11), image)


def test_blur_equals_the_release(recorded_ops):
    """Kernels there need not be square; with this sigma it does not matter."""
    for record in recorded_ops['gaussian_blur']:
        got = gaussian_blur(record['x'], record['sigma'],
                            max(record['kernel_size']))
        torch.testing.assert_close(got, record['y'], rtol=0, atol=1e-6)


def test_jitter_equals_the_release_except_for_the_order(recorded_ops):
    """kornia's ColorJitter with seed 1 samples these factors and this order.

    It does not clamp its input, so pixels outside of [0, 1] are not compared.
    """
    record = recorded_ops['color_jitter']
    mean, std = record['mean'], record['std']
    image = denormalize(record['x'], mean, std)
    want = denormalize(record['y'], mean, std)
    got = color_jitter(image, (1.1030526, .9117244, 1.0938739, -.0387723),
                       (3, 2, 0, 1))
    valid = ((image >= 0) & (image <= 1)).all(1, keepdim=True)
    valid = valid.expand_as(image)
    assert valid.float().mean() > .9
    torch.testing.assert_close(got[valid], want[valid], rtol=0, atol=1e-4)


def test_grayscale_is_the_luma_of_each_pixel():
    image = images()
    before = image.clone()
    got = grayscale(image)
    assert got.shape == image.shape and torch.equal(image, before)
    want = np.einsum('nchw,c->nhw', image.numpy().astype(float), GRAY)
    for channel in range(3):
        np.testing.assert_allclose(got[:, channel].numpy(), want, atol=1e-6)
    torch.testing.assert_close(
        grayscale(got), got, rtol=0, atol=2e-4)  # GRAY sums up to .9999
