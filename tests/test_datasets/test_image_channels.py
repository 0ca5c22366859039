"""Loading of images of any number of channels, and of more than 8 bits."""
import sys

import cv2
import numpy as np
import pytest
import torch
from channel_data import bands_of, write_tiff
from helpers import random_label
from mmengine.dataset import Compose
from PIL import Image

from mmseg_fst.datasets.decoding import count_channels
from mmseg_fst.datasets.loading import load_rgb, loader_of, suggest_stretch
from mmseg_fst.datasets.packed import decode_item, encode_item
from mmseg_fst.registry import TRANSFORMS

SIZE = (12, 20)


def pixels(channels, dtype='uint8', high=255):
    rng = np.random.default_rng(0)
    image = bands_of(rng, random_label(rng, SIZE), channels, high)
    return image.astype(dtype)


def load(path, **kwargs):
    transform = TRANSFORMS.build(dict(type='LoadWholeImage', **kwargs))
    return transform(dict(img_path=str(path)))['img']


def write_rgb16(path, image):
    cv2.imwrite(str(path), image[..., ::-1])


@pytest.mark.parametrize('ending', ['png', 'tif'])
@pytest.mark.parametrize('channels', [1, 3])
def test_sixteen_bits_need_a_stated_stretch(tmp_path, ending, channels):
    path = tmp_path / f'a.{ending}'
    image = pixels(channels, 'uint16', 4000)
    image[0, 0] = 4000
    cv2.imwrite(str(path), image)
    for expected in (1, 3):
        with pytest.raises(ValueError) as error:
            load(path, channels=expected)
        assert str(path) in str(error.value)
        if expected == channels:
            assert 'to 4000' in str(error.value)
            assert 'stretch=(0, 4095)' in str(error.value)


@pytest.mark.parametrize('ending', ['png', 'tif', 'npy'])
def test_all_bits_are_stretched(tmp_path, ending):
    path, image = tmp_path / f'a.{ending}', pixels(3, 'uint16', 4000)
    if ending == 'npy':
        np.save(path, image)
    else:
        write_rgb16(path, image)
    loaded = load(path, stretch=(500, 3500))
    expected = (image.astype(float) - 500) / 3000 * 255
    assert loaded.dtype == np.float32
    assert len(np.unique(loaded)) > 256
    np.testing.assert_allclose(
        loaded[..., ::-1], expected.clip(0, 255), atol=1e-3)


def test_channels_are_stretched_in_the_order_of_the_file(tmp_path):
    for channels in (3, 5):
        path, image = tmp_path / 'a.npy', pixels(channels, 'float32', 1.)
        np.save(path, image)
        high = [1. + index for index in range(channels)]
        loaded = load(path, channels=channels, stretch=(0, high))
        loaded = loaded[..., ::-1] if channels == 3 else loaded
        np.testing.assert_allclose(loaded, image / high * 255, rtol=1e-4)


def test_missing_values_are_black(tmp_path):
    image = pixels(2, 'float32', 1.)
    image[0, 0] = np.nan
    np.save(tmp_path / 'a.npy', image)
    loaded = load(tmp_path / 'a.npy', channels=2, stretch=(0, 1))
    assert (loaded[0, 0] == 0).all() and np.isfinite(loaded).all()
    with pytest.raises(ValueError, match='of float32, from 0'):
        load(tmp_path / 'a.npy', channels=2)


def test_gray_and_color_are_converted(tmp_path):
    color, gray = pixels(3), pixels(1)[..., 0]
    Image.fromarray(color).save(tmp_path / 'color.png')
    Image.fromarray(gray).save(tmp_path / 'gray.png')
    np.testing.assert_array_equal(
        load(tmp_path / 'gray.png'), np.repeat(gray[..., None], 3, 2))
    assert (load(tmp_path / 'gray.png', channels=1) == gray).all()
    luma = load(tmp_path / 'color.png', channels=1)
    expected = color @ [.299, .587, .114]
    assert luma.shape == SIZE and abs(luma - expected).max() <= 1


