"""Survey of a data set: reads and checks every file, writes nothing."""
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import cv2
import numpy as np
from PIL import Image

from mmseg_fst.utils.files import IGNORE, count_pixels, parallel_map

from .class_list import (
    ClassList,
    default_tolerance,
    distance_to_classes,
    format_value,
    to_class_ids,
)
from .image_values import Values, values_of
from .mask_files import RawMask, same_aspect
from .mask_sources import Key, MaskSource
from .problems import BadFileError, Problem

_EXIF_ORIENTATION = 0x0112


class Tile(NamedTuple):
    """Part of an image.

    Attributes:
        top (int): First row.
        left (int): First column.
        height (int): Number of rows.
        width (int): Number of columns.
        whole (tuple[int, int]): Height and width of the image.
        stem (str): Beginning of the path of its file.
        ending (str): Extension of its file.
    """
    top: int
    left: int
    height: int
    width: int
    whole: tuple[int, int]
    stem: str
    ending: str

    @property
    def path(self) -> str:
        """Path of its file, with its position in the image."""
        return f'{self.stem}_y{self.top}_x{self.left}{self.ending}'

    def cut(self, array: np.ndarray) -> np.ndarray:
        """Cut this tile out of an image or a mask.

        Args:
            array (np.ndarray): Of shape (H, W, ...).

        Returns:
            np.ndarray: A view of shape (height, width, ...).
        """
        return array[self.top:self.top + self.height,
                     self.left:self.left + self.width]


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
        approximated (int): Number of pixels that have the class of the
            nearest value.
        distance (float): Largest distance of such a pixel from that value.
        tile (Tile, optional): Part of the file that this is. Defaults to
            None: all of it.
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
    approximated: int = 0
    distance: float = 0.
    tile: Optional[Tile] = None
    widths: dict[str, float] = {}

    @property
    def path(self) -> str:
        """Path in lists: that of the image, or of the file of the tile."""
        return self.tile.path if self.tile else self.image


class Survey(NamedTuple):
    """Properties of the images of a folder.

    Attributes:
        images (list[SurveyedImage]): Images without a problem.
        problems (list[Problem]): One for each file with a problem.
        rejected (frozenset[str]): Digests of images whose masks have a
            problem.
    """
    images: list[SurveyedImage]
    problems: list[Problem]
    rejected: frozenset[str] = frozenset()


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


def _unknown_values(where: str, raw: RawMask, unknown: dict[int, int],
                    classes: ClassList) -> BadFileError:
    """Error for pixel values that belong to no class."""
    kind = 'colors' if classes.colored else 'ids'
    most = sorted(unknown, key=unknown.__getitem__, reverse=True)
    named = [format_value(value, classes.colored) for value in most[:5]]
    more = f' and {len(most) - 5} others' if len(most) > 5 else ''
    hint = f"Add each to a class, or write 'ignore = {named[0]}' in the "
    hint += 'class list.'
    if raw.palette is not None and most[0] < len(raw.palette):
        color = ' '.join(map(str, raw.palette[most[0]].tolist()))
        hint = (f'The file has a palette, in which id {named[0]} is the color '
                f'{color}; write ids or colors in the class list.')
    distance = distance_to_classes(unknown, classes)
    is_blurred = (distance <= default_tolerance(classes) or len(most) > 5
                  or classes.tolerance is not None)
    if is_blurred:
        hint += (' If the edges are antialiased or the file was JPEG, add '
                 '--nearest with the distance stated below: each pixel gets '
                 'the class of the nearest value; in this mask it is at most '
                 f'{distance:.4g} away')
        hint += '.' if classes.colored else (
            ". Or give ranges, such as 'name = 128-255'.")
    return BadFileError(
        f'mask with {kind} that belong to no class',
        f'{where} contains the {kind} {", ".join(named)}{more}, in '
        f'{sum(unknown.values())} pixels, which belong to no class. {hint}',
        distance if is_blurred else None)


def _fades_to_ignored(raw: RawMask, classes: ClassList) -> bool:
    """Whether a mask has the ignored id 255 and values just below."""
    if classes.colored or classes.values.get(IGNORE) != IGNORE:
        return False
    largest = max(value for value, train_id in classes.values.items()
                  if train_id != IGNORE)
    between = (raw.values > largest) & (raw.values < IGNORE)
    return bool(between.any() and (raw.values == IGNORE).any())


