"""Names of images in class statistics."""
import posixpath
from collections.abc import Mapping, Sequence
from os import path as osp
from pathlib import PurePath

from .sides import Side, part_at


def name_in_folder(path: str) -> str:
    """Name of an image in class statistics.

    Folders belong to it: different images may have equal file names.

    Args:
        path (str): Path relative to the folder of the images.

    Returns:
        str: The path without the ending of the file, with slashes, such as
        ``'paris/0'``.
    """
    return PurePath(osp.splitext(path)[0]).as_posix()


def image_names(side: Side) -> list[str]:
    """Names of the images of a side in class statistics.

    Args:
        side (BaseDataset | ConcatDataset | RepeatDataset): The side.

    Returns:
        list[str]: A name for each item.

    Raises:
        ValueError: If different images have one name.
    """
    names: list[str] = []
    paths: dict[str, str] = {}
    for index in range(len(side)):
        part, place = part_at(side, index)
        path = osp.abspath(part.get_data_info(place)['img_path'])
        folder = osp.abspath(
            getattr(part, 'data_prefix', {}).get('img_path') or osp.curdir)
        name = name_in_folder(osp.relpath(path, folder))
        if paths.setdefault(name, path) != path:
            raise ValueError(
                'Class statistics count pixels by the name of an image, but '
                f'{paths[name]} and {path} are both {name!r}. Rename one of '
                'them, or do without statistics (rare_class_sampling=None).')
        names.append(name)
    return names


def counts_of(names: Sequence[str], pixels: Mapping[str, Mapping[str, int]],
              file: str) -> list[Mapping[str, int]]:
    """Find images in class statistics.

    Statistics may have been made from a folder above or below, or hold file
    names alone, as published ones do, if these are unique.

    Args:
        names (Sequence[str]): Names, see :func:`name_in_folder`.
        pixels (Mapping[str, Mapping[str, int]]): The statistics: pixels of
            each class by name.
        file (str): Their file, for messages.

    Returns:
        list[Mapping[str, int]]: The counts of each image.

    Raises:
        ValueError: If an image is not in the file, or cannot be told from
            another.
    """
    by_file: dict[str, list[str]] = {}
    for key in pixels:
        by_file.setdefault(posixpath.basename(key), []).append(key)
    counts: list[Mapping[str, int]] = []
    found: dict[str, str] = {}
    for name in names:
        keys = [name] if name in pixels else [
            key for key in by_file.get(posixpath.basename(name), ())
            if f'/{key}'.endswith(f'/{name}') or f'/{name}'.endswith(f'/{key}')
        ]
        if not keys:
            raise ValueError(f'{file} knows no image {name!r}. Make it anew '
                             'with: python tools/class_stats.py YOUR_CONFIG')
        other = found.setdefault(keys[0], name)
        if len(keys) > 1 or other != name:
            both = keys[:2] if len(keys) > 1 else [other, name]
            raise ValueError(
                f'{file} does not say which of {" and ".join(both)} has which '
                'classes: their file names are equal. Make it anew with: '
                'python tools/class_stats.py YOUR_CONFIG')
        counts.append(pixels[keys[0]])
    return counts
