"""Class lists: names of classes and their pixel values in masks."""
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional, TypeVar

import numpy as np
from scipy.spatial import cKDTree

from mmseg_fst.utils.files import IGNORE

_HOW = ("A line is a name, 'name = ID', 'name = ID-ID' (a range), 'name = R G "
        "B' or 'name = #RRGGBB', with several values separated by commas; "
        "'ignore = ...' excludes pixels. Give every line a value or none.")
#: Name of the line for ignored pixels.
_IGNORE_NAME = 'ignore'
_UNKNOWN = -1
#: Ids in a mask: the range of int32 and uint32.
MIN_ID, MAX_ID = -2**31, 2**32 - 1
#: What a reader of masks writes where a file says that it has no value.
NO_DATA = MIN_ID - 1
# Most values of a range, and the widest span of values that a table covers.
_MAX_RANGE = 2**16
_MAX_SPAN = 2**24
_RANGE = re.compile(r'(-?\d+)(?:\s*-\s*(-?\d+))?')
Key = TypeVar('Key')


class ClassList(NamedTuple):
    """Classes and their pixel values in masks.

    Attributes:
        names (tuple[str, ...]): Names in the order of the train ids.
        colored (bool): Whether pixel values are colors, not ids.
        values (dict[int, int]): Train id, 255 to ignore, by pixel value: an
            id in a mask, or ``R * 65536 + G * 256 + B``.
        tolerance (float, optional): Other values up to this distance have
            the class of the nearest value; of colors it is the Euclidean
            distance. Defaults to None: values must be equal.
    """
    names: tuple[str, ...]
    colored: bool
    values: dict[int, int]
    tolerance: Optional[float] = None

    @property
    def plain(self) -> bool:
        """Whether the ids in masks are equal to the train ids."""
        return not self.colored and all(
            value == train_id for value, train_id in self.values.items())


def format_value(value: int, colored: bool) -> str:
    """Format a pixel value as in a class list.

    Args:
        value (int): See :class:`ClassList`.
        colored (bool): Whether the value is a color.

    Returns:
        str: ``'7'`` or ``'255 204 170'``.
    """
    if not colored:
        return str(value)
    return f'{value >> 16} {value >> 8 & 255} {value & 255}'


def _parse_values(text: str) -> list[tuple[bool, int]]:
    """Parse a value: whether it is a color, and the numbers."""
    if re.fullmatch(r'#[0-9a-fA-F]{6}', text):
        return [(True, int(text[1:], 16))]
    levels = text.split()
    if len(levels) == 3 and all(level.isdecimal() for level in levels):
        red, green, blue = map(int, levels)
        if max(red, green, blue) <= 255:
            return [(True, red << 16 | green << 8 | blue)]
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError('neither an id nor a color')
    first = int(match[1])
    last = first if match[2] is None else int(match[2])
    if not MIN_ID <= first <= last <= MAX_ID or last - first >= _MAX_RANGE:
        raise ValueError(f'not a range of ids; it must ascend, between '
                         f'{MIN_ID} and {MAX_ID}, with at most {_MAX_RANGE} '
                         'values')
    return [(False, value) for value in range(first, last + 1)]


