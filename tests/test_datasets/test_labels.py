"""Masks of every number type are read as ids, or refused by name."""
import cv2
import numpy as np
import pytest
from mmseg.datasets.transforms import LoadAnnotations as Theirs
from PIL import Image

from mmseg_fst.datasets.labels import LoadAnnotations, mask_ids, read_mask_ids
from mmseg_fst.registry import TRANSFORMS

IDS = np.array([[0, 1, 2], [2, 255, 1]], np.uint8)


def load(path, reduce=False, label_map=None, **options):
    info = dict(seg_map_path=str(path), reduce_zero_label=reduce,
                label_map=label_map, seg_fields=[])
    return LoadAnnotations(**options)(info)['gt_seg_map']


def save(folder, array, ending='.png'):
    path = folder / f'mask{ending}'
    if ending == '.npy':
        np.save(path, array)
    elif array.ndim == 3 or array.dtype in (np.uint16, np.float32):
        assert cv2.imwrite(str(path), array)
    else:
        Image.fromarray(array).save(path)
    return path


@pytest.mark.parametrize('dtype, ending', [
    (np.uint8, '.png'), (np.uint16, '.png'), (np.uint8, '.tif'),
    (np.uint16, '.tif'), (np.int32, '.tif'), (np.float32, '.tif'),
    (np.uint8, '.npy'), (np.int64, '.npy'), (np.float64, '.npy'),
])
def test_ids_of_any_number_type_are_read(tmp_path, dtype, ending):
    path = save(tmp_path, IDS.astype(dtype), ending)
    label = load(path)
    assert label.dtype == np.uint8 and (label == IDS).all()
    assert (read_mask_ids(path) == IDS).all()


@pytest.mark.parametrize('save_as', ['palette', 'bits', 'gray', 'alpha'])
def test_other_forms_of_ids(tmp_path, save_as):
    ids = np.minimum(IDS, 1)
    image = Image.fromarray(ids)
    if save_as == 'palette':
        image.putpalette([9, 9, 9, 200, 30, 40])
    elif save_as == 'bits':
        image = image.point(lambda value: 255 * value).convert('1')
    else:
        image = image.convert('RGB' if save_as == 'gray' else 'LA')
    image.save(tmp_path / 'mask.png')
    assert (load(tmp_path / 'mask.png') == ids).all()


@pytest.mark.parametrize('reduce', [False, True])
@pytest.mark.parametrize('label_map', [None, {0: 3, 1: 0, 2: 255}])
def test_ids_change_as_in_mmsegmentation(tmp_path, reduce, label_map):
    ids = np.arange(256, dtype=np.uint8).reshape(16, 16)
    path = save(tmp_path, ids)
    info = dict(seg_map_path=str(path), reduce_zero_label=reduce,
                label_map=label_map, seg_fields=[])
    expected = Theirs()(info)['gt_seg_map']
    assert (load(path, reduce, label_map) == expected).all()


def test_configs_name_this_loader():
    with_scope = TRANSFORMS.build(dict(type='LoadAnnotations'))
    assert type(with_scope) is LoadAnnotations


@pytest.mark.parametrize('values, dtype, ending, shown', [
    ((0, 256, 513), np.uint16, '.png', '256, 513 in 2 of 3'),
    ((0, 1, -9999), np.int32, '.tif', '-9999 in 1 of 3'),
    ((0, 1, -9999), np.float32, '.tif', '-9999 in 1 of 3'),
    ((0, .5, 1), np.float32, '.tif', '0.5'),
])
def test_values_that_are_not_ids_are_refused(tmp_path, values, dtype, ending,
                                             shown):
    path = save(tmp_path, np.array([values], dtype), ending)
    with pytest.raises(ValueError, match=shown) as error:
        load(path)
    assert str(path) in str(error.value)


def test_floats_without_data_are_ignored():
    ids = mask_ids(np.array([[0, np.nan, 2]], np.float32), 'a mask')
    assert ids.tolist() == [[0, 255, 2]] and ids.dtype.kind == 'i'


def test_colors_are_refused_with_the_way_out(tmp_path):
    colors = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0]], np.uint8)
    Image.fromarray(colors[np.minimum(IDS, 2)]).save(tmp_path / 'mask.png')
    with pytest.raises(ValueError) as error:
        load(tmp_path / 'mask.png')
    message = str(error.value)
    assert 'mask.png has colors (0 0 0; 0 255 0; 255 0 0)' in message
    assert "tools/new_task.py" in message and "'road = 255 0 0'" in message


@pytest.mark.parametrize('content, text', [
    (b'no image', 'not a mask'), (b'\x89PNG\r\n\x1a\n', 'truncated')])
def test_damaged_masks_are_named(tmp_path, content, text):
    (tmp_path / 'mask.png').write_bytes(content)
    with pytest.raises(OSError, match=rf'mask\.png is {text}'):
        load(tmp_path / 'mask.png')


def test_two_ways_to_reduce_ids_must_agree(tmp_path):
    path = save(tmp_path, IDS)
    with pytest.warns(UserWarning), pytest.raises(
            ValueError, match='reduce_zero_label'):
        load(path, reduce_zero_label=True)