def _is_rotated(path: Path) -> bool:
    """Whether the EXIF orientation rotates an image."""
    try:
        with Image.open(path) as head:
            return head.getexif().get(_EXIF_ORIENTATION, 1) != 1
    except OSError:  # bands, which Pillow does not read
        return False


def survey_mask(root: Path, surveyed: SurveyedImage,
                source: MaskSource) -> SurveyedImage:
    """Read the mask of an image.

    Args:
        root (Path): The folder.
        surveyed (SurveyedImage): The image, with the name of its mask.
        source (MaskSource): The masks.

    Returns:
        SurveyedImage: With properties of the mask.

    Raises:
        ValueError: If the mask cannot be read, has another size, has values
            that belong to no class, or shows no class at all.
    """
    where = source.describe(root, surveyed.label)
    raw = source.read(root, surveyed.label, surveyed.size)
    classes = source.classes
    if raw.values.shape[:2] != surveyed.size:
        height, width = raw.values.shape[:2]
        image = root / surveyed.image
        hint = (' The image has an EXIF orientation; rotate its pixels.'
                if _is_rotated(image)
                else ' Save the mask at the size of the image.')
        if same_aspect((height, width), surveyed.size):
            hint += ' Or add --resize-masks: both have the same aspect ratio.'
        raise BadFileError(
            'mask of another size than its image',
            f'{image} is {surveyed.size[1]} x {surveyed.size[0]}, its mask '
            f'{where} {width} x {height}.{hint}')
    ids, unknown, approximated, distance = to_class_ids(raw.values, classes)
    if (approximated or len(unknown) > 5) and _fades_to_ignored(raw, classes):
        raise BadFileError(
            'mask that fades to the ignored id 255',
            f'{where} has pixels of id 255, which is ignored, and of values '
            'between it and the classes, as masks of 0 and 255 with '
            "antialiased edges have. Write 'NAME = 255' and --nearest, or a "
            "range, such as 'NAME = 128-255', and give ids to the other "
            'classes, too.')
    if unknown:
        raise _unknown_values(where, raw, unknown, classes)
    pixels = count_pixels(ids, len(classes.names))
    if not pixels:
        raise BadFileError(
            'mask without any class',
            f'{where} shows no class: all pixels are ignored. Correct it, or '
            'move the image to the unlabeled folder.')
    return surveyed._replace(
        pixels=pixels, ignored=int((ids == IGNORE).sum()),
        as_is=raw.as_is and classes.plain and not approximated,
        approximated=approximated, distance=distance,
        widths=widths_of(ids, pixels))


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

    def attempt(item) -> tuple[Optional[SurveyedImage], Optional[Problem]]:
        try:
            return read(*item), None
        except BadFileError as error:
            return None, error.problem
        except (OSError, ValueError) as error:
            return None, Problem('file that cannot be read', str(error))

    done = parallel_map(attempt, items, workers, description)
    return Survey([image for image, _ in done if image is not None],
                  [problem for _, problem in done if problem is not None])


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


def survey_pairs(root: Path, images: Mapping[Key, str],
                 labels: Mapping[Key, str], source: MaskSource,
                 workers: int = 2, channels: int = 3) -> Survey:
    """Read images of a folder and their masks.

    Args:
        root (Path): The folder.
        images (Mapping[Key, str]): Paths of images.
        labels (Mapping[Key, str]): Names of masks.
        source (MaskSource): The masks.
        workers (int): Number of threads. Defaults to 2.
        channels (int): Number of channels used in training. Defaults to 3.

    Returns:
        Survey: Images and problems; a file without partner is a problem.
    """
    rejected = []

    def read(image: str, label: str) -> SurveyedImage:
        surveyed = survey_image(root, image, channels)._replace(label=label)
        try:
            return survey_mask(root, surveyed, source)
        except (OSError, ValueError):
            rejected.append(surveyed.digest)
            raise

    survey = _survey(read, [(path, labels[key]) for key, path in
                            images.items() if key in labels],
                     workers, 'Images and masks')
    alone = [
        Problem('image without a mask',
                f'{root / path} has no mask. Add it, or move the image to the '
                'unlabeled folder; without --unlabeled, all images that have '
                'no mask are the unlabeled images.')
        for key, path in images.items() if key not in labels
    ] + [
        Problem('mask without an image',
                f'{source.describe(root, label)} is a mask without an image. '
                'Add the image, or remove the mask.')
        for key, label in labels.items() if key not in images
    ]
    return Survey(survey.images, alone + survey.problems, frozenset(rejected))


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
