"""From the labels of a data set to those that a network is trained on.

What the converters in ``tools/dataset_converters`` share.
"""
import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmseg.datasets import CityscapesDataset
from PIL import Image

from mmseg_fst.datasets.known_data import KNOWN_DATA, Split, list_files
from mmseg_fst.utils.files import (
    IGNORE,
    count_pixels,
    parallel_map,
    read_label,
    save_class_stats,
    save_label,
)
from mmseg_fst.utils.messages import one_message

# The ids of Cityscapes by train id; GTA has the same.
_CITYSCAPES_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27,
                   28, 31, 32, 33)
CITYSCAPES_TRAIN_IDS = {one: i for i, one in enumerate(_CITYSCAPES_IDS)}


class Label(NamedTuple):
    """A label to convert.

    Attributes:
        image (Path): The image that it belongs to.
        source (Path): The label as published.
        target (Path): The label to write.
    """
    image: Path
    source: Path
    target: Path


class Conversion(NamedTuple):
    """How the labels of a data set become train ids.

    Attributes:
        name (str): Name in ``KNOWN_DATA``.
        train_ids (Mapping[int, int]): Train id by id of the data set; ids
            that are not named are ignored in training.
        num_ids (int): The data set knows the ids 0 to ``num_ids - 1``.
        read (Callable): Reads a label map: path and cure to ids (H, W).
        fit_size (bool): Scale labels to the size of their image. Otherwise
            another size is an error.
        metainfo (Mapping): ``classes`` and ``palette`` by train id. Defaults
            to those of Cityscapes.
    """
    name: str
    train_ids: Mapping[int, int]
    num_ids: int
    read: Callable[[Path, str], np.ndarray] = read_label
    fit_size: bool = False
    metainfo: Mapping[str, Sequence] = CityscapesDataset.METAINFO


def to_train_ids(ids: np.ndarray, conversion: Conversion, path: Path,
                 cure: str) -> np.ndarray:
    """Turns ids of a data set into train ids.

    Args:
        ids: Ids of shape (H, W), an unsigned integer type.
        conversion: The data set.
        path: The file they come from, for the error message.
        cure: What to do about wrong ids; a sentence.

    Returns:
        Train ids of shape (H, W), uint8, 255 = ignore.

    Raises:
        ValueError: If the array is not two-dimensional or an id unknown.
    """
    if ids.ndim != 2 or ids.max() >= conversion.num_ids:
        raise ValueError(
            f'{path} has shape {ids.shape} and label ids up to {ids.max()}, '
            f'expected (H, W) and 0..{conversion.num_ids - 1}. {cure}')
    table = np.full(conversion.num_ids, IGNORE, np.uint8)
    table[list(conversion.train_ids)] = list(conversion.train_ids.values())
    return table[ids]


def _is_written(path: Path, label: np.ndarray) -> bool:
    """Whether a file holds this label map; False if it cannot be read."""
    try:
        return np.array_equal(read_label(path, ''), label)
    except (OSError, ValueError):
        return False


def convert_label(label: Label, conversion: Conversion,
                  cure: str) -> tuple[dict[str, int], bool]:
    """Converts one label map and writes it if it is not there yet.

    The source is read in any case, so that a finished run vouches for every
    label, and a file that holds something else is replaced.

    Args:
        label: The files.
        conversion: The data set.
        cure: What to do about missing or broken files; a sentence.

    Returns:
        Pixels per class, and whether the label had another size than its
        image.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is broken or does not fit.
    """
    train_ids = to_train_ids(
        conversion.read(label.source, cure), conversion, label.source, cure)
    try:
        with Image.open(label.image) as image:  # its head alone
            size = image.size
    except OSError as error:
        raise ValueError(
            f'{label.image} cannot be read ({error}). {cure}') from error
    differs = size != train_ids.shape[::-1]
    if differs and not conversion.fit_size:
        raise ValueError(f'{label.image} has size {size}, {label.source} has '
                         f'{train_ids.shape[::-1]}. {cure}')
    if differs:
        train_ids = np.asarray(
            Image.fromarray(train_ids).resize(size, Image.Resampling.NEAREST))
    if not _is_written(label.target, train_ids):
        save_label(label.target, train_ids, conversion.metainfo['palette'],
                   optimize=False)
    return count_pixels(
        train_ids, len(conversion.metainfo['classes'])), differs


