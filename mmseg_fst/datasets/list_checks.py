"""Checks of image lists, made before a training instead of in its midst."""
from collections.abc import Mapping
from os import path as osp

from mmengine.dataset import BaseDataset

_SIDES = ('labeled', 'unlabeled')


def _origin(side: BaseDataset) -> str:
    """Where the images of a side come from: its list or its folder."""
    return side.ann_file or side.data_prefix['img_path']


def _images(side: BaseDataset) -> list[str]:
    """Normalized paths of all images of a side."""
    return [
        osp.abspath(side.get_data_info(index)['img_path'])
        for index in range(len(side))
    ]


def check_labels_exist(side: BaseDataset) -> None:
    """Raise if an image of the labeled side has no label on disk.

    Args:
        side (BaseDataset): The labeled side.

    Raises:
        FileNotFoundError: If a label is missing.
    """
    for index in range(len(side)):
        info = side.get_data_info(index)
        label = info.get('seg_map_path')
        if label is None or not osp.isfile(label):
            raise FileNotFoundError(
                f'{info["img_path"]} is on the labeled side, but its label '
                f'{label} is missing. Add the label, take the image out of '
                f'{side.ann_file or "the folder"}, or move it to the '
                'unlabeled side. Whether labels are still to be converted '
                'says: python tools/check_data.py')


def check_images_exist(side: BaseDataset) -> None:
    """Raise if a list names an image that is not there.

    Folders are not looked at again: what they hold exists.

    Args:
        side (BaseDataset): Either side.

    Raises:
        FileNotFoundError: If an image is missing.
    """
    if not side.ann_file:
        return
    images = _images(side)
    missing = [image for image in images if not osp.isfile(image)]
    if missing:
        raise FileNotFoundError(
            f'{side.ann_file} names {len(images)} images, but '
            f'{len(missing)} of them are missing, first {missing[0]}. A line '
            'of a list is the path below img_path without the ending '
            f'{side.img_suffix!r}; tools/download_splits.sh writes published '
            'lists in that form. Correct the list, data_prefix or img_suffix.')


def check_counts(sides: Mapping[str, BaseDataset],
                 expected: Mapping[str, int]) -> None:
    """Raise if a side is not as long as the config says.

    A list of another fraction trains as well as the right one does, and its
    score would be entered in the wrong row of a table.

    Args:
        sides (Mapping[str, BaseDataset]): The sides by name.
        expected (Mapping[str, int]): Number of images by name of the side;
            that of a side that is left out is not used.

    Raises:
        ValueError: If a side has another number of (different) images, or a
            name is none of a side.
    """
    for name, count in expected.items():
        if name not in _SIDES:
            raise ValueError(f'expected: there is no side {name!r}, only '
                             f'{" and ".join(_SIDES)}.')
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


def check_disjoint(labeled: BaseDataset, unlabeled: BaseDataset) -> None:
    """Raise if an image is on both sides.

    Args:
        labeled (BaseDataset): The labeled side.
        unlabeled (BaseDataset): The unlabeled side.

    Raises:
        ValueError: If an image is on both sides.
    """
    both = sorted(set(_images(labeled)) & set(_images(unlabeled)))
    if both:
        raise ValueError(
            f'{len(both)} images are on both sides, first {both[0]}: '
            f'{_origin(labeled)} and {_origin(unlabeled)} overlap. Take both '
            'lists from one split (tools/make_splits.py draws some), or allow '
            'it with disjoint=False.')