def test_an_alpha_channel_is_left_out_or_one_of_four(tmp_path):
    image = pixels(4)
    Image.fromarray(image).save(tmp_path / 'a.png')
    np.testing.assert_array_equal(
        load(tmp_path / 'a.png')[..., ::-1], image[..., :3])
    np.testing.assert_array_equal(load(tmp_path / 'a.png', channels=4), image)
    assert count_channels((tmp_path / 'a.png').read_bytes()) == 4


def test_arrays_are_read_in_their_order(tmp_path):
    image = pixels(6)
    np.save(tmp_path / 'a.npy', image)
    loaded = load(tmp_path / 'a.npy', channels=6)
    np.testing.assert_array_equal(loaded, image)
    assert loaded.dtype == np.uint8
    assert count_channels((tmp_path / 'a.npy').read_bytes()) == 6


@pytest.mark.parametrize('channels', [3, 4, 6])
def test_other_channels_are_refused(tmp_path, channels):
    np.save(tmp_path / 'a.npy', pixels(5))
    with pytest.raises(ValueError, match='a.npy .* channels=5'):
        load(tmp_path / 'a.npy', channels=channels)


@pytest.mark.parametrize('content', [b'\x93NUMPY', b'II*\0', b'MM\0*12'])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / 'a.tif').write_bytes(content)
    with pytest.raises(OSError, match='a.tif is not an image'):
        load(tmp_path / 'a.tif')


@pytest.mark.parametrize('channels, dtype', [
    (6, 'uint8'), (4, 'uint8'), (3, 'uint16'), (4, 'uint16'), (2, 'uint16')])
def test_bands_of_tiff(tmp_path, channels, dtype):
    """OpenCV drops or changes bands that are not marked as RGB."""
    path, image = tmp_path / 'a.tif', pixels(channels, dtype)
    write_tiff(path, image)
    assert count_channels(path.read_bytes()) == channels
    pytest.importorskip('rasterio', reason='rasterio is not installed')
    stretch = None if dtype == 'uint8' else (0, 255)
    loaded = load(path, channels=channels, stretch=stretch)
    loaded = loaded[..., ::-1] if channels == 3 else loaded
    np.testing.assert_allclose(loaded, image, atol=1e-4)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    write_tiff(tmp_path / 'a.tif', pixels(6))
    monkeypatch.setitem(sys.modules, 'rasterio', None)
    with pytest.raises(ImportError, match='a.tif.*pip install rasterio'):
        load(tmp_path / 'a.tif', channels=6)
    with pytest.raises(ImportError, match='a.tif.*pip install rasterio'):
        load(tmp_path / 'a.tif')


@pytest.mark.parametrize('dtype', ['uint8', 'uint16'])
def test_tiff_of_colors_needs_no_package(tmp_path, monkeypatch, dtype):
    monkeypatch.setitem(sys.modules, 'rasterio', None)
    for channels in (3, 4):
        image = pixels(channels, dtype)
        write_tiff(tmp_path / 'a.tif', image, photometric=2)
        loaded = load(tmp_path / 'a.tif', channels=channels,
                      stretch=None if dtype == 'uint8' else (0, 255))
        loaded = loaded[..., ::-1] if channels == 3 else loaded
        np.testing.assert_allclose(loaded, image, atol=1e-4)


@pytest.mark.parametrize('kwargs, words', [
    (dict(channels=0), 'channels must be a positive'),
    (dict(channels=2.), 'channels must be a positive'),
    (dict(stretch=(5, 5)), 'stretch must be'),
    (dict(stretch=(0, 1, 2)), 'stretch must be'),
    (dict(stretch=4095), 'stretch must be'),
    (dict(stretch=(0, (1, 2))), 'stretch must be'),
    (dict(channels=6, reduce_to=(40, 40)), 'reduce_to'),
    (dict(stretch=(0, 9), reduce_to=(40, 40)), 'reduce_to'),
    (dict(stretch=(0, 9), imdecode_backend='pillow'), 'stretch needs'),
    (dict(channels=4, color_type='unchanged'), 'channels needs'),
])
def test_wrong_arguments_are_named(kwargs, words):
    with pytest.raises(ValueError, match=f'^LoadWholeImage: {words}'):
        TRANSFORMS.build(dict(type='LoadWholeImage', **kwargs))


