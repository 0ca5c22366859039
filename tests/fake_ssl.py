"""Tiny data for semi-supervised training: Pascal VOC, CCP and splits."""
from pathlib import Path

import numpy as np
from helpers import image_of, load_tool, make_camvid, random_label, save_pair
from PIL import Image
from scipy.io import savemat

from mmseg_fst.downloads.splits import SPLITS
from mmseg_fst.utils.files import IGNORE, save_label, save_lines

SIZE = (72, 128)


def half(names):
    """Split names into a labeled and an unlabeled part."""
    return names[:len(names) // 2], names[len(names) // 2:]


def write_published_lists(root, name, names):
    """Write all published splits of a data set, with half of the images."""
    for family, (_, by_data) in SPLITS.items():
        for count in by_data[name]:
            folder = Path(root) / 'splits' / family / str(count)
            for side, part in zip(('labeled', 'unlabeled'), half(names)):
                save_lines(folder / f'{side}.txt', part)


def write_seeded_lists(root, names, fractions=(16, 8, 4), seeds=3):
    """Write the random splits of CamVid or CCP, with half of the images."""
    for fraction in fractions:
        for seed in range(seeds):
            stem = f'train_1_{fraction}_seed{seed}'
            for side, part in zip(('labelled', 'unlabelled'), half(names)):
                save_lines(Path(root) / 'splits' / f'{stem}_{side}.txt', part)


def save_mat(path, label):
    """Write a label in the format of SBD."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ids = np.unique(label)
    savemat(path, dict(GTcls=dict(
        Boundaries=np.zeros((20, 1)), Segmentation=label,
        CategoriesPresent=ids[ids > 0])), do_compression=True)


def write_voc2012(root, train=4, val=2, size=SIZE, seed=0):
    """Write the files that VOC and SBD publish.

    Odd images of the training split are labeled only by SBD. SBD also labels
    the other images and the validation images, slightly differently.
    """
    root, rng = Path(root), np.random.default_rng(seed)
    palette = load_tool('dataset_converters/voc_aug.py').METAINFO['palette']
    names = [f'2007_{index:06d}' for index in range(train + val)]
    for index, name in enumerate(names):
        label = random_label(rng, size, 21)
        photo = root / 'JPEGImages' / f'{name}.jpg'
        photo.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image_of(rng, label)).save(photo)
        if index >= train or index % 2 == 0:
            save_label(root / 'SegmentationClass' / f'{name}.png', label,
                       palette)
        label[label == IGNORE] = 0
        save_mat(root / f'benchmark_RELEASE/dataset/cls/{name}.mat', label)
    lists = root / 'ImageSets' / 'Segmentation'
    save_lines(lists / 'train.txt', names[:train:2])
    save_lines(lists / 'val.txt', names[train:])
    return names[:train]


def make_voc2012(root, **options):
    """Pascal VOC 2012 + SBD, converted, with all published splits."""
    root = Path(root)
    names = write_voc2012(root, **options)
    load_tool('dataset_converters/voc_aug.py').convert(
        root, root / 'benchmark_RELEASE', allow_partial=True)
    write_published_lists(root, 'VOC2012', names)
    return root


def make_camvid_ssl(root, train=4, val=2, size=SIZE, seed=0):
    """CamVid with random splits for semi-supervised training."""
    root = make_camvid(root, train, val, size, seed)
    write_seeded_lists(root, [f'train_{i:03d}' for i in range(train)])
    return root


def make_ccp(root, train=4, val=2, extra=2, size=(96, 64), seed=0):
    """Clothing Co-Parsing, with additional photos without labels."""
    root = make_camvid(root, train, val, size, seed, num_classes=12)
    write_seeded_lists(root, [f'train_{i:03d}' for i in range(train)],
                      (32, 16, 8, 4, 2))
    rng = np.random.default_rng(seed)
    names = [f'extra_{index:03d}' for index in range(extra)]
    for name in names:
        save_pair(rng, root / 'images' / f'{name}.jpg', None, size)
    save_lines(root / 'splits' / 'unlabelled_extra.txt', names)
    return root
