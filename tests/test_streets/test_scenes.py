"""Tests of the included data set 'streets'."""
import json
import os
import os.path as osp

import cv2
import numpy as np
import pytest

from mmseg_fst.streets.scenes import (
    CLASSES,
    DOMAINS,
    PALETTE,
    make_streets,
    render_image,
)

SMALL = (96, 48)


def read_tree(folder) -> dict:
    """Content of every file under a folder, by relative path."""
    content = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = osp.join(place, name)
            with open(path, 'rb') as file:
                content[osp.relpath(path, folder)] = file.read()
    return content


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """A small data set, written by one process."""
    out = tmp_path_factory.mktemp('streets')
    make_streets(str(out), train=5, val=2, size=SMALL, workers=1)
    return out


@pytest.fixture(scope='module')
def shares():
    """Share of every class in 30 images of either domain, (2, 11)."""
    counts = np.zeros((2, 256))
    for row, domain in zip(counts, DOMAINS):
        for index in range(30):
            label = render_image(domain, 'train', index, SMALL)[1]
            row += np.bincount(label.ravel(), minlength=256)
    return counts[:, :len(CLASSES)] / counts.sum(axis=1, keepdims=True)


def test_layout(made):
    names = set(read_tree(made))
    for domain in DOMAINS:
        assert f'{domain}/class_stats_train.json' in names
        for split, count in (('train', 5), ('val', 2)):
            for index in range(count):
                stem = f'{split}/{domain}_{index:06d}'
                assert f'{domain}/leftImg8bit/{stem}_leftImg8bit.jpg' in names
                assert (f'{domain}/gtFine/{stem}_gtFine_labelTrainIds.png'
                        in names)
    assert len(names) == 2 * (2 + 2 * 7)


def test_images_and_labels_match(made):
    for domain in DOMAINS:
        folder = made / domain
        for path in (folder / 'leftImg8bit').rglob('*.jpg'):
            label_path = folder / 'gtFine' / path.parent.name / (
                path.name.replace('leftImg8bit.jpg',
                                  'gtFine_labelTrainIds.png'))
            image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            label = cv2.imread(str(label_path), cv2.IMREAD_UNCHANGED)
            assert image.shape == (*SMALL[::-1], 3)
            assert label.shape == SMALL[::-1] and label.dtype == np.uint8
            assert set(np.unique(label)) <= {*range(len(CLASSES)), 255}


def test_class_stats(made):
    path = made / 'camera' / 'class_stats_train.json'
    stats = json.loads(path.read_text())
    assert stats['classes'] == list(CLASSES) and len(PALETTE) == len(CLASSES)
    images = (made / 'camera' / 'leftImg8bit' / 'train').iterdir()
    # Keys for rare class sampling.
    assert list(stats['pixels']) == sorted(
        image.stem for image in images)
    label = render_image('camera', 'train', 3, SMALL)[1]
    assert stats['pixels']['camera_000003_leftImg8bit'] == {
        str(index): int((label == index).sum())
        for index in np.unique(label) if index < 255}


def test_workers_do_not_matter(made, tmp_path):
    make_streets(str(tmp_path), train=5, val=2, size=SMALL, workers=2)
    assert read_tree(tmp_path) == read_tree(made)


def test_a_run_is_completed(made, tmp_path):
    settings = dict(domains=['camera'], train=5, val=2, size=SMALL,
                    workers=1)
    make_streets(str(tmp_path), **settings)
    images = tmp_path / 'camera' / 'leftImg8bit'
    labels = tmp_path / 'camera' / 'gtFine'
    cut = images / 'train' / 'camera_000001_leftImg8bit.jpg'
    cut.write_bytes(cut.read_bytes()[:-40])
    (labels / 'val' / 'camera_000001_gtFine_labelTrainIds.png').unlink()
    intact = images / 'train' / 'camera_000000_leftImg8bit.jpg'
    before = intact.stat().st_mtime_ns
    make_streets(str(tmp_path), **settings)
    assert intact.stat().st_mtime_ns == before
    assert read_tree(tmp_path / 'camera') == read_tree(made / 'camera')


def test_another_recipe_is_refused(made):
    with pytest.raises(ValueError, match='was rendered with'):
        make_streets(str(made), train=5, val=2, size=SMALL, seed=1)
    with pytest.raises(ValueError, match='must contain 4 images, got 5'):
        make_streets(str(made), train=4, val=2, size=SMALL, workers=1)


@pytest.mark.parametrize('wrong', [
    dict(domains=['photo']), dict(train=-1), dict(size=(16, 16)),
    dict(seed=-1), dict(workers=0)])
def test_wrong_arguments(tmp_path, wrong):
    with pytest.raises(ValueError):
        make_streets(str(tmp_path / 'new'), **wrong)
    assert not (tmp_path / 'new').exists()


def test_images_differ():
    images = [render_image(*key, size=SMALL, seed=seed)[0].tobytes()
                for key in (('camera', 'train', 0), ('camera', 'train', 1),
                            ('camera', 'val', 0), ('rendered', 'train', 0))
                for seed in (0, 1)]
    assert len(set(images)) == len(images)


def test_every_class_appears(shares):
    assert (shares > 1e-3).all()
    rare = [CLASSES.index(name) for name in ('pole', 'sign', 'person',
                                             'bicycle')]
    assert (shares[:, rare] < .04).all()
    assert (shares.sum(axis=1) > .99).all()


def test_domains_share_their_statistics(shares):
    ratio = shares[0] / shares[1]
    assert ((ratio > .4) & (ratio < 2.5)).all()
    assert np.abs(shares[0] - shares[1]).max() < .06


def test_labels_fit_images():
    # Sky is flat in rendered images, so its edge is where colors change.
    image, label, _ = render_image('rendered', 'train', 0)
    sky = label == CLASSES.index('sky')
    inner = cv2.erode(sky.astype(np.uint8), np.ones((3, 3))) > 0
    slope = np.abs(np.diff(image.astype(int), axis=1)).max(axis=2)
    assert slope[inner[:, :-1] & inner[:, 1:]].max() <= 2
