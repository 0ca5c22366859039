"""Class lists: reading the file, and converting masks to train ids."""
import time

import numpy as np
import pytest

from mmseg_fst.prepare.class_list import (
    NO_DATA,
    default_tolerance,
    distance_to_classes,
    distinct_values,
    format_value,
    pack_colors,
    read_class_list,
    to_class_ids,
)


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / 'classes.txt'
        path.write_text(text, encoding='utf-8')
        return read_class_list(path)

    return read_text


def test_names_alone_are_ids_by_line(read):
    classes = read('# comment\nroad\n\ntraffic light\n')
    assert classes.names == ('road', 'traffic light') and classes.plain
    ids, unknown, *_ = to_class_ids(
        np.array([[0, 1, 255, 7]], np.uint8), classes)
    assert ids.tolist() == [[0, 1, 255, 255]] and unknown == {7: 1}
    assert ids.dtype == np.uint8


def test_ids_are_merged_and_ignored(read):
    classes = read('road = 7\nvehicle = 1000, 1001\nignore = 0\n')
    assert not classes.plain and not classes.colored
    mask = np.array([[7, 1000, 1001, 0, 255]], np.uint16)
    ids, unknown, *_ = to_class_ids(mask, classes)
    assert ids.tolist() == [[0, 1, 1, 255, 255]] and not unknown


@pytest.mark.parametrize('value, kind', [
    (-1, np.int32), (-32768, np.int16), (65536, np.int32),
    (2**31 - 1, np.int32), (2**40, np.int64)])
def test_ids_outside_of_any_list_are_unknown(read, value, kind):
    """Without a table of that size: 2**40 entries would not fit."""
    classes = read('road\ncar\n')
    mask = np.array([[value, 0, 1, value]], kind)
    ids, unknown, *_ = to_class_ids(mask, classes)
    assert ids.tolist() == [[255, 0, 1, 255]] and unknown == {value: 2}


def test_a_value_just_above_the_list_is_unknown(read):
    classes = read('road = 300\ncar = 7\n')
    ids, unknown, *_ = to_class_ids(
        np.array([[301, 300, 7]], np.uint16), classes)
    assert ids.tolist() == [[255, 0, 1]] and unknown == {301: 1}


def test_255_may_be_a_class(read):
    classes = read('background = 0\nobject = 255\n')
    ids, unknown, *_ = to_class_ids(np.array([[0, 255]], np.uint8), classes)
    assert ids.tolist() == [[0, 1]] and not unknown


def test_colors(read):
    classes = read('road = 128 64 128\nsky = #4682b4\nignore = 0 0 0\n')
    assert classes.colored
    mask = np.array([[[128, 64, 128], [70, 130, 180], [0, 0, 0], [1, 2, 3]]],
                    np.uint8)
    ids, unknown, *_ = to_class_ids(mask, classes)
    assert ids.tolist() == [[0, 1, 255, 255]]
    (value, count), = unknown.items()
    assert count == 1 and format_value(value, True) == '1 2 3'


def test_an_ignored_id_beside_bare_names(read):
    classes = read('a\nb\nignore = 9\n')
    ids, unknown, *_ = to_class_ids(
        np.array([[0, 1, 9, 255]], np.uint8), classes)
    assert ids.tolist() == [[0, 1, 255, 255]] and not unknown


