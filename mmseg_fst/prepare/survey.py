"""A look at every file of a user's own data, before anything is written."""
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np
from PIL import Image

from mmseg_fst.utils.files import (
    IGNORE,
    count_pixels,
    parallel_map,
    read_image,
)

from .class_list import MAX_ID, ClassList, format_value, to_class_ids
from .image_values import Values, values_of

_CURE = 'Save it again, or take it out.'
# Of Pillow: gray values or a palette, as MMSegmentation reads them.
_ID_MODES = ('L', 'P')
_WIDE_MODES = ('1', 'I', 'I;16', 'I;16B')
_EXIF_ORIENTATION = 0x0112


class SurveyedImage(NamedTuple):
    """What was found out about an image and, if it has one, its mask.

    Attributes:
        image (str): Path below the folder.
        size (tuple[int, int]): Height and width.
        digest (str): Of the content; the same for copies.
        values (Values): Its channels and values.
        label (str): Path of the mask below the folder; empty if none.
        pixels (dict[str, int]): Pixels by class, as of
            :func:`mmseg_fst.utils.files.count_pixels`.
        ignored (int): Pixels that are ignored.
        as_is (bool): Whether the mask can be trained on without a change.
    """
    image: str
    size: tuple[int, int]
    digest: str
    values: Values
    label: str = ''
    pixels: dict[str, int] = {}
    ignored: int = 0
    as_is: bool = False


class Survey(NamedTuple):
    """What was found out about a folder.

    Attributes:
        images (list[SurveyedImage]): Those without a problem.
        problems (list[str]): A sentence for each file that has one.
    """
    images: list[SurveyedImage]
    problems: list[str]


def survey_image(root: Path, image: str,
                 channels: int = 3) -> SurveyedImage:
    """Read an image as the training will.

    Args:
        root (Path): The folder.
        image (str): Path below it.
        channels (int): Number of channels that are trained on. Defaults to 3.

    Returns:
        SurveyedImage: Size, digest and values.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it has other channels.
    """
    path = root / image
    content = path.read_bytes()
    values, size = values_of(path, content, channels)
    return SurveyedImage(image, size, hashlib.sha1(content).hexdigest(),
                         values)


def read_mask(path: Path, colored: bool) -> tuple[np.ndarray, bool]:
    """Read a mask whose pixels are ids or colors.

    Args:
        path (Path): The file: gray, with a palette, of 16 bits, or RGB(A).
        colored (bool): Whether its colors count.

    Returns:
        tuple[np.ndarray, bool]: Ids of shape (H, W) or colors of shape
        (H, W, 3); and whether MMSegmentation reads the same.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read, or has colors where ids are
            expected.
    """
    try:
        image = read_image(path, _CURE)
    except Image.DecompressionBombError as error:
        raise ValueError(f'{path} cannot be read ({error}). Cut it into '
                         'tiles.') from error
    if colored:
        return np.asarray(image.convert('RGB')), False
    if image.mode in _ID_MODES or image.mode in _WIDE_MODES:
        return np.asarray(image), image.mode in _ID_MODES
    colors = np.asarray(image.convert('RGB'))
    if (colors == colors[..., :1]).all():
        return colors[..., 0], False
    found = np.unique(colors.reshape(-1, 3), axis=0)
    shown = '; '.join(' '.join(map(str, color)) for color in found[:4])
    raise ValueError(
        f'{path} has colors ({shown}{" ..." if len(found) > 4 else ""}), '
        "but the class list has none. Write lines 'name = R G B'.")


def _unknown_values(path: Path, unknown: dict[int, int],
                    classes: ClassList) -> str:
    """What to say of values that no class has."""
    kind = 'colors' if classes.colored else 'ids'
    most = sorted(unknown, key=unknown.get, reverse=True)
    shown = ', '.join(format_value(value, classes.colored)
                      for value in most[:5])
    more = f' and {len(most) - 5} others' if len(most) > 5 else ''
    if path.suffix.lower() in ('.jpg', '.jpeg'):
        cure = 'Save masks as PNG: JPEG changes values.'
    elif not classes.colored and not all(
            0 <= value <= MAX_ID for value in unknown):
        cure = f'Save the mask with ids from 0 to {MAX_ID}.'
    else:
        cure = ("Give each to a class, or write 'ignore = "
                f"{format_value(most[0], classes.colored)}' in the class "
                'list.')
    return (f'{path} holds the {kind} {shown}{more}, in '
            f'{sum(unknown.values())} pixels, which no class has. {cure}')


