"""A folder of labeled and unlabeled images, and a finished call."""
import os
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import image_of
from PIL import Image

import mmseg_fst

CLASSES = ['road', 'car', 'sky']


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def make_data(root, labeled=6, unlabeled=4, size=(48, 64)):
    """Write ``mine/images``, ``mine/labels`` and ``photos``: three bands."""
    rng = np.random.default_rng(0)
    for index in range(labeled + unlabeled):
        label = np.arange(size[0])[:, None] // 16 % 3 + np.zeros(size, int)
        label = np.roll(label, 3 * index, 0).astype(np.uint8)
        image = image_of(rng, label)
        if index < labeled:
            save(root / f'mine/images/{index}.png', image)
            save(root / f'mine/labels/{index}.png', label)
        else:
            save(root / f'photos/{index}.png', image)
    return root


def arguments(root, **changes):
    """Arguments of a short call."""
    return {**dict(
        labeled=root / 'mine', unlabeled=root / 'photos', classes=CLASSES,
        out=root / 'out', weights='random', debug=True, progress=False,
        long_side=64), **changes}


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path)


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """A finished call, the folder of its data, and what was there before."""
    root = make_data(tmp_path_factory.mktemp('finished'))
    before = {path for path in root.rglob('*')}
    folder = os.getcwd()
    here = set(os.listdir())
    result = mmseg_fst.self_train(**arguments(root))
    assert os.getcwd() == folder and set(os.listdir()) == here
    return SimpleNamespace(root=root, result=result, before=before)