@pytest.mark.parametrize('text, words', [
    ('', 'must have 2 to 255 classes, got 0'),
    ('alone\n', 'classes, got 1'),
    ('a\na\n', "line 2.*'a'"),
    ('a\n = 3\n', 'line 2'),
    ('a = x\nb = 1\n', "line 1: 'x' is neither an id nor a color"),
    ('a = 1 2\nb = 1\n', "line 1: '1 2'"),
    ('a = 1 2 256\nb = 1 2 3\n', "line 1: '1 2 256'"),
    ('a = 5-2\nb = 1\n', "line 1: '5-2' is not a range"),
    ('a = 0-99999\nb = 1\n', 'at most 65536 values'),
    ('a = 0-9\nb = 9-12\n', "line 2: the value '9-12' is already"),
    ('a = 99999999999\nb = 1\n', 'line 1'),
    ('a = 1\nb = 1\n', "line 2: the value '1' is already used"),
    ('a = 1\nb = 1 2 3\n', 'mixes'),
    ('a = 1\nb\n', 'mixes'),
    ('a\nb\nignore = 0 0 0\n', 'mixes'),
    ('\n'.join(map(str, range(256))), 'classes, got 256'),
])
def test_a_wrong_list_names_file_line_and_fix(read, text, words):
    with pytest.raises(ValueError, match=rf'classes\.txt.*{words}') as caught:
        read(text)
    assert "'name = R G B'" in str(caught.value)


def test_a_list_that_is_not_text(tmp_path):
    path = tmp_path / 'classes.txt'
    path.write_bytes(b'\xff\xfe\x80\x81')
    with pytest.raises(ValueError, match=r'classes\.txt is not a text file'):
        read_class_list(path)


def test_ranges_and_negative_ids(read):
    classes = read('free = 0-127\ndefect = 128-255\nignore = -9999\n')
    mask = np.array([[0, 127, 128, 255, -9999]], np.int32)
    ids, unknown, *_ = to_class_ids(mask, classes)
    assert ids.tolist() == [[0, 0, 1, 1, 255]] and not unknown


def test_missing_data_are_ignored_in_every_list(read):
    ids, unknown, *_ = to_class_ids(
        np.array([[0, NO_DATA, 1]]), read('a\nb\n'))
    assert ids.tolist() == [[0, 255, 1]] and not unknown


def test_the_nearest_id_within_the_tolerance(read):
    classes = read('free = 0\ndefect = 200\n')._replace(tolerance=30)
    mask = np.array([[0, 30, 31, 170, 255, 226]], np.uint8)
    ids, unknown, changed, distance = to_class_ids(mask, classes)
    # 255 is in the list, as ignored, and 226 is nearer to 200.
    assert ids.tolist() == [[0, 0, 255, 1, 255, 1]]
    assert unknown == {31: 1} and changed == 3 and distance == 30


def test_the_nearest_color_within_the_tolerance(read):
    classes = read('soil = 0 0 0\ncrop = 0 255 0\nweed = 255 0 0\n')
    classes = classes._replace(tolerance=default_tolerance(classes))
    assert classes.tolerance == 127.5
    mask = np.array([[[0, 0, 0], [3, 240, 9], [250, 4, 4], [0, 0, 255]]],
                    np.uint8)
    ids, unknown, changed, distance = to_class_ids(mask, classes)
    assert ids.tolist() == [[0, 1, 2, 255]] and changed == 2
    assert distance == pytest.approx((9 + 15**2 + 81)**.5)
    assert unknown == {255: 1}  # another class, not one that is near
    assert distance_to_classes(unknown, classes) == 255


def test_neighboring_ids_have_no_tolerance(read):
    assert default_tolerance(read('a\nb\n')) == .5


@pytest.mark.parametrize('values', [
    [[0, 5, 5], [7, 0, 5]], [[-3, 2**31], [-3, 0]], [[9]]])
def test_distinct_values_agree_with_numpy(values):
    mask = np.array(values)
    found, index, counts = distinct_values(mask)
    expected = np.unique(mask, return_counts=True)
    assert found.tolist() == expected[0].tolist()
    assert counts.tolist() == expected[1].tolist()
    np.testing.assert_array_equal(found[index], mask)


def test_many_colors_are_found_without_sorting_pixels():
    """Sorting the pixels of 60 such masks took minutes."""
    mask = np.random.default_rng(0).integers(
        0, 256, (1500, 2000, 3)).astype(np.uint8)
    start = time.perf_counter()
    values, _, counts = distinct_values(pack_colors(mask))
    assert time.perf_counter() - start < 1.5
    assert counts.sum() == 3_000_000 and len(values) > 2_000_000