def parse_lines(path: Path, text: str, how: str,
                parse: Callable[[str], Iterable[Key]]
                ) -> tuple[list[str], dict[Key, int], list[str]]:
    """Parse lines of the form ``name`` or ``name = VALUE, VALUE ...``.

    Args:
        path (Path): The file, for messages.
        text (str): Its text.
        how (str): Sentence that explains the format, for messages.
        parse (Callable): Maps the text of a value to one or several values,
            or raises ``ValueError`` with what it is not.

    Returns:
        tuple: Names in their order; train id, 255 for the line ``ignore``, by
        value; and the names without values.

    Raises:
        ValueError: If a line is not valid.
    """
    names: list[str] = []
    values: dict[Key, int] = {}
    bare = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith('#'):
            continue
        name, equals, rest = (part.strip() for part in line.partition('='))
        ignored = bool(equals) and name.lower() == _IGNORE_NAME
        if not name or name in names:
            raise ValueError(f'{path}, line {number}: the class name {name!r} '
                             f'is empty or already used. {how}')
        target = IGNORE if ignored else len(names)
        if not ignored:
            names.append(name)
        if not equals:
            bare.append(name)
        for word in rest.split(',') if equals else ():
            try:
                new = dict.fromkeys(parse(word.strip()), target)
            except ValueError as error:
                raise ValueError(f'{path}, line {number}: {word.strip()!r} is '
                                 f'{error}. {how}') from None
            if not values.keys().isdisjoint(new):
                raise ValueError(f'{path}, line {number}: the value '
                                 f'{word.strip()!r} is already used by '
                                 f'another line. {how}')
            values.update(new)
    return names, values, bare


