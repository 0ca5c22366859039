"""Survey of a data set: reads and checks every file, writes nothing."""
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import cv2
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

_HINT = 'Save it again, or remove it.'
# Modes of Pillow that MMSegmentation reads as ids: grayscale or palette.
_ID_MODES = ('L', 'P')
_WIDE_MODES = ('1', 'I', 'I;16', 'I;16B')
_EXIF_ORIENTATION = 0x0112


class SurveyedImage(NamedTuple):
    """Properties of an image and, if there is one, its mask.

    Attributes:
        image (str): Path of the image, relative to the folder.
        size (tuple[int, int]): Height and width.
        digest (str): Hash of the content, equal for copies.
        values (Values): Channels and range of values of the image.
        label (str): Path of the mask, relative to the folder; empty without
            mask.
        pixels (dict[str, int]): Number of pixels by class, see
            :func:`mmseg_fst.utils.files.count_pixels`.
        ignored (int): Number of ignored pixels.
        as_is (bool): Whether the mask can be used without conversion.
        widths (dict[str, float]): Width of the objects of each class, see
            :func:`widths_of`.
    """
    image: str
    size: tuple[int, int]
    digest: str
    values: Values
    label: str = ''
    pixels: dict[str, int] = {}
    ignored: int = 0
    as_is: bool = False
    widths: dict[str, float] = {}


class Survey(NamedTuple):
    """Properties of the images of a folder.

    Attributes:
        images (list[SurveyedImage]): Images without a problem.
        problems (list[str]): A sentence for each file with a problem.
    """
    images: list[SurveyedImage]
    problems: list[str]


def survey_image(root: Path, image: str,
                 channels: int = 3) -> SurveyedImage:
    """Read an image as in training.

    Args:
        root (Path): The folder.
        image (str): Path of the image, relative to the folder.
        channels (int): Number of channels used in training. Defaults to 3.

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
        path (Path): The file: grayscale, palette, 16 bits, or RGB(A).
        colored (bool): Whether the pixel values are colors.

    Returns:
        tuple[np.ndarray, bool]: Ids of shape (H, W) or colors of shape
        (H, W, 3); and whether MMSegmentation reads the same values.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read, or has colors where ids are
            expected.
    """
    try:
        image = read_image(path, _HINT)
    except Image.DecompressionBombError as error:
        raise ValueError(f'{path} cannot be read ({error}). Divide it into '
                         'tiles.') from error
    if colored:
        return np.asarray(image.convert('RGB')), False
    if image.mode in _ID_MODES or image.mode in _WIDE_MODES:
        return np.asarray(image), image.mode in _ID_MODES
    colors = np.asarray(image.convert('RGB'))
    # Some programs save ids as RGB with three equal channels.
    if (colors == colors[..., :1]).all():
        return colors[..., 0], False
    found = np.unique(colors.reshape(-1, 3), axis=0)
    shown = '; '.join(' '.join(map(str, color)) for color in found[:4])
    raise ValueError(
        f'{path} has colors ({shown}{" ..." if len(found) > 4 else ""}), '
        "but the class list has none. Write lines 'name = R G B'.")


def _unknown_values(path: Path, unknown: dict[int, int],
                    classes: ClassList) -> str:
    """Message for pixel values that belong to no class."""
    kind = 'colors' if classes.colored else 'ids'
    most = sorted(unknown, key=unknown.__getitem__, reverse=True)
    shown = ', '.join(format_value(value, classes.colored)
                      for value in most[:5])
    more = f' and {len(most) - 5} others' if len(most) > 5 else ''
    if path.suffix.lower() in ('.jpg', '.jpeg'):
        hint = 'Save masks as PNG: JPEG changes values.'
    elif not classes.colored and not all(
            0 <= value <= MAX_ID for value in unknown):
        hint = f'Save the mask with ids from 0 to {MAX_ID}.'
    else:
        hint = ("Add each to a class, or write 'ignore = "
                f"{format_value(most[0], classes.colored)}' in the class "
                'list.')
    return (f'{path} contains the {kind} {shown}{more}, in '
            f'{sum(unknown.values())} pixels, which belong to no class. '
            f'{hint}')