def find_labels(root: Path, split: Split, allow_partial: bool,
                cure: str) -> list[Label]:
    """Finds the labels of a split and checks that none is missing.

    Args:
        root: Folder of the data set.
        split: The split.
        allow_partial: Be content with the labels that have an image.
        cure: What to do about missing files; a sentence.

    Returns:
        The labels, sorted.

    Raises:
        FileNotFoundError: If a folder is missing or files are, unless a part
            is allowed.
    """
    for files in (split.images, split.labels):
        if not (root / files.folder).is_dir() and not allow_partial:
            raise FileNotFoundError(
                f'There is no folder {root / files.folder}. {cure}')
    images = list_files(root, split.images)
    both = sorted(set(images) & set(list_files(root, split.labels)))
    if len(both) < split.count and not allow_partial:
        raise FileNotFoundError(
            f'{len(both)} of {split.count} images in '
            f'{root / split.images.folder} have a label in '
            f'{root / split.labels.folder}. {cure}, or give --allow-partial '
            'to convert what is there')
    return [
        Label(*(root / files.folder / f'{name}{files.suffix}'
                for files in (split.images, split.labels, split.converted)))
        for name in both
    ]


def convert(conversion: Conversion,
            root: Path,
            workers: int = 2,
            allow_partial: bool = False) -> None:
    """Converts a data set in place.

    Args:
        conversion: The data set.
        root: Its folder.
        workers: Number of threads. Defaults to 2.
        allow_partial: Convert a part of the data set. Defaults to False.

    Raises:
        FileNotFoundError: If files are missing.
        ValueError: If a file is broken or does not fit.
    """
    data = KNOWN_DATA[conversion.name]
    cure = f'Get {data.source} into {root}'
    splits = [
        find_labels(root, split, allow_partial, cure) for split in data.splits
    ]
    if not any(splits):
        raise FileNotFoundError(f'No image in {root} has a label. {cure}')
    work = partial(convert_label, conversion=conversion, cure=cure)
    results = [
        parallel_map(work, labels, workers, data.splits[index].images.folder)
        for index, labels in enumerate(splits)
    ]
    for labels, converted in zip(splits, results):
        _report(labels, [differs for _, differs in converted])
    pixels = {
        label.image.stem: counts
        for label, (counts, _) in zip(splits[0], results[0])
    }
    if pixels:  # written last: whoever finds it may rely on the rest
        save_class_stats(root / data.stats, conversion.metainfo['classes'],
                         pixels)


def _report(labels: Sequence[Label], differs: Sequence[bool]) -> None:
    """Names the labels that were scaled."""
    names = [label.source.name for label, one in zip(labels, differs) if one]
    if names:
        print(f'{len(names)} labels had another size than their image and '
              f'were scaled to it: {", ".join(names)}')


def make_parser(description: str, name: str) -> argparse.ArgumentParser:
    """Makes the command line of a converter that works in place.

    Args:
        description: The help.
        name: Name of the data set in ``KNOWN_DATA``.

    Returns:
        A parser of ``root`` and ``--allow-partial``.
    """
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path('data') / name
    parser.add_argument(
        'root',
        nargs='?',
        type=Path,
        default=default,
        help=f'folder of the data set (default: {default})')
    parser.add_argument(
        '--allow-partial',
        action='store_true',
        help='take the images that are there, even if some are missing')
    return parser


def run(conversion: Conversion, description: str,
        argv: Sequence[str] | None) -> None:
    """Converts a data set as the command line says.

    Args:
        conversion: The data set.
        description: The help of the program.
        argv: The arguments, or None for those of the process.

    Raises:
        SystemExit: If files are missing, broken or do not fit.
    """
    parser = make_parser(description, conversion.name)
    parser.add_argument(
        '--workers', type=int, default=2, help='threads (default: 2)')
    args = parser.parse_args(argv)
    with one_message():
        convert(conversion, args.root, args.workers, args.allow_partial)
    print(f'{args.root} is converted')