def read_text(path: Path, how: str) -> str:
    """Read the text of a class list.

    Args:
        path (Path): The text file.
        how (str): Sentence that explains the format, for messages.

    Returns:
        str: The text.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not a text file.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f'There is no class list {path}. Write a text file with one '
            f'class per line. {how}')
    try:
        return path.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not a text file ({error}). {how}'
                         ) from error


def check_count(path: Path, names: Sequence[str], how: str) -> None:
    """Raise if a class list has too few or too many classes.

    Args:
        path (Path): The text file.
        names (Sequence[str]): Names of the classes.
        how (str): Sentence that explains the format, for messages.

    Raises:
        ValueError: If there are fewer than 2 or more than 255.
    """
    if not 2 <= len(names) <= IGNORE:
        raise ValueError(f'{path} must have 2 to {IGNORE} classes, got '
                         f'{len(names)}. {how}')


def read_class_list(path: Path) -> ClassList:
    """Read the classes of a task, one per line, in the order of the ids.

    Lines are ``name``, or ``name = VALUE, VALUE ...`` with the ids, the ranges
    of ids (``128-255``) or the colors (``R G B`` or ``#RRGGBB``) of the class
    in masks. Without values,
    masks contain the number of the line, counted from 0. The line ``ignore =
    VALUE ...`` gives values to ignore; the id 255 is ignored unless a line
    uses it. Empty lines, and lines that begin with ``#``, are skipped.

    Args:
        path (Path): The text file.

    Returns:
        ClassList: The classes.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a line is not valid, or there are too few or too many
            classes.

    Example:
        With the lines ``road = 1`` and ``sky = 2, 3`` in the file:

        >>> read_class_list(Path('classes.txt')).names
        ('road', 'sky')
    """
    names, values, bare = parse_lines(
        path, read_text(path, _HOW), _HOW, _parse_values)
    check_count(path, names, _HOW)
    kinds = {colored for colored, _ in values}
    if len(kinds) > 1 or len(bare) not in (0, len(names)) or (
            bare and kinds == {True}):
        raise ValueError(f'{path} mixes names without values, ids and '
                         f'colors. {_HOW}')
    colored = kinds == {True}
    by_value = {value: target for (_, value), target in values.items()}
    if bare:
        by_value = {**{index: index for index in range(len(names))},
                    **by_value}
    if not colored:
        by_value.setdefault(IGNORE, IGNORE)
    return ClassList(tuple(names), colored, by_value)


class ClassIds(NamedTuple):
    """Train ids of a mask.

    Attributes:
        ids (np.ndarray): Train ids of shape (H, W), uint8, 255 to ignore.
        unknown (dict[int, int]): Number of pixels of each value that belongs
            to no class.
        approximated (int): Number of pixels whose class is that of the
            nearest value.
        distance (float): Largest distance of such a pixel from that value.
    """
    ids: np.ndarray
    unknown: dict[int, int]
    approximated: int = 0
    distance: float = 0.


def pack_colors(mask: np.ndarray) -> np.ndarray:
    """Pack colors into numbers.

    Args:
        mask (np.ndarray): RGB of shape (H, W, 3), uint8.

    Returns:
        np.ndarray: ``R * 65536 + G * 256 + B`` of shape (H, W), int32.
    """
    packed = mask[..., 0].astype(np.int32)
    for channel in (1, 2):
        packed <<= 8
        packed |= mask[..., channel]
    return packed


def distinct_values(mask: np.ndarray
                    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List the values of a mask; without sorting its pixels if possible.

    Args:
        mask (np.ndarray): Of shape (H, W) and an integer type.

    Returns:
        tuple: The distinct values in ascending order, the index of the value
        of each pixel, (H, W), and the number of pixels of each value.
    """
    low, high = int(mask.min()), int(mask.max())
    if high - low >= _MAX_SPAN:
        found = np.unique(mask, return_inverse=True, return_counts=True)
        return found[0], found[1].reshape(mask.shape), found[2]
    offset = mask if low == 0 else mask.astype(np.int64) - low
    present = np.zeros(high - low + 1, bool)
    present[offset] = True
    index = (np.cumsum(present, dtype=np.int32) - 1)[offset]
    values = np.flatnonzero(present) + low
    return values, index, np.bincount(index.ravel(), minlength=len(values))


def _points(values: np.ndarray, colored: bool) -> np.ndarray:
    """Values as points, (N, 3) if they are colors, else (N, 1)."""
    shifts = (16, 8, 0) if colored else (0, )
    return np.stack([values >> shift & 255 if colored else values
                     for shift in shifts], 1)


def default_tolerance(classes: ClassList) -> float:
    """Half of the distance of the two most similar classes.

    Args:
        classes (ClassList): The classes.

    Returns:
        float: In values of the masks; of colors the Euclidean distance.
    """
    values = np.array(sorted(classes.values))
    points = _points(values, classes.colored)
    targets = np.array([classes.values[value] for value in values.tolist()])
    distances = [
        cKDTree(points[targets != target]).query(points[targets == target])[0]
        for target in np.unique(targets) if (targets != target).any()
    ]
    return float(min(found.min() for found in distances)) / 2


def to_class_ids(mask: np.ndarray, classes: ClassList) -> ClassIds:
    """Convert the pixel values of a mask to train ids.

    Args:
        mask (np.ndarray): Ids of shape (H, W) and any integer type, or colors
            of shape (H, W, 3), uint8.
        classes (ClassList): The classes.

    Returns:
        ClassIds: Train ids and unknown values.
    """
    packed = pack_colors(mask) if classes.colored else mask
    values, index, counts = distinct_values(packed)
    table = np.array([classes.values.get(value, _UNKNOWN)
                      for value in values.tolist()], np.int16)
    table[values == NO_DATA] = IGNORE
    unknown = np.flatnonzero(table == _UNKNOWN)
    approximated, farthest = 0, 0.
    if classes.tolerance is not None and len(unknown):
        listed = np.array(list(classes.values))
        distances, nearest = cKDTree(_points(listed, classes.colored)).query(
            _points(values[unknown], classes.colored))
        near = distances <= classes.tolerance
        table[unknown[near]] = [classes.values[value]
                                for value in listed[nearest[near]].tolist()]
        approximated = int(counts[unknown[near]].sum())
        farthest = float(distances[near].max(initial=0))
        unknown = unknown[~near]
    table[unknown] = IGNORE
    return ClassIds(
        table.astype(np.uint8)[index],
        dict(zip(values[unknown].tolist(), counts[unknown].tolist())),
        approximated, farthest)


def distance_to_classes(values: Mapping[int, int],
                        classes: ClassList) -> float:
    """Largest distance of a value from the nearest value of the list.

    Args:
        values (Mapping[int, int]): Number of pixels by value; not empty.
        classes (ClassList): The classes.

    Returns:
        float: As of :func:`default_tolerance`.
    """
    points = [_points(np.array(list(some)), classes.colored)
              for some in (classes.values, values)]
    return float(cKDTree(points[0]).query(points[1])[0].max())