def _is_turned(path: Path) -> bool:
    """Whether an image is turned by its EXIF tag."""
    try:
        with Image.open(path) as head:
            return head.getexif().get(_EXIF_ORIENTATION, 1) != 1
    except OSError:  # bands, which Pillow does not read
        return False


def survey_pair(root: Path, image: str, label: str, classes: ClassList,
                channels: int = 3) -> SurveyedImage:
    """Read an image and its mask.

    Args:
        root (Path): The folder.
        image (str): Path of the image below it.
        label (str): Path of the mask below it.
        classes (ClassList): The classes.
        channels (int): Number of channels that are trained on. Defaults to 3.

    Returns:
        SurveyedImage: What was found.

    Raises:
        OSError: If the image cannot be read.
        ValueError: If the mask cannot be read, is of another size, has
            values that no class has, or shows no class at all.
    """
    seen, path = survey_image(root, image, channels), root / label
    mask, as_is = read_mask(path, classes.colored)
    if mask.shape[:2] != seen.size:
        turned = _is_turned(root / image)
        hint = (' The photo is turned by its EXIF tag; save it turned.'
                if turned else ' Save the mask at the size of the image.')
        raise ValueError(
            f'{root / image} is {seen.size[1]} x {seen.size[0]}, its mask '
            f'{path} {mask.shape[1]} x {mask.shape[0]}.{hint}')
    ids, unknown = to_class_ids(mask, classes)
    if unknown:
        raise ValueError(_unknown_values(path, unknown, classes))
    pixels = count_pixels(ids, len(classes.names))
    if not pixels:
        raise ValueError(f'{path} shows no class: all of it is ignored. '
                         'Correct it, or move the image to the unlabeled '
                         'folder.')
    return seen._replace(
        label=label, pixels=pixels, ignored=int((ids == IGNORE).sum()),
        as_is=as_is and classes.plain)


def _survey(look: Callable[..., SurveyedImage], items: Sequence,
            workers: int, description: str) -> Survey:
    """Look at all, whatever is wrong with some."""

    def attempt(item) -> tuple[Optional[SurveyedImage], str]:
        try:
            return look(*item), ''
        except (OSError, ValueError) as error:
            return None, str(error)

    done = parallel_map(attempt, items, workers, description)
    return Survey([one for one, _ in done if one is not None],
                  [problem for _, problem in done if problem])


def survey_images(root: Path, images: Sequence[str], workers: int = 2,
                  channels: int = 3) -> Survey:
    """Read all images of a folder.

    Args:
        root (Path): The folder.
        images (Sequence[str]): Paths below it.
        workers (int): Number of threads. Defaults to 2.
        channels (int): Number of channels that are trained on. Defaults to 3.

    Returns:
        Survey: What was found.
    """
    return _survey(lambda image: survey_image(root, image, channels),
                   [(image, ) for image in images], workers, 'Images')


def survey_pairs(root: Path, images: dict, labels: dict, classes: ClassList,
                 workers: int = 2, channels: int = 3) -> Survey:
    """Read all images of a folder and their masks.

    Args:
        root (Path): The folder.
        images (dict): Paths of images, as of
            :func:`mmseg_fst.utils.file_patterns.find_by_pattern`.
        labels (dict): Those of masks.
        classes (ClassList): The classes.
        workers (int): Number of threads. Defaults to 2.
        channels (int): Number of channels that are trained on. Defaults to 3.

    Returns:
        Survey: What was found; what has no partner is a problem.
    """
    survey = _survey(
        lambda image, label: survey_pair(root, image, label, classes,
                                         channels),
        [(path, labels[key]) for key, path in images.items()
         if key in labels], workers, 'Images and masks')
    alone = [
        f'{root / path} has no mask. Add it, or move the image to the '
        'unlabeled folder.' for key, path in images.items()
        if key not in labels
    ] + [
        f'{root / path} is a mask without an image. Add the image, or take '
        'the mask out.' for key, path in labels.items() if key not in images
    ]
    return Survey(survey.images, alone + survey.problems)


def missing_classes(images: Sequence[SurveyedImage],
                    classes: ClassList) -> list[str]:
    """Classes that no mask shows.

    Args:
        images (Sequence[SurveyedImage]): Images with masks.
        classes (ClassList): The classes.

    Returns:
        list[str]: Their names.
    """
    shown = Counter(int(key) for one in images for key in one.pixels)
    return [name for index, name in enumerate(classes.names)
            if index not in shown]
