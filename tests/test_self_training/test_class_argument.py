"""Classes as values of Python."""
import numpy as np
import pytest

from mmseg_fst.prepare.class_list import read_class_list
from mmseg_fst.self_training import SelfTrainError
from mmseg_fst.self_training.class_argument import class_text


@pytest.mark.parametrize('classes, text', [
    (['road', 'sky'], 'road\nsky'),
    (('road', ' sky '), 'road\nsky'),
    ({'road': 0, 'sky': 255}, 'road = 0\nsky = 255'),
    ({'a': [1, np.uint8(2)], 'b': range(128, 256)}, 'a = 1, 2\nb = 128-255'),
    ({'a': (1, 2), 'b': 3}, 'a = 1, 2\nb = 3'),
    ({'a': (1, 2, 3), 'b': '#aabbcc'}, 'a = 1 2 3\nb = #aabbcc'),
    ({'a': [(1, 2, 3), (4, 5, 6)], 'ignore': (0, 0, 0)},
     'a = 1 2 3, 4 5 6\nignore = 0 0 0'),
    (None, None),
])
def test_classes_become_a_class_list(classes, text):
    assert class_text(classes) == text


def test_a_mapping_is_read_back(tmp_path):
    path = tmp_path / 'classes.txt'
    path.write_text(class_text({'a': [3, 5], 'b': range(7, 9), 'ignore': 2}))
    classes = read_class_list(path)
    assert classes.names == ('a', 'b')
    assert classes.values == {3: 0, 5: 0, 7: 1, 8: 1, 2: 255, 255: 255}


def test_a_file_is_read(tmp_path):
    path = tmp_path / 'classes.txt'
    path.write_text('road = 1\nsky = 2\n')
    assert class_text(path) == class_text(str(path)) == 'road = 1\nsky = 2'


@pytest.mark.parametrize('classes, message', [
    (['road', 3], '3 cannot be the name'), (['a', ''], "'' cannot be"),
    (['a=1', 'b'], "'a=1' cannot be"), ({'a': None}, "None of 'a'"),
    ({'a': 1.5}, "1.5 of 'a'"), ({'a': []}, "'a' has no value"),
    ({'a': True}, "True of 'a'"), (3, 'Got int'),
    ('missing.txt', 'missing.txt cannot be read'),
])
def test_other_values_are_refused(classes, message):
    with pytest.raises(SelfTrainError, match=message) as caught:
        class_text(classes)
    assert 'a list of names' in str(caught.value)
