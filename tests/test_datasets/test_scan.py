"""Data are checked before a run, and labels whenever they are read."""
import re
import threading

import cv2
import numpy as np
import pytest
from helpers import streets_cfg
from mmcv.transforms import BaseTransform
from PIL import Image

from mmseg_fst.datasets.label_checks import CheckLabel, check_labels_read
from mmseg_fst.datasets.scan import (
    Limits,
    _interleaved,
    class_problems,
    image_problems,
    scan_side,
)
from mmseg_fst.datasets.sides import build_side
from mmseg_fst.registry import DATASETS

CLASSES = ('road', 'sky', 'car')
META = dict(classes=CLASSES, palette=[[0, 0, 0], [9, 9, 9], [99, 9, 9]])


def data_cfg(root, count=3, ids=(0, 1, 2), image=None, size=(32, 48),
             steps=(), **options):
    """Write images and labels; the config of the data set."""
    rng = np.random.default_rng(0)
    for folder in ('images', 'labels'):
        (root / folder).mkdir(exist_ok=True)
    for index in range(count):
        pixels = rng.integers(0, 255, (32, 48, 3)) if image is None else (
            np.full((32, 48, 3), image))
        Image.fromarray(pixels.astype(np.uint8)).save(
            root / f'images/{index}.png')
        label = np.resize(np.repeat(np.array(ids, np.uint8), 8), size)
        Image.fromarray(label).save(root / f'labels/{index}.png')
    return dict(
        type='BaseSegDataset', metainfo=META, data_root=str(root),
        img_suffix='.png', seg_map_suffix='.png', serialize_data=False,
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        pipeline=[dict(type='LoadWholeImage'), dict(type='LoadAnnotations'),
                  *steps, dict(type='PackSegInputs')], **options)


def scan(cfg, limits=Limits(), scored=False):
    side = build_side('labeled', cfg)
    return scan_side('labeled side', side, limits, scored)


def test_good_data_have_no_problem(tmp_path):
    found = scan(data_cfg(tmp_path, ids=(0, 1, 2, 255)))
    assert found.total == len(found.items) == 3
    assert not image_problems(found) + class_problems(found, '')


def test_files_are_read_in_the_thread_that_forks_workers(
        tmp_path, monkeypatch):
    """A thread that ends may keep a lock of OpenCV, which a fork copies."""
    threads = set()
    read = cv2.imdecode

    def noted(*args):
        threads.add(threading.get_ident())
        return read(*args)

    monkeypatch.setattr(cv2, 'imdecode', noted)
    scan(data_cfg(tmp_path))
    assert threads == {threading.get_ident()}


def test_an_id_that_is_not_a_class_stops(tmp_path):
    with pytest.raises(ValueError) as error:
        scan(data_cfg(tmp_path, ids=(0, 128, 200)))
    message = str(error.value)
    assert 'labels/0.png holds the label ids [128, 200]' in message
    assert 'tools/new_task.py' in message


class Halve(BaseTransform):
    """A transform of a user, which makes ids of others."""

    def transform(self, results):
        results['gt_seg_map'] //= 100
        return results


def test_ids_that_a_transform_may_change_are_left_to_it(tmp_path):
    side = build_side('labeled', data_cfg(tmp_path, ids=(0, 100, 200)))
    side.pipeline.transforms.insert(2, Halve())
    found = scan_side('labeled side', side)
    assert not class_problems(found, '')
    check_labels_read(side)
    assert side[0]['data_samples'].gt_sem_seg.data.max() == 2


@pytest.mark.parametrize('ids, total, text', [
    ((0, 1), 300, r'labeled side: no pixel of car in all 3 labels\. Advice'),
    ((0, 1), 2, 'no pixel of car in the 2 of 3 labels that were read'),
    ((0, 255), 300, "no pixel of sky, car .*'NAME = 255'"),
    ((1, 2), 300, 'no pixel of road .*`reduce_zero_label=True`'),
])
def test_classes_without_a_label_are_named(tmp_path, ids, total, text):
    found = scan(data_cfg(tmp_path, ids=ids), Limits(total))
    problem, = class_problems(found, 'Advice.')
    assert re.search(text, problem)


@pytest.mark.parametrize('image, text', [
    (0, '3 of 3 images that were read have one value'),
    (np.arange(48)[None, :, None] % 20, '3 of 3 .*are nearly black'),
])
def test_images_that_show_nothing_are_named(tmp_path, image, text):
    found = scan(data_cfg(tmp_path, image=image))
    problem, = image_problems(found)
    assert 'images/0.png' in problem and '`stretch' in problem
    assert re.search(text, problem)


def test_labels_of_another_format_stop(tmp_path):
    with pytest.raises(ValueError, match='0.png is 48 x 32, its label .*'
                       'labels/0.png 32 x 48'):
        scan(data_cfg(tmp_path, size=(48, 32)))


def test_labels_of_half_the_size_fit_in_training_alone(tmp_path):
    cfg = data_cfg(tmp_path, size=(16, 24))
    scan(cfg)
    with pytest.raises(ValueError, match='Save the label at the size'):
        scan(cfg, scored=True)


def test_few_files_are_read(tmp_path):
    found = scan(data_cfg(tmp_path, count=9), Limits(5, 2))
    assert [item.path[-5] for item in found.items] == list('02468')
    assert sum(item.bright is not None for item in found.items) == 2
    short = scan(data_cfg(tmp_path, count=9), Limits(seconds=1e-9))
    assert len(short.items) == 1


def test_the_first_files_that_are_read_are_spread_over_all():
    assert _interleaved(8) == [0, 4, 2, 6, 1, 5, 3, 7]
    assert sorted(_interleaved(11)) == [*range(11)]


@pytest.mark.parametrize('ids, size, text', [
    ((0, 3), (32, 48), r'holds the label ids \[3\]'),
    ((0, 1), (16, 24), 'of different sizes: 48 x 32 and 24 x 16'),
])
def test_labels_are_checked_where_they_are_read(tmp_path, ids, size, text):
    data = DATASETS.build(dict(
        data_cfg(tmp_path, ids=ids, size=size), test_mode=True))
    data[0]
    for _ in range(2):
        check_labels_read(data)
    steps = data.pipeline.transforms
    assert sum(isinstance(step, CheckLabel) for step in steps) == 1
    with pytest.raises(ValueError, match=text):
        data[0]


def test_unlabeled_images_are_read_without_labels(streets):
    found = scan(streets_cfg(streets, 'camera', labeled=False))
    assert all(item.pixels is None for item in found.items)
    assert not class_problems(found, '') + image_problems(found)
