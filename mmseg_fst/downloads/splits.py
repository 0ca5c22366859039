"""Published splits of Pascal VOC and Cityscapes: download and check."""
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from mmseg_fst.datasets.known_data import PUBLISHED_LISTS
from mmseg_fst.utils.files import save_lines

from .fetch import at_mirror, download

SIDES = ('labeled', 'unlabeled')
#: Host of the lists.
RAW = 'https://raw.githubusercontent.com'


class Images(NamedTuple):
    """The training images of a data set.

    Attributes:
        total (int): Number of images.
        prefix (str): Prefix of the published paths that ids leave out.
        suffix (str): Suffix of the published paths that ids leave out.
    """
    total: int
    prefix: str
    suffix: str


IMAGES = dict(
    VOC2012=Images(10582, 'JPEGImages/', '.jpg'),
    cityscapes=Images(2975, 'leftImg8bit/train/', '_leftImg8bit.png'))
# Base address, and for each data set and number of labeled images a folder
# below it or a full address. Pinned to a commit, so lists cannot change.
_U2PL = (f'{RAW}/Haochen-Wang409/U2PL/'
         'ab3d2be313d4d6b2885e7a0213d4fce82a803b79/data/splits')
_STPP = (f'{RAW}/LiheYoung/UniMatch/'
         '0324f3dd4a22128105a5eb135d2586c0bb3cc647/splits')
# Diverse Co-training sampled one more split in the manner of ST++.
_DIVERSE = (f'{RAW}/williamium3000/diverse-cotraining/'
            '1c24d7de34d1af8cc05b1fb96d7285e37eb8a7de/partitions')
_VOC_HIGH_QUALITY = {
    count: f'pascal/{count}' for count in (92, 183, 366, 732, 1464)
}
SPLITS = dict(
    u2pl=(_U2PL, dict(
        VOC2012={
            **_VOC_HIGH_QUALITY,
            **{count: f'pascal/{count}' for count in (662, 1323, 2646, 5291)}
        },
        cityscapes={
            count: f'cityscapes/{count}' for count in (186, 372, 744, 1488)
        })),
    stpp=(_STPP, dict(
        VOC2012={
            **_VOC_HIGH_QUALITY, 331: f'{_DIVERSE}/pascal/1_32',
            662: 'pascal/1_16', 1323: 'pascal/1_8', 2646: 'pascal/1_4'
        },
        cityscapes={
            100: 'cityscapes/1_30', 186: 'cityscapes/1_16',
            372: 'cityscapes/1_8', 744: 'cityscapes/1_4',
            1488: 'cityscapes/1_2'
        })))
assert tuple(SPLITS) == PUBLISHED_LISTS


def to_ids(text: str, images: Images, origin: str) -> list[str]:
    """Convert a published list to ids.

    A line is an id, the path of an image, or the paths of an image and of its
    label.

    Args:
        text (str): The list.
        images (Images): Prefix and suffix of the paths.
        origin (str): Address or path of the list, for the error message.

    Returns:
        list[str]: The ids in the order of the list.

    Raises:
        ValueError: If a line has another format.
    """
    names = [line.split()[0] for line in text.splitlines() if line.strip()]
    ids = [name.removeprefix(images.prefix).removesuffix(images.suffix)
           for name in names]
    wrong = [name for name in ids if '.' in name or '<' in name]
    if wrong:
        raise ValueError(
            f'{origin} must be a list of images, got the line {wrong[0]!r}')
    return ids


def check_split(lists: Mapping[str, Sequence[str]], count: int, total: int,
                origin: str) -> None:
    """Check the two lists of a split.

    Args:
        lists (Mapping[str, Sequence[str]]): Ids by side.
        count (int): Number of labeled images.
        total (int): Number of all images.
        origin (str): Address or folder of the lists, for the error message.

    Raises:
        ValueError: If a list has the wrong length or repeats an image, or if
            an image is in both lists.
    """
    for side, expected in zip(SIDES, (count, total - count)):
        found = len(lists[side]), len(set(lists[side]))
        if found != (expected, expected):
            raise ValueError(
                f'{origin}/{side}.txt lists {found[0]} images ({found[1]} '
                f'different), expected {expected}')
    both = set(lists['labeled']) & set(lists['unlabeled'])
    if both:
        raise ValueError(f'{origin}: {len(both)} images are in both lists, '
                         f'such as {min(both)}')


def fetch_split(url: str, target: Path,
                images: Images) -> dict[str, list[str]]:
    """Download the two lists of a split.

    Args:
        url (str): Address of the folder of the lists.
        target (Path): Folder to store them in, for the error message.
        images (Images): The data set.

    Returns:
        dict[str, list[str]]: Ids by side.

    Raises:
        OSError: If they could not be downloaded.
        ValueError: If a file is not a list of images.
    """
    lists = {}
    with tempfile.TemporaryDirectory() as folder:
        for side in SIDES:
            part = Path(folder) / f'{side}.txt'
            try:
                download(f'{url}/{side}.txt', part)
            except OSError as error:
                raise OSError(
                    f'{error}. If you cannot reach this address, copy both '
                    f'lists to {target} by hand and run this again, or name '
                    'a mirror of the host with --mirror') from error
            lists[side] = to_ids(part.read_text(), images,
                                 f'{url}/{side}.txt')
    return lists


def get_split(url: str, folder: Path, count: int,
              images: Images) -> frozenset[str]:
    """Download a split, or check its existing lists.

    Args:
        url (str): Address of the folder of the lists.
        folder (Path): Folder to write to.
        count (int): Number of labeled images.
        images (Images): The data set.

    Returns:
        frozenset[str]: All images of the split.

    Raises:
        OSError: If it could not be downloaded.
        ValueError: If a list is wrong.
    """
    files = {side: folder / f'{side}.txt' for side in SIDES}
    exists = all(path.is_file() for path in files.values())
    if exists:  # may have been copied by hand, as published
        lists = {side: to_ids(path.read_text(), images, str(path))
                 for side, path in files.items()}
    else:
        lists = fetch_split(url, folder, images)
    check_split(lists, count, images.total,
                f'{folder} (remove it, and run this again)' if exists else url)
    for side, path in files.items():
        if not exists or path.read_text().split() != lists[side]:
            save_lines(path, lists[side])
    print(f'{folder}: {"already there" if exists else "done"}')
    return frozenset(lists['labeled'] + lists['unlabeled'])


def get_splits(families: Sequence[str], root: Path,
               mirror: Optional[str] = None) -> None:
    """Download all splits of some families.

    Args:
        families (Sequence[str]): Keys of ``SPLITS``.
        root (Path): Folder of all data sets.
        mirror (str, optional): See :func:`at_mirror`. Defaults to None.

    Raises:
        OSError: If a list could not be downloaded.
        ValueError: If a list is wrong.
    """
    for name, images in IMAGES.items():
        data = Path(os.environ.get(f'{name.upper()}_ROOT') or root / name)
        folders: dict[frozenset[str], Path] = {}
        for family in families:
            address, splits = SPLITS[family]
            for count, path in splits[name].items():
                folder = data / 'splits' / family / str(count)
                url = path if '://' in path else f'{address}/{path}'
                union = get_split(
                    at_mirror(url, mirror), folder, count, images)
                folders.setdefault(union, folder)
        if len(folders) > 1:
            raise ValueError('these splits must be of the same '
                             f'{images.total} images, but differ: '
                             f'{", ".join(map(str, folders.values()))}')
