"""Tests of mmseg_fst/ops/dct.py.

There are three references: a slow loop over pixels in this file, after
libjpeg's ``jfdctint.c`` and ``jccolor.c``; libjpeg-turbo itself, with recorded
values of two images, and directly if jpeglib is installed (``pip install
jpeglib``); and the floating-point DCT.
"""
import hashlib
import importlib.util

import cv2
import numpy as np
import pytest
import torch
from helpers import REPOSITORY

from mmseg_fst.ops import dct_coefficients, dct_grid, dct_input, upscale

INDICES_Y = [*range(0, 7), *range(8, 15), *range(16, 22), *range(24, 30),
          *range(32, 38), *range(40, 46), *range(48, 54)]
INDICES_C = [0, 1, 2, 8, 9, 10, 16, 17, 24, 25]


def batch_of(*images):
    """Images of shape (N, 3, H, W) from images of shape (H, W, 3)."""
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


def noise(height, width, seed=0):
    """Uniform noise, so that no border is constant."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def ramps(height=33, width=47):
    """The image of the golden values."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 5 % 256, y * 7 % 256, (x * 3 + y * 2) % 256],
                    -1).astype(np.uint8)


# The slow loop.
def enlarged(plane):
    """OpenCV's bilinear resize of one plane by 2, in lists of lists."""
    def line(values):
        last = len(values) - 1
        return [3 * values[i] + values[min(max(i + step, 0), last)]
                for i in range(len(values)) for step in (-1, 1)]

    rows = [line(row) for row in plane]
    last = len(rows) - 1
    return [[((3 * own >> 2) + (other >> 2) + 2) >> 2
             for own, other in zip(rows[i],
                                   rows[min(max(i + step, 0), last)])]
            for i in range(len(rows)) for step in (-1, 1)]


def ycc(red, green, blue):
    """Colors of JFIF in fixed point; FIX(x) = x * 65536, rounded."""
    def fix(value):
        return int(value * 65536 + .5)

    half, center = 1 << 15, 128 << 16
    return [
        (fix(.299) * red + fix(.587) * green + fix(.114) * blue + half) >> 16,
        (fix(.5) * blue - fix(.168735892) * red - fix(.331264108) * green +
         center + half - 1) >> 16,
        (fix(.5) * red - fix(.418687589) * green - fix(.081312411) * blue +
         center + half - 1) >> 16
    ]


