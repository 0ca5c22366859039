"""Class lists: names of classes and their pixel values in masks."""
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmseg_fst.utils.files import IGNORE

_HOW = ("A line is a name, 'name = ID', 'name = R G B' or 'name = #RRGGBB', "
        "with several values separated by commas; 'ignore = ...' excludes "
        'pixels. Give every line a value or none.')
#: Name of the line for ignored pixels.
_IGNORE_NAME = 'ignore'
_UNKNOWN = -1
#: Largest id in a mask.
MAX_ID = 2**16 - 1


class ClassList(NamedTuple):
    """Classes and their pixel values in masks.

    Attributes:
        names (tuple[str, ...]): Names in the order of the train ids.
        colored (bool): Whether pixel values are colors, not ids.
        values (dict[int, int]): Train id, 255 to ignore, by pixel value: an
            id in a mask, or ``R * 65536 + G * 256 + B``.
    """
    names: tuple[str, ...]
    colored: bool
    values: dict[int, int]

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


def _parse_value(text: str) -> tuple[bool, int]:
    """Parse a value: whether it is a color, and the number."""
    if re.fullmatch(r'#[0-9a-fA-F]{6}', text):
        return True, int(text[1:], 16)
    numbers = [int(word) for word in text.split()]
    if len(numbers) == 3 and all(0 <= level <= 255 for level in numbers):
        return True, numbers[0] << 16 | numbers[1] << 8 | numbers[2]
    if len(numbers) == 1 and 0 <= numbers[0] <= MAX_ID:
        return False, numbers[0]
    raise ValueError


def _parse_lines(path: Path, text: str
                 ) -> tuple[list[str], dict[tuple[bool, int], int], int]:
    """Names, train ids by kind and value, and number of bare names."""
    names: list[str] = []
    values: dict[tuple[bool, int], int] = {}
    bare = 0
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith('#'):
            continue
        name, equals, rest = (part.strip() for part in line.partition('='))
        ignored = bool(equals) and name.lower() == _IGNORE_NAME
        if not name or name in names:
            raise ValueError(f'{path}, line {number}: the class name {name!r} '
                             f'is empty or already used. {_HOW}')
        target = IGNORE if ignored else len(names)
        if not ignored:
            names.append(name)
            bare += not equals
        for word in rest.split(',') if equals else ():
            try:
                value = _parse_value(word.strip())
            except ValueError:
                raise ValueError(f'{path}, line {number}: {word.strip()!r} is '
                                 f'neither an id nor a color. {_HOW}'
                                 ) from None
            if value in values:
                raise ValueError(f'{path}, line {number}: the value '
                                 f'{word.strip()!r} is already used by '
                                 f'another line. {_HOW}')
            values[value] = target
    return names, values, bare


def read_class_list(path: Path) -> ClassList:
    """Read the classes of a task, one per line, in the order of the ids.

    Lines are ``name``, or ``name = VALUE, VALUE ...`` with the ids or the
    colors (``R G B`` or ``#RRGGBB``) of the class in masks. Without values,
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
    if not path.is_file():
        raise FileNotFoundError(
            f'There is no class list {path}. Write a text file with one '
            f'class per line. {_HOW}')
    try:
        text = path.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not a text file ({error}). {_HOW}'
                         ) from error
    names, values, bare = _parse_lines(path, text)
    if not 2 <= len(names) <= IGNORE:
        raise ValueError(f'{path} must have 2 to {IGNORE} classes, got '
                         f'{len(names)}. {_HOW}')
    kinds = {colored for colored, _ in values}
    if len(kinds) > 1 or bare not in (0, len(names)) or (
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


def to_class_ids(mask: np.ndarray,
                 classes: ClassList) -> tuple[np.ndarray, dict[int, int]]:
    """Convert the pixel values of a mask to train ids.

    Args:
        mask (np.ndarray): Ids of shape (H, W), or colors of shape (H, W, 3),
            uint8; ids may be of any integer type.
        classes (ClassList): The classes.

    Returns:
        tuple[np.ndarray, dict[int, int]]: Train ids of shape (H, W), uint8,
        255 to ignore; and the number of pixels of each unknown value.
    """
    if classes.colored:
        red, green, blue = np.moveaxis(mask.astype(np.int32), -1, 0)
        mask = red << 16 | green << 8 | blue
    else:
        mask = mask.astype(np.int64)
    # The last entry of the table stands for all values outside of its range.
    outside = max(classes.values) + 1
    table = np.full(outside + 1, _UNKNOWN, np.int16)
    table[list(classes.values)] = list(classes.values.values())
    ids = table[np.where((mask < 0) | (mask > outside), outside, mask)]
    unknown = ids == _UNKNOWN
    found, counts = np.unique(mask[unknown], return_counts=True)
    ids[unknown] = IGNORE
    return ids.astype(np.uint8), dict(zip(found.tolist(), counts.tolist()))
