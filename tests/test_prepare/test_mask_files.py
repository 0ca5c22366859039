"""Masks in the formats that users have."""
import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from mmseg_fst.prepare.class_list import (
    NO_DATA,
    ClassList,
    to_class_ids,
)
from mmseg_fst.prepare.mask_files import (
    read_mask,
    resize_nearest,
    same_aspect,
)

IDS = ClassList(('a', 'b', 'c'), False, {0: 0, 1: 1, 2: 2, 255: 255})
COLORS = ClassList(('black', 'red', 'green'), True,
                   {0: 0, 255 << 16: 1, 255 << 8: 2})
RGB = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0]], np.uint8)


@pytest.fixture
def label():
    return (np.arange(48 * 64).reshape(48, 64) // 500 % 3).astype(np.uint8)


def read_ids(path, classes=IDS):
    return to_class_ids(read_mask(path, classes).values, classes)


def save_palette(path, label):
    image = Image.fromarray(label, mode='P')
    image.putpalette(RGB.ravel().tolist())
    image.save(path)


def save_structure(path, label):
    """As the labels of SBD: a structure, and boundaries in cells."""
    cells = np.empty((2, 1), object)
    cells[0, 0] = cells[1, 0] = label
    savemat(path, dict(GTcls=dict(Segmentation=label, Boundaries=cells,
                                  CategoriesPresent=np.array([[1, 2]]))))


SAVE = {
    'gray.png': lambda path, label: Image.fromarray(label).save(path),
    'palette.png': save_palette,
    'palette.gif': save_palette,
    'equal.png': lambda path, label: Image.fromarray(
        np.stack([label] * 3, -1)).save(path),
    'alpha.png': lambda path, label: Image.fromarray(
        np.stack([label] * 3 + [np.full_like(label, 9)], -1)).save(path),
    'gray.pgm': lambda path, label: Image.fromarray(label).save(path),
    'float.tif': lambda path, label: cv2.imwrite(
        str(path), label.astype(np.float32)),
    'double.tif': lambda path, label: cv2.imwrite(
        str(path), label.astype(np.float64)),
    'wide.tif': lambda path, label: Image.fromarray(
        label.astype(np.int32)).save(path),
    'array.npy': lambda path, label: np.save(path, label.astype(float)),
    'mask.mat': lambda path, label: savemat(path, dict(mask=label)),
    'sbd.mat': save_structure,
}


@pytest.mark.parametrize('name', SAVE)
def test_ids_of_a_format(name, label, tmp_path):
    SAVE[name](tmp_path / name, label)
    ids, unknown, *_ = read_ids(tmp_path / name)
    np.testing.assert_array_equal(ids, label)
    assert not unknown
    as_is = read_mask(tmp_path / name, IDS).as_is
    assert as_is == (name in ('gray.png', 'palette.png'))


@pytest.mark.parametrize('name, save', [
    ('rgb.png', lambda path, label: Image.fromarray(RGB[label]).save(path)),
    ('rgba.png', lambda path, label: Image.fromarray(
        np.dstack([RGB[label], label])).save(path)),
    ('rgb.gif', lambda path, label: Image.fromarray(RGB[label]).save(path)),
    ('palette.png', save_palette),
    ('rgb.npy', lambda path, label: np.save(path, RGB[label])),
    ('rgb.mat', lambda path, label: savemat(path, dict(mask=RGB[label]))),
])
def test_colors_of_a_format(name, save, label, tmp_path):
    save(tmp_path / name, label)
    ids, unknown, *_ = read_ids(tmp_path / name, COLORS)
    np.testing.assert_array_equal(ids, label)
    assert not unknown


@pytest.mark.parametrize('quality', [60, 95])
def test_a_jpeg_mask_is_read_with_a_tolerance(quality, label, tmp_path):
    Image.fromarray(RGB[label]).save(tmp_path / 'a.jpg', quality=quality)
    assert read_ids(tmp_path / 'a.jpg', COLORS).unknown
    ids, unknown, changed, _ = read_ids(
        tmp_path / 'a.jpg', COLORS._replace(tolerance=200.))
    assert not unknown and changed
    assert (ids == label).mean() > .95


@pytest.mark.parametrize('missing', [np.nan, np.inf, -3.4e38, -9999])
def test_what_marks_missing_data_is_no_class(missing, label, tmp_path):
    values = label.astype(np.float32)
    values[:10] = missing
    cv2.imwrite(str(tmp_path / 'a.tif'), values)
    mask = read_mask(tmp_path / 'a.tif', IDS).values
    assert (mask[:10] == NO_DATA).all() and (mask[10:] == label[10:]).all()


@pytest.mark.parametrize('value, expected', [('-7', NO_DATA), ('0', 0)])
def test_the_missing_value_of_gdal(value, expected, label, tmp_path):
    """It is ignored, unless the class list names it."""
    values = label.astype(np.int32)
    values[:10] = int(value)
    Image.fromarray(values).save(tmp_path / 'a.tif', tiffinfo={42113: value})
    mask = read_mask(tmp_path / 'a.tif', IDS).values
    assert (mask[:10] == expected).all()


@pytest.mark.parametrize('name, save, words', [
    ('a.tif', lambda path: cv2.imwrite(str(path), np.full(
        (9, 9), .25, np.float32)), 'fractions such as 0.25, in 81 pixels'),
    ('a.png', lambda path: Image.fromarray(RGB[np.eye(9, dtype=int)]).save(
        path), r'has colors \(0 0 0; 255 0 0\), but.*name = R G B'),
    ('a.npy', lambda path: np.save(path, np.zeros((9, 9, 7))),
     r'shape \(9, 9, 7\)'),
    ('a.npy', lambda path: path.write_bytes(b'no array'), 'cannot be read'),
    ('a.mat', lambda path: path.write_bytes(b'no file of MATLAB'),
     'cannot be read as a MATLAB file'),
    ('a.mat', lambda path: path.write_bytes(
        b'MATLAB 7.3 MAT-file'.ljust(124) + b'\0\2IM'), 'version 7.3.*-v7'),
    ('a.mat', lambda path: savemat(path, dict(
        mask=np.eye(9), depth=np.eye(9))), r'one array.*mask \(9, 9\), depth'),
    ('a.mat', lambda path: savemat(path, dict(name='x')), 'found none'),
    ('a.tif', lambda path: path.write_bytes(b'II*\0 no image'), 'a.tif'),
    ('a.png', lambda path: path.write_bytes(b'no image'), 'cannot be read'),
])
def test_a_bad_mask_is_named(name, save, words, tmp_path):
    save(tmp_path / name)
    with pytest.raises((OSError, ValueError), match=f'{words}'):
        read_mask(tmp_path / name, IDS)


def test_an_array_where_colors_are_expected(tmp_path):
    np.save(tmp_path / 'a.npy', np.zeros((9, 9, 3)))
    with pytest.raises(ValueError, match='float64, but the class list has'):
        read_mask(tmp_path / 'a.npy', COLORS)


def test_masks_are_resized_without_new_values(label):
    assert resize_nearest(label, (48, 64)).tolist() == label.tolist()
    assert resize_nearest(label.repeat(3, 0).repeat(3, 1),
                          (48, 64)).tolist() == label.tolist()
    assert resize_nearest(RGB[label], (30, 40)).shape == (30, 40, 3)
    assert same_aspect((966, 1296), (644, 864))
    assert same_aspect((100, 133), (50, 67))
    assert not same_aspect((64, 48), (48, 64))