@pytest.mark.parametrize('dtype, low, high, expected', [
    ('uint16', 3, 4000, (0, 4095)), ('uint16', 0, 4096, (0, 8191)),
    ('uint16', 0, 7, (0, 255)), ('uint16', 0, 65535, (0, 65535)),
    ('int16', -20, 300, (-20, 300)), ('float32', 0., .5, (0, .5))])
def test_a_stretch_is_suggested(dtype, low, high, expected):
    assert suggest_stretch(dtype, low, high) == expected


def test_the_loader_of_a_pipeline():
    loader = loader_of([
        dict(type='Other'), dict(type='LoadWholeImage', channels=4)])
    assert loader.channels == 4
    assert loader_of([dict(type='Other')]).channels == 3


def test_an_image_is_shown_as_its_data_set_loads_it(tmp_path):
    np.save(tmp_path / 'a.npy', pixels(6, 'uint16', 1000))

    class Data:
        metainfo = dict(rgb_channels=(5, 0, 1))
        pipeline = Compose([
            dict(type='LoadWholeImage', channels=6, stretch=(0, 1000))])

    class Both:
        metainfo = Data.metainfo
        datasets = [Data(), Data()]

    expected = pixels(6, 'uint16', 1000)[..., [5, 0, 1]] * .255
    for data in (Data(), Both()):
        shown = load_rgb(str(tmp_path / 'a.npy'), data)
        assert shown.dtype == np.uint8
        assert abs(shown - expected).max() <= .51


# What follows in a pipeline.


@pytest.mark.parametrize('channels', [1, 2, 5, 6])
def test_steps_of_a_pipeline_take_any_channels(tmp_path, channels):
    np.save(tmp_path / 'a.npy', pixels(channels))
    steps = Compose([
        dict(type='LoadWholeImage', channels=channels),
        dict(type='RandomFactorResize', ranges=((2., 2.), )),
        dict(type='PadToCrop', size=(60, 60), pad_val=range(1, channels + 1)),
        dict(type='RandomCrop', crop_size=(60, 60)),
        dict(type='RandomFlip', prob=1.),
        dict(type='PackByteInputs')
    ])
    packed = steps(dict(img_path=str(tmp_path / 'a.npy'), seg_fields=[]))
    assert packed['inputs'].shape == (channels, 60, 60)
    corner = packed['inputs'][:, 0, 0].tolist()
    assert corner == list(range(1, channels + 1))
    inner = packed['inputs'][:, 18:42, 10:50]
    assert inner.float().std() > 5


def test_padding_of_other_channels_is_refused():
    step = TRANSFORMS.build(dict(type='PadToCrop', size=(40, 40)))
    with pytest.raises(ValueError, match='PadToCrop: .* 3 values.* 6 chan'):
        step(dict(img=pixels(6)))


@pytest.mark.parametrize('image', [
    pixels(4), pixels(6), pixels(3).astype(np.float32)])
@pytest.mark.parametrize('step', [
    dict(type='RandomFactorResize', ranges=((2., 2.), ), backend='pillow'),
    dict(type='FactorResizedCrop', ranges=((2., 2.), ), crop_size=8)])
def test_pillow_refuses_what_it_would_spoil(image, step):
    with pytest.raises(ValueError, match="backend='pillow' scales"):
        TRANSFORMS.build(step)(dict(img=image, seg_fields=[]))


def test_pillow_scales_gray_images():
    step = TRANSFORMS.build(dict(
        type='FactorResizedCrop', ranges=((2., 2.), ), crop_size=8))
    assert step(dict(img=pixels(1)[..., 0]))['img'].shape == (8, 8)


def test_stretched_images_are_packed():
    item = dict(img=pixels(6, 'float32'), gt_seg_map=pixels(1)[..., 0],
                scale=(2, 3))
    read = decode_item(encode_item(item))
    for key in ('img', 'gt_seg_map'):
        assert read[key].dtype == item[key].dtype
        np.testing.assert_array_equal(read[key], item[key])
    assert read['scale'] == (2, 3)
    torch.from_numpy(read['img'])  # aligned
