"""Class lists: reading the file, and converting masks to train ids."""
import numpy as np
import pytest

from mmseg_fst.prepare.class_list import (
    format_value,
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
    ids, unknown = to_class_ids(np.array([[0, 1, 255, 7]], np.uint8), classes)
    assert ids.tolist() == [[0, 1, 255, 255]] and unknown == {7: 1}
    assert ids.dtype == np.uint8


def test_ids_are_merged_and_ignored(read):
    classes = read('road = 7\nvehicle = 1000, 1001\nignore = 0\n')
    assert not classes.plain and not classes.colored
    mask = np.array([[7, 1000, 1001, 0, 255]], np.uint16)
    ids, unknown = to_class_ids(mask, classes)
    assert ids.tolist() == [[0, 1, 1, 255, 255]] and not unknown


@pytest.mark.parametrize('value, kind', [
    (-1, np.int32), (-32768, np.int16), (65536, np.int32),
    (2**31 - 1, np.int32), (2**40, np.int64)])
def test_ids_outside_of_any_list_are_unknown(read, value, kind):
    """Without a table of that size: 2**40 entries would not fit."""
    classes = read('road\ncar\n')
    mask = np.array([[value, 0, 1, value]], kind)
    ids, unknown = to_class_ids(mask, classes)
    assert ids.tolist() == [[255, 0, 1, 255]] and unknown == {value: 2}


def test_a_value_just_above_the_list_is_unknown(read):
    classes = read('road = 300\ncar = 7\n')
    ids, unknown = to_class_ids(np.array([[301, 300, 7]], np.uint16), classes)
    assert ids.tolist() == [[255, 0, 1]] and unknown == {301: 1}


def test_255_may_be_a_class(read):
    classes = read('background = 0\nobject = 255\n')
    ids, unknown = to_class_ids(np.array([[0, 255]], np.uint8), classes)
    assert ids.tolist() == [[0, 1]] and not unknown


def test_colors(read):
    classes = read('road = 128 64 128\nsky = #4682b4\nignore = 0 0 0\n')
    assert classes.colored
    mask = np.array([[[128, 64, 128], [70, 130, 180], [0, 0, 0], [1, 2, 3]]],
                    np.uint8)
    ids, unknown = to_class_ids(mask, classes)
    assert ids.tolist() == [[0, 1, 255, 255]]
    (value, count), = unknown.items()
    assert count == 1 and format_value(value, True) == '1 2 3'


def test_an_ignored_id_beside_bare_names(read):
    classes = read('a\nb\nignore = 9\n')
    ids, unknown = to_class_ids(np.array([[0, 1, 9, 255]], np.uint8), classes)
    assert ids.tolist() == [[0, 1, 255, 255]] and not unknown


@pytest.mark.parametrize('text, words', [
    ('', 'must have 2 to 255 classes, got 0'),
    ('alone\n', 'classes, got 1'),
    ('a\na\n', "line 2.*'a'"),
    ('a\n = 3\n', 'line 2'),
    ('a = x\nb = 1\n', "line 1: 'x' is neither an id nor a color"),
    ('a = 1 2\nb = 1\n', "line 1: '1 2'"),
    ('a = 1 2 256\nb = 1 2 3\n', "line 1: '1 2 256'"),
    ('a = -1\nb = 1\n', "line 1: '-1'"),
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
