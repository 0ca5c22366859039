"""Checks of image lists, made before a training instead of in its midst."""
from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from os import path as osp
from typing import Union

from .sides import LABELED, UNLABELED, Side, parts_of


def _origin(side: Side) -> str:
    """Where the images of a side come from: its lists or its folders."""
    return ' and '.join(part.ann_file or part.data_prefix['img_path']
                        for part in parts_of(side))


def _images(side: Side) -> list[str]:
    """Normalized paths of all images of a side; a repeated one counts once."""
    return [
        osp.abspath(part.get_data_info(index)['img_path'])
        for part in parts_of(side) for index in range(len(part))
    ]


def check_labels_exist(side: Side, name: str = LABELED) -> None:
    """Raise if an image of a side with labels has no label on disk.

    Args:
        side (BaseDataset | ConcatDataset | RepeatDataset): The side.
        name (str): Its name. Defaults to ``'labeled'``.

    Raises:
        FileNotFoundError: If a label is missing.
    """
    for part in parts_of(side):
        for index in range(len(part)):
            info = part.get_data_info(index)
            label = info.get('seg_map_path')
            if label is None or not osp.isfile(label):
                raise FileNotFoundError(
                    f'{info["img_path"]} is on the {name} side, but its label '
                    f'{label} is missing. Add the label, take the image out '
                    f'of {part.ann_file or "the folder"}, or move it to the '
                    'unlabeled side. Whether labels are still to be converted '
                    'says: python tools/check_data.py')


def check_images_exist(side: Side, name: str = LABELED) -> None:
    """Raise if a list names an image that is not there.

    Folders are not read again: what they contain exists.

    Args:
        side (BaseDataset | ConcatDataset | RepeatDataset): Any side.
        name (str): Its name. Defaults to ``'labeled'``.

    Raises:
        FileNotFoundError: If an image is missing.
    """
    for part in parts_of(side):
        if not part.ann_file:
            continue
        images = _images(part)
        missing = [image for image in images if not osp.isfile(image)]
        if missing:
            raise FileNotFoundError(
                f'{part.ann_file} of the {name} side names {len(images)} '
                f'images, but {len(missing)} of them are missing, first '
                f'{missing[0]}. A line of a list is the path below img_path '
                f'without the ending {part.img_suffix!r}; '
                'tools/download_splits.sh writes published lists in that '
                'form. Correct the list, data_prefix or img_suffix.')


def check_counts(sides: Mapping[str, Side], expected: Mapping[str, int],
                 known: Collection[str] = ()) -> None:
    """Raise if a side is not as long as the config says.

    A list of another fraction trains as well as the right one does, and its
    score would be entered in the wrong row of a table.

    Args:
        sides (Mapping[str, Side]): The sides by name.
        expected (Mapping[str, int]): Number of images by name of the side,
            repetitions not counted; that of a side that is left out is not
            used.
        known (Collection[str]): Names of sides that are left out, beside
            the labeled and the unlabeled one. Defaults to ().

    Raises:
        ValueError: If a side has another number of (different) images, or a
            name is not that of a side.
    """
    names = dict.fromkeys([LABELED, UNLABELED, *sides, *known])
    for name, count in expected.items():
        if name not in names:
            raise ValueError(f'expected: there is no side {name!r}, only '
                             f'{" and ".join(names)}.')
        if name not in sides:  # training on labels alone
            continue
        images = _images(sides[name])
        found = len(images), len(set(images))
        if found != (count, count):
            raise ValueError(
                f'The {name} side has {found[0]} images ({found[1]} '
                f'different) by {_origin(sides[name])}, but the config '
                f'expects {count}: this is the list of another split. Set '
                f'`ann_file` to the list of {count} images, or, for a split '
                f"of your own, expected=dict({name}={found[1]}).")


def check_disjoint(sides: Mapping[str, Side],
                   disjoint: Union[bool, Sequence[Sequence[str]]]) -> None:
    """Raise if an image is on two sides that must not overlap.

    Args:
        sides (Mapping[str, Side]): The sides by name.
        disjoint (bool | Sequence[Sequence[str]]): Pairs of names; True means
            all pairs, False none. A pair with a side that is left out is not
            checked.

    Raises:
        ValueError: If an image is on both sides of a pair.
    """
    if disjoint is False:
        return
    pairs = combinations(sides, 2) if disjoint is True else disjoint
    for first, second in pairs:
        if first not in sides or second not in sides:
            continue
        side, other = sides[first], sides[second]
        both = sorted(set(_images(side)) & set(_images(other)))
        if both:
            raise ValueError(
                f'{len(both)} images are on both sides, {first} and {second}, '
                f'first {both[0]}: {_origin(side)} and {_origin(other)} '
                'overlap. Take both lists from one split '
                '(tools/make_splits.py writes some), or allow it with '
                'disjoint=False.')