def _is_rotated(path: Path) -> bool:
    """Whether the EXIF orientation rotates an image."""
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
        image (str): Path of the image, relative to the folder.
        label (str): Path of the mask, relative to the folder.
        classes (ClassList): The classes.
        channels (int): Number of channels used in training. Defaults to 3.

    Returns:
        SurveyedImage: Properties of image and mask.

    Raises:
        OSError: If the image cannot be read.
        ValueError: If the mask cannot be read, has another size, has values
            that belong to no class, or shows no class at all.
    """
    surveyed, path = survey_image(root, image, channels), root / label
    mask, as_is = read_mask(path, classes.colored)
    if mask.shape[:2] != surveyed.size:
        rotated = _is_rotated(root / image)
        hint = (' The image has an EXIF orientation; rotate its pixels.'
                if rotated else ' Save the mask at the size of the image.')
        raise ValueError(
            f'{root / image} is {surveyed.size[1]} x {surveyed.size[0]}, its '
            f'mask {path} {mask.shape[1]} x {mask.shape[0]}.{hint}')
    ids, unknown = to_class_ids(mask, classes)
    if unknown:
        raise ValueError(_unknown_values(path, unknown, classes))
    pixels = count_pixels(ids, len(classes.names))
    if not pixels:
        raise ValueError(f'{path} shows no class: all pixels are ignored. '
                         'Correct it, or move the image to the unlabeled '
                         'folder.')
    return surveyed._replace(
        label=label, pixels=pixels, ignored=int((ids == IGNORE).sum()),
        as_is=as_is and classes.plain, widths=widths_of(ids, pixels))


def widths_of(ids: np.ndarray, classes: Iterable[str]) -> dict[str, float]:
    """Measure how wide the objects of each class are.

    Twice the distance to the nearest other pixel, at its local maxima, which
    lie along the middle of an object. Half of the area of the class is at
    least as wide, so that slivers beside large objects do not count.

    Args:
        ids (np.ndarray): Class ids of shape (H, W), uint8.
        classes (Iterable[str]): Ids of the classes in the image, as text.

    Returns:
        dict[str, float]: Width by class id, in pixels.
    """
    widths = {}
    for key in classes:
        inside = (ids == int(key)).astype(np.uint8)
        # Without any other pixel, distances are infinite.
        distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5).clip(
            max=max(ids.shape))
        ridge = distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8))
        middle = np.sort(distance[ridge & (inside > 0)])
        area = middle.cumsum()
        median = middle[np.searchsorted(area, area[-1] / 2)]
        widths[key] = float(min(2 * median - 1, *ids.shape))
    return widths


def _survey(read: Callable[..., SurveyedImage], items: Sequence,
            workers: int, description: str) -> Survey:
    """Read all items and collect the problems, instead of stopping at one."""

    def attempt(item) -> tuple[Optional[SurveyedImage], str]:
        try:
            return read(*item), ''
        except (OSError, ValueError) as error:
            return None, str(error)

    done = parallel_map(attempt, items, workers, description)
    return Survey([image for image, _ in done if image is not None],
                  [problem for _, problem in done if problem])


def survey_images(root: Path, images: Sequence[str], workers: int = 2,
                  channels: int = 3) -> Survey:
    """Read all images of a folder.

    Args:
        root (Path): The folder.
        images (Sequence[str]): Paths relative to the folder.
        workers (int): Number of threads. Defaults to 2.
        channels (int): Number of channels used in training. Defaults to 3.

    Returns:
        Survey: Images and problems.
    """
    return _survey(lambda image: survey_image(root, image, channels),
                   [(image, ) for image in images], workers, 'Images')


def survey_pairs(root: Path, images: dict, labels: dict, classes: ClassList,
                 workers: int = 2, channels: int = 3) -> Survey:
    """Read all images of a folder and their masks.

    Args:
        root (Path): The folder.
        images (dict): Paths of images, as returned by
            :func:`mmseg_fst.utils.file_patterns.find_by_pattern`.
        labels (dict): Paths of masks, likewise.
        classes (ClassList): The classes.
        workers (int): Number of threads. Defaults to 2.
        channels (int): Number of channels used in training. Defaults to 3.

    Returns:
        Survey: Images and problems; a file without partner is a problem.
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
        f'{root / path} is a mask without an image. Add the image, or remove '
        'the mask.' for key, path in labels.items() if key not in images
    ]
    return Survey(survey.images, alone + survey.problems)


def missing_classes(images: Sequence[SurveyedImage],
                    classes: ClassList) -> list[str]:
    """List the classes that occur in no mask.

    Args:
        images (Sequence[SurveyedImage]): Images with masks.
        classes (ClassList): The classes.

    Returns:
        list[str]: Names of the classes.
    """
    shown = Counter(int(key) for image in images for key in image.pixels)
    return [name for index, name in enumerate(classes.names)
            if index not in shown]
