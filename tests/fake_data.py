"""Tiny data sets in the layout and formats of the real data sets.

Each function writes files in their published form, runs the converter if there
is one, and leaves a folder that the base config can use, including class
statistics. Images are random. The left half of each image is of one class, so
that rare-class sampling finds images with enough pixels of a class.
"""
from pathlib import Path

import cv2
import numpy as np
from fake_ssl import make_ccp, make_voc2012, write_published_lists
from helpers import IGNORE, image_of, load_tool, random_label
from mmseg.datasets import CityscapesDataset
from PIL import Image

from mmseg_fst.datasets.known_data import KNOWN_DATA
from mmseg_fst.prepare.conversion import convert

PALETTE = CityscapesDataset.METAINFO['palette']
SIZE = (72, 128)
CONDITIONS = ('fog', 'night', 'rain', 'snow')


def sample_label(rng, ids, size, ignored=0):
    """Make a label map of random ids, with some pixels without a class."""
    label = random_label(rng, size, len(ids))
    label[:, :size[1] // 2] = rng.integers(len(ids))
    table = np.full(256, ignored, np.uint8)
    table[:len(ids)] = ids
    return table[label]


def save_image(path, rng, label):
    """Write an image of a label."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image_of(rng, label)).save(path)


def save_gray(path, label):
    """Write a label as a gray PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(label).save(path)


def save_paletted(path, label):
    """Write a label as a paletted PNG, as in GTA and Mapillary."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(label).convert('P')
    image.frombytes(label.tobytes())
    image.putpalette(np.ravel(PALETTE).tolist())
    image.save(path)


def save_synthia(path, label):
    """Write ids and instances to the first two of three 16-bit channels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = np.zeros((*label.shape, 3), np.uint16)
    channels[..., 2] = label  # OpenCV writes the last channel first
    channels[..., 1] = 1000 + np.arange(label.shape[1])
    cv2.imwrite(str(path), channels)


def write_split(root, split, names, ids, size, seed, save=save_gray):
    """Write images and labels of a split; names may contain subfolders."""
    rng = np.random.default_rng(seed)
    ignored = IGNORE if save is save_gray and ids == range(19) else 0
    for name in names:
        label = sample_label(rng, list(ids), size, ignored)
        images, labels = split.images, split.labels
        save_image(root / images.folder / f'{name}{images.suffix}', rng,
                   label)
        if labels:
            save(root / labels.folder / f'{name}{labels.suffix}', label)


def make_gta(root, count=4, size=SIZE, seed=0):
    """GTA: ``images/00001.png``, paletted ``labels/00001.png``."""
    root = Path(root)
    conversion = load_tool('dataset_converters/gta.py').GTA
    names = [f'{index + 1:05d}' for index in range(count)]
    write_split(root, KNOWN_DATA['gta'].splits[0], names,
                conversion.train_ids, size, seed, save_paletted)
    convert(conversion, root, allow_partial=True)
    return root


def make_synthia(root, count=4, size=SIZE, seed=0):
    """SYNTHIA: ``RGB/0000000.png``, ``GT/LABELS`` with 16-bit channels."""
    root = Path(root)
    conversion = load_tool('dataset_converters/synthia.py').SYNTHIA
    ids = [index for index, train_id in conversion.train_ids.items()
           if train_id not in (9, 14, 16)]
    write_split(root, KNOWN_DATA['synthia'].splits[0],
                [f'{index:07d}' for index in range(count)], ids, size, seed,
                save_synthia)
    convert(conversion, root, allow_partial=True)
    return root


def make_cityscapes(root, train=4, val=2, size=SIZE, seed=0):
    """Cityscapes: folders of cities, labels, and all published splits."""
    root = Path(root)
    conversion = load_tool('dataset_converters/cityscapes.py').CITYSCAPES
    splits = KNOWN_DATA['cityscapes'].splits
    for split, city, count in zip(splits, ('aachen', 'lindau'), (train, val)):
        names = [f'{city}/{city}_000000_{i:06d}' for i in range(count)]
        write_split(root, split, names, conversion.train_ids, size,
                    (seed, count), save_gray)
    convert(conversion, root, allow_partial=True)
    write_published_lists(
        root, 'cityscapes',
        [f'aachen/aachen_000000_{i:06d}' for i in range(train)])
    return root


def make_acdc(root, train=4, val=4, size=SIZE, seed=0):
    """ACDC: sorted by condition, then linked by split."""
    root = Path(root)
    tool = load_tool('dataset_converters/acdc.py')
    for split, count in zip(KNOWN_DATA['acdc'].splits, (train, val)):
        part = Path(split.images.folder).name
        for index in range(count):
            condition = CONDITIONS[index % len(CONDITIONS)]
            raw = split._replace(
                images=split.images._replace(
                    folder=f'rgb_anon/{condition}/{part}'),
                labels=split.labels._replace(folder=f'gt/{condition}/{part}'))
            name = f'GOPR0475/GOPR0475_{condition}_{part}_{index:06d}'
            write_split(root, raw, [name], range(19), size, (seed, index))
    tool.link(root, allow_partial=True)
    return root


def make_dark_zurich(root, train=4, val=2, size=SIZE, seed=0):
    """Dark Zurich: unlabeled night images, a labeled validation set."""
    root = Path(root)
    folders = ('GOPR0351', 'night/GOPR0356')
    splits = KNOWN_DATA['dark_zurich'].splits
    for split, folder, count in zip(splits, folders, (train, val)):
        names = [f'{folder}/{Path(folder).name}_frame_{index:06d}'
                 for index in range(count)]
        write_split(root, split, names, range(19), size, (seed, count))
    return root


def make_bdd100k(root, train=4, val=2, size=SIZE, seed=0):
    """BDD100K: the 10k images and their masks."""
    root = Path(root)
    splits = KNOWN_DATA['bdd100k'].splits
    for split, prefix, count in zip(splits, '07', (train, val)):
        names = [f'{prefix}a0a0a0a-{index:08x}' for index in range(count)]
        write_split(root, split, names, range(19), size, (seed, count))
    return root


def make_mapillary(root, train=4, val=2, size=SIZE, seed=0):
    """Mapillary Vistas: paletted labels of version 1.2."""
    root = Path(root)
    conversion = load_tool('dataset_converters/mapillary.py').MAPILLARY
    splits = KNOWN_DATA['mapillary'].splits
    for split, prefix, count in zip(splits, 'tv', (train, val)):
        names = [f'{prefix}Qw-{index:018d}' for index in range(count)]
        write_split(root, split, names, conversion.train_ids, size,
                    (seed, count), save_paletted)
    convert(conversion, root, allow_partial=True)
    return root


MAKERS = dict(
    gta=make_gta,
    synthia=make_synthia,
    cityscapes=make_cityscapes,
    acdc=make_acdc,
    dark_zurich=make_dark_zurich,
    bdd100k=make_bdd100k,
    mapillary=make_mapillary,
    ccp=make_ccp,
    VOC2012=make_voc2012)