def halved(plane):
    """Chroma, its right border filled up before and its lower one after."""
    rows = [row + row[-1:] * (-len(row) % 16) for row in plane]
    return [[(upper[x] + upper[x + 1] + lower[x] + lower[x + 1] + 1 +
              x // 2 % 2) >> 2 for x in range(0, len(upper), 2)]
            for upper, lower in zip(rows[::2], rows[1::2])]


def islow(x, shift):
    """One pass of the accurate integer DCT, rounded by ``shift`` bits."""
    sums = [x[i] + x[7 - i] for i in range(4)]
    differences = [x[i] - x[7 - i] for i in range(4)]
    out = [0] * 8
    even, odd = sums[0] + sums[3], sums[1] + sums[2]
    out[0], out[4] = (even + odd) << 13, (even - odd) << 13
    even, odd = sums[0] - sums[3], sums[1] - sums[2]
    common = (even + odd) * 4433
    out[2], out[6] = common + even * 6270, common - odd * 15137
    t7, t6, t5, t4 = differences
    z1, z2 = (t4 + t7) * -7373, (t5 + t6) * -20995
    z5 = (t4 + t6 + t5 + t7) * 9633
    z3, z4 = (t4 + t6) * -16069 + z5, (t5 + t7) * -3196 + z5
    out[7], out[5] = t4 * 2446 + z1 + z3, t5 * 16819 + z2 + z4
    out[3], out[1] = t6 * 25172 + z2 + z3, t7 * 12299 + z1 + z4
    return [(value + (1 << shift - 1)) >> shift for value in out]


def blocks_of(plane):
    """Yields blocks of 8 x 8, filled up by the last row and column."""
    height, width = len(plane), len(plane[0])
    for top in range(0, height, 8):
        for left in range(0, width, 8):
            yield [[plane[min(y, height - 1)][min(x, width - 1)] - 128
                    for x in range(left, left + 8)]
                   for y in range(top, top + 8)]


def jpeg_block(block):
    """64 coefficients of a block, by rows, divided by 8 at last."""
    rows = [islow(row, 11) for row in block]
    columns = [islow(column, 15) for column in zip(*rows)]
    return [(abs(value) + 4 >> 3) * (1 if value > 0 else -1)
            for row in zip(*columns) for value in row]


def float_block(block):
    """The same by the formula of the orthonormal DCT, not rounded."""
    place = np.arange(8)
    basis = np.cos(np.pi * (place + .5) * place[:, None] / 8) / 2
    basis[0] /= np.sqrt(2)
    return (basis @ np.array(block) @ basis.T).ravel()


def loop(image, transform=jpeg_block):
    """Coefficients of one image of shape (H, W, 3), of shape (64, h, w)."""
    planes = [image[..., i].tolist() for i in range(3)]
    twice = [enlarged(plane) for plane in planes]
    four_times = [enlarged(plane) for plane in twice]
    luma = [[ycc(*pixel)[0] for pixel in zip(*row)] for row in zip(*twice)]
    chroma = [[[ycc(*pixel)[i] for pixel in zip(*row)]
               for row in zip(*four_times)] for i in (1, 2)]
    channels = []
    for plane, indices in ((luma, INDICES_Y), (halved(chroma[0]), INDICES_C),
                           (halved(chroma[1]), INDICES_C)):
        blocks = np.array([transform(block) for block in blocks_of(plane)])
        channels.append(blocks.T[indices].reshape(
            len(indices), *dct_grid(*image.shape[:2])))
    return np.concatenate(channels)


@pytest.mark.parametrize('size', [(8, 12), (9, 11), (7, 6), (1, 1), (2, 5)])
def test_slow_loop(size):
    images = [noise(*size, seed) for seed in (0, 1)]
    got = dct_coefficients(batch_of(*images))
    want = np.stack([loop(image) for image in images])
    assert got.dtype == torch.float32 and got.is_contiguous()
    np.testing.assert_array_equal(got.numpy(), want)


def test_floating_point_dct():
    """It differs by 1 at most, in some coefficients."""
    image = noise(15, 18)
    got = dct_coefficients(batch_of(image))[0].numpy()
    want = loop(image, float_block)
    assert np.abs(got - want).max() < .66
    rounded = np.sign(want) * np.floor(np.abs(want) + .5)
    assert 0 < (got != rounded).mean() < .1


@pytest.mark.parametrize('size', [(6, 8), (5, 7), (1, 3), (33, 47)])
def test_upscale_equals_opencv(size):
    image = noise(*size)
    want = cv2.resize(image, (2 * size[1], 2 * size[0]))
    got = upscale(batch_of(image))
    assert got.dtype == torch.uint8
    np.testing.assert_array_equal(got[0].permute(1, 2, 0).numpy(), want)


# Golden values, decoded from files of libjpeg-turbo.
def test_one_color():
    image = np.full((32, 48, 3), (200, 100, 50), np.uint8)
    got = dct_coefficients(batch_of(image))[0]
    assert got.shape == (64, 8, 12)
    for channel, value in ((0, -32), (44, -336), (54, 432)):
        assert (got[channel] == value).all()
    assert got.abs().sum() == 96 * (32 + 336 + 432)


def test_ramps():
    got = dct_coefficients(batch_of(ramps()))[0]
    assert got.shape == (64, 9, 12)
    luma, cb, cr = got.split([44, 10, 10])
    for plane, first, below, other, last in (
        (luma, [-949, -16, 1, -1], -38, -240, 749),
        (cb, [-9, -5, 1], 11, -31, -101), (cr, [-12, -20, 1], 27, 52, 25)):
        assert plane[:len(first), 0, 0].tolist() == first
        # The first of the second row of frequencies.
        assert plane[7 if plane is luma else 3, 0, 0] == below
        assert plane[0, 3, 5] == other and plane[0, -1, -1] == last


# SHA-256 of the selected coefficients as int16, decoded by jpeglib 1.0.2 from
# files of OpenCV 5.0.0.
@pytest.mark.parametrize('image, digest', [
    (ramps(), '9d89b8886d3f586b'), (noise(33, 47), '4eeee605b9707bf2'),
    (noise(161, 162, seed=1), '7014ae56cab49e59')
], ids=['ramps', 'noise', 'large'])
def test_all_values_of_libjpeg(image, digest):
    got = dct_coefficients(batch_of(image))[0].short().numpy()
    assert hashlib.sha256(got.tobytes()).hexdigest()[:16] == digest


def encoded(image, folder):
    """Coefficients of two real files, decoded by another library.

    Args:
        image (ndarray): RGB image of shape (H, W, 3), uint8.
        folder (Path): Folder for the files.

    Returns:
        ndarray: Selected coefficients of shape (64, h, w), int16.
    """
    jpeglib = pytest.importorskip('jpeglib')
    image, files = image[..., ::-1], []
    for factor in (2, 4):
        height, width = image.shape[:2]
        image = cv2.resize(image, (2 * width, 2 * height))
        path = str(folder / f'{factor}.jpg')
        assert cv2.imwrite(path, image, [cv2.IMWRITE_JPEG_QUALITY, 100])
        files.append(jpeglib.read_dct(path))
    assert all((file.qt == 1).all() for file in files)
    planes = ((files[0].Y, INDICES_Y), (files[1].Cb, INDICES_C),
              (files[1].Cr, INDICES_C))
    return np.concatenate([
        plane.reshape(*plane.shape[:2], 64).transpose(2, 0, 1)[indices]
        for plane, indices in planes])


@pytest.mark.parametrize('size', [(33, 47), (64, 64), (35, 30), (1, 1),
                                  (2, 5), (161, 162), (321, 321)])
def test_real_files(size, tmp_path):
    """Bitwise equal, including borders."""
    images = [noise(*size)]
    if min(size) > 30:
        images.append(ramps(*size))
        # Blurred, as upscaled photographs are.
        images.append(cv2.GaussianBlur(noise(*size, 3), (0, 0), 3))
    got = dct_coefficients(batch_of(*images)).numpy()
    for maps, image in zip(got, images):
        np.testing.assert_array_equal(maps, encoded(image, tmp_path))


@pytest.mark.parametrize('size', [(64, 48), (33, 47), (81, 82)])
def test_reference_of_the_specification(size):
    """It uses a floating-point DCT and simpler padding of chroma."""
    path = REPOSITORY.parent / 'shared/spec/ssl_dct_reference.py'
    if not path.is_file():
        pytest.skip(f'{path} is missing: not compared with it')
    spec = importlib.util.spec_from_file_location(path.stem, path)
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    image = cv2.GaussianBlur(noise(*size), (0, 0), 2)
    got = dct_coefficients(batch_of(image))[0].numpy()
    off = np.abs(got - reference.dct64(image))
    assert off[:44].max() <= 1 and (off[:44] > 0).mean() < .08
    assert off[44:, :, :-1].max() <= 1 and (off[44:] > 0).mean() < .08


@pytest.mark.parametrize('size, grid', [
    ((321, 321), (81, 81)), ((513, 513), (129, 129)), ((769, 769), (193, 193)),
    ((1024, 2048), (256, 512)), ((360, 480), (90, 120)), ((3, 4), (1, 1)),
    ((5, 9), (2, 3))])
def test_grid(size, grid):
    assert dct_grid(*size) == grid
    if size[1] < 2048:
        got = dct_coefficients(torch.zeros(1, 3, *size, dtype=torch.uint8))
        assert got.shape == (1, 64, *grid)


def test_images_of_a_batch_are_independent():
    images = batch_of(*(noise(21, 22, seed) for seed in range(6)))
    before = images.clone()
    got = dct_coefficients(images)
    assert torch.equal(images, before)
    for maps, image in zip(got, images):
        assert torch.equal(maps, dct_coefficients(image[None])[0])
    # Whatever the layout in memory.
    striped = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(dct_coefficients(striped), got)
    assert torch.equal(dct_coefficients(images[:, :, :, 2:]),
                       dct_coefficients(images[:, :, :, 2:].contiguous()))


@pytest.mark.parametrize('value', [0, 255])
def test_extreme_values(value):
    """Nothing overflows; the largest DC is 8 times 127, the least -1024."""
    image = np.full((8, 8, 3), value, np.uint8)
    got = dct_coefficients(batch_of(image))[0]
    assert (got[0] == (1016 if value else -1024)).all()
    assert not got[1:].any()
    stripes = np.zeros((16, 16, 3), np.uint8)
    stripes[:, ::2] = 255
    np.testing.assert_array_equal(
        dct_coefficients(batch_of(stripes))[0].numpy(), loop(stripes))


def test_autocast_changes_nothing():
    images = batch_of(noise(20, 20))
    want = dct_coefficients(images)
    with torch.autocast('cpu', torch.bfloat16):
        got = dct_coefficients(images)
    assert got.dtype == torch.float32 and torch.equal(got, want)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
@pytest.mark.parametrize('size', [(33, 47), (321, 321)])
def test_a_gpu_computes_the_same(size):
    images = batch_of(*(noise(*size, seed) for seed in range(5)))
    want = dct_coefficients(images)
    with torch.autocast('cuda', torch.float16):
        got = dct_coefficients(images.cuda())
    assert torch.equal(got.cpu(), want)


def test_input_is_standardised():
    images = batch_of(noise(12, 12))
    mean = torch.arange(64.).view(64, 1, 1)
    std = torch.linspace(.5, 3, 64).view(64, 1, 1)
    got = dct_input(images, mean, std)
    want = dct_coefficients(images).double().sub(mean).div(std)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got.double(), want)


@pytest.mark.parametrize('image, error, message', [
    (torch.rand(1, 3, 8, 8), TypeError, r'float32.*multiply by 255'),
    (torch.zeros(3, 8, 8, dtype=torch.uint8), ValueError, r'\(3, 8, 8\)'),
    (torch.zeros(1, 1, 8, 8, dtype=torch.uint8), ValueError, '1, 1, 8, 8'),
    (torch.zeros(0, 3, 8, 8, dtype=torch.uint8), ValueError, '0, 3, 8, 8'),
])
def test_wrong_images_are_refused(image, error, message):
    with pytest.raises(error, match=message):
        dct_coefficients(image)


def test_wrong_statistics_are_refused():
    image = torch.zeros(1, 3, 8, 8, dtype=torch.uint8)
    good = torch.ones(64, 1, 1)
    for mean, std in ((good[:3], good), (good, good.view(64))):
        with pytest.raises(ValueError, match=r'\(64, 1, 1\)'):
            dct_input(image, mean, std)
