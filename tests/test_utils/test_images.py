"""Tests of rendering label maps and figures."""
import numpy as np
import pytest
from PIL import Image

from mmseg_fst.utils.images import (
    color_label,
    titled,
    to_rgb,
    write_image,
)

PALETTE = [[1, 2, 3], [40, 50, 60]]


@pytest.mark.parametrize('dtype', [np.uint8, np.int64])
def test_each_id_gets_its_color_and_others_are_white(dtype):
    label = np.array([[0, 1], [255, 2]], dtype)
    image = color_label(label, PALETTE)
    assert image.dtype == np.uint8
    assert image.tolist() == [[[1, 2, 3], [40, 50, 60]],
                                [[255] * 3, [255] * 3]]


def test_an_ignored_pixel_is_white_whatever_its_sign():
    assert color_label(np.array([[-1]]), PALETTE).tolist() == [[[255] * 3]]


@pytest.mark.parametrize('count', [1, 3])
def test_titled_shows_every_pixel_below_a_title(count):
    tiles = [np.full((20, 60, 3), 10 * (i + 1), np.uint8)
             for i in range(count)]
    image = titled('mask', tiles)
    height, width = image.shape[:2]
    assert width == 60 + 2 and image.dtype == np.uint8
    below = image[-1 - 20 * count:-1, 1:-1]
    np.testing.assert_array_equal(below, np.concatenate(tiles))
    header = image[:height - 1 - 20 * count]
    assert header.min() < 100  # letters
    assert (image[:, [0, -1]] == 255).all()
    assert (image[[0, -1]] == 255).all()


def test_titles_differ():
    tile = np.zeros((4, 60, 3), np.uint8)
    assert (titled('mask', [tile]) != titled('mixed', [tile])).any()


def test_images_are_written_as_rgb_into_new_folders(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    path = tmp_path / 'new' / 'folder' / 'a.png'
    write_image(str(path), image)
    np.testing.assert_array_equal(np.asarray(Image.open(path)), image)


def test_a_bare_file_name_is_in_this_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_image('a.png', np.zeros((4, 4, 3), np.uint8))
    assert (tmp_path / 'a.png').is_file()


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / 'a.png'
    path.mkdir()
    with pytest.raises(OSError, match='a.png'):
        write_image(str(path), np.zeros((4, 4, 3), np.uint8))


def values(channels, dtype=np.uint8):
    return np.random.default_rng(0).integers(
        0, 256, (4, 5, channels)).astype(dtype)


@pytest.mark.parametrize('channels, metainfo, shown', [
    (3, {}, (0, 1, 2)), (6, {}, (0, 1, 2)), (2, {}, (0, 0, 0)),
    (1, {}, (0, 0, 0)), (6, dict(rgb_channels=(5, 0, 2)), (5, 0, 2)),
    (6, dict(rgb_channels=[4]), (4, 4, 4)),
    (3, dict(rgb_channels=(2, 1, 0)), (2, 1, 0))])
def test_images_of_any_channels_are_shown(channels, metainfo, shown):
    image = values(channels)
    np.testing.assert_array_equal(to_rgb(image, metainfo), image[..., shown])


def test_gray_images_are_shown():
    image = values(1)[..., 0]
    assert (to_rgb(image, {}) == image[..., None]).all()
    assert to_rgb(image, {}).shape == (4, 5, 3)


def test_three_loaded_channels_are_bgr_and_no_others():
    np.testing.assert_array_equal(
        to_rgb(values(3), {}, bgr=True), values(3)[..., ::-1])
    np.testing.assert_array_equal(
        to_rgb(values(4), {}, bgr=True), values(4)[..., :3])


def test_stretched_values_are_rounded_and_clipped():
    image = np.array([[[-3., 99.6, 300.]]], np.float32)
    shown = to_rgb(image, {})
    assert shown.dtype == np.uint8 and shown.tolist() == [[[0, 100, 255]]]


@pytest.mark.parametrize('chosen', [(0, 1), (0, 1, 6), (-1, 0, 1)])
def test_channels_that_cannot_be_shown_are_named(chosen):
    with pytest.raises(ValueError, match='metainfo.rgb_channels='):
        to_rgb(values(6), dict(rgb_channels=chosen))
