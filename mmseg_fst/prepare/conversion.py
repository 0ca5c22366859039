"""Conversion of published labels to train ids.

Shared by the converters in ``tools/dataset_converters``.
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

# Ids of Cityscapes by train id; GTA uses the same ids.
_CITYSCAPES_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27,
                   28, 31, 32, 33)
CITYSCAPES_TRAIN_IDS = {
    label_id: train_id for train_id, label_id in enumerate(_CITYSCAPES_IDS)
}


class Label(NamedTuple):
    """A label to convert.

    Attributes:
        image (Path): The image of the label.
        source (Path): The published label.
        target (Path): The label to write.
    """
    image: Path
    source: Path
    target: Path


class Conversion(NamedTuple):
    """Conversion of the labels of a data set to train ids.

    Attributes:
        name (str): Name in ``KNOWN_DATA``.
        train_ids (Mapping[int, int]): Train id by id of the data set; other
            ids are ignored in training.
        num_ids (int): The ids of the data set are in [0, num_ids).
        read (Callable): Reads a label map: maps a path and a hint for error
            messages to ids (H, W).
        fit_size (bool): Whether to resize labels to the size of their image;
            otherwise another size is an error.
        metainfo (Mapping): ``classes`` and ``palette`` by train id. Defaults
            to Cityscapes.
    """
    name: str
    train_ids: Mapping[int, int]
    num_ids: int
    read: Callable[[Path, str], np.ndarray] = read_label
    fit_size: bool = False
    metainfo: Mapping[str, Sequence] = CityscapesDataset.METAINFO


def to_train_ids(ids: np.ndarray, conversion: Conversion, path: Path,
                 hint: str) -> np.ndarray:
    """Convert ids of a data set to train ids.

    Args:
        ids (np.ndarray): Ids of shape (H, W), of an unsigned integer type.
        conversion (Conversion): The conversion of the data set.
        path (Path): File of the ids, for error messages.
        hint (str): Sentence that ends an error message: how to fix it.

    Returns:
        np.ndarray: Train ids of shape (H, W), uint8, 255 = ignore.

    Raises:
        ValueError: If the array is not two-dimensional or an id is unknown.
    """
    if ids.ndim != 2 or ids.max() >= conversion.num_ids:
        raise ValueError(
            f'{path} has shape {ids.shape} and label ids up to {ids.max()}, '
            f'expected (H, W) and 0..{conversion.num_ids - 1}. {hint}')
    table = np.full(conversion.num_ids, IGNORE, np.uint8)
    table[list(conversion.train_ids)] = list(conversion.train_ids.values())
    return table[ids]


def _is_written(path: Path, label: np.ndarray) -> bool:
    """Whether a file contains this label map; False if unreadable."""
    try:
        return np.array_equal(read_label(path, ''), label)
    except (OSError, ValueError):
        return False


def convert_label(label: Label, conversion: Conversion,
                  hint: str) -> tuple[dict[str, int], bool]:
    """Convert one label map and write it unless it exists already.

    The source is always read, so that a successful run verifies every label;
    a file with other content is replaced.

    Args:
        label (Label): The files.
        conversion (Conversion): The conversion of the data set.
        hint (str): Sentence that ends an error message: how to fix it.

    Returns:
        tuple[dict[str, int], bool]: Number of pixels per class, and whether
        the sizes of label and image differed.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is broken or has a wrong size.
    """
    train_ids = to_train_ids(
        conversion.read(label.source, hint), conversion, label.source, hint)
    try:
        with Image.open(label.image) as image:  # reads only the header
            size = image.size
    except OSError as error:
        raise ValueError(
            f'{label.image} cannot be read ({error}). {hint}') from error
    differs = size != train_ids.shape[::-1]
    if differs and not conversion.fit_size:
        raise ValueError(f'{label.image} has size {size}, but {label.source} '
                         f'has {train_ids.shape[::-1]}. {hint}')
    if differs:
        train_ids = np.asarray(
            Image.fromarray(train_ids).resize(size, Image.Resampling.NEAREST))
    if not _is_written(label.target, train_ids):
        save_label(label.target, train_ids, conversion.metainfo['palette'],
                   optimize=False)
    return count_pixels(
        train_ids, len(conversion.metainfo['classes'])), differs


def find_labels(root: Path, split: Split, allow_partial: bool,
                hint: str) -> list[Label]:
    """Find the labels of a split and check that none is missing.

    Args:
        root (Path): Folder of the data set.
        split (Split): The split.
        allow_partial (bool): Accept missing images and labels.
        hint (str): Sentence that ends an error message: how to fix it.

    Returns:
        list[Label]: The labels, sorted.

    Raises:
        FileNotFoundError: If a folder or a file is missing, unless
            ``allow_partial`` is set.
        ValueError: If the split has no labels to convert.
    """
    labels, converted = split.labels, split.converted
    if labels is None or converted is None:
        raise ValueError(f'The split of {split.images.folder} has no labels '
                         'to convert. Give it labels and converted files.')
    for files in (split.images, labels):
        if not (root / files.folder).is_dir() and not allow_partial:
            raise FileNotFoundError(
                f'There is no folder {root / files.folder}. {hint}')
    images = list_files(root, split.images)
    both = sorted(set(images) & set(list_files(root, labels)))
    if len(both) < split.count and not allow_partial:
        raise FileNotFoundError(
            f'{len(both)} of {split.count} images in '
            f'{root / split.images.folder} have a label in '
            f'{root / labels.folder}. {hint}, or add --allow-partial '
            'to convert the existing files')
    return [
        Label(*(root / files.folder / f'{name}{files.suffix}'
                for files in (split.images, labels, converted)))
        for name in both
    ]


def convert(conversion: Conversion,
            root: Path,
            workers: int = 2,
            allow_partial: bool = False) -> None:
    """Convert a data set in place.

    Args:
        conversion (Conversion): The conversion of the data set.
        root (Path): Folder of the data set.
        workers (int): Number of threads. Defaults to 2.
        allow_partial (bool): Accept missing files. Defaults to False.

    Raises:
        FileNotFoundError: If files are missing.
        ValueError: If a file is broken or has a wrong size.

    Example:
        >>> convert(Conversion("gta", CITYSCAPES_TRAIN_IDS, num_ids=35),
        ...         Path('data/gta'))
    """
    data = KNOWN_DATA[conversion.name]
    hint = f'Get {data.source} into {root}'
    splits = [
        find_labels(root, split, allow_partial, hint) for split in data.splits
    ]
    if not any(splits):
        raise FileNotFoundError(f'No image in {root} has a label. {hint}')
    work = partial(convert_label, conversion=conversion, hint=hint)
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
    if pixels:  # written last: its existence proves that the rest is complete
        save_class_stats(root / data.stats, conversion.metainfo['classes'],
                         pixels)


def _report(labels: Sequence[Label], differs: Sequence[bool]) -> None:
    """Print the labels that were resized."""
    names = [
        label.source.name for label, resized in zip(labels, differs) if resized
    ]
    if names:
        print(f'{len(names)} labels had another size than their image and '
              f'were resized to it: {", ".join(names)}')


def make_parser(description: str, name: str) -> argparse.ArgumentParser:
    """Make the command line of a converter that works in place.

    Args:
        description (str): Help text of the program.
        name (str): Name of the data set in ``KNOWN_DATA``.

    Returns:
        argparse.ArgumentParser: A parser with ``root`` and
        ``--allow-partial``.
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
        help='convert the existing images, even if some are missing')
    return parser


def run(conversion: Conversion, description: str,
        argv: Sequence[str] | None) -> None:
    """Convert a data set with the options of the command line.

    Args:
        conversion (Conversion): The conversion of the data set.
        description (str): Help text of the program.
        argv (Sequence[str], optional): The arguments, or None for the
            arguments of the process.

    Raises:
        SystemExit: If files are missing, broken or of a wrong size.
    """
    parser = make_parser(description, conversion.name)
    parser.add_argument(
        '--workers', type=int, default=2, help='threads (default: 2)')
    args = parser.parse_args(argv)
    with one_message():
        convert(conversion, args.root, args.workers, args.allow_partial)
    print(f'{args.root} is converted')
