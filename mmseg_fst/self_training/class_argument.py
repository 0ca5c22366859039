"""The classes of a task, as values of Python."""
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Optional, Union

from .errors import SelfTrainError

#: A class-list file, names in the order of the ids, or values of masks by
#: name: an id, a color (R, G, B) or ``'#RRGGBB'``, a ``range`` of ids, or a
#: list of these.
Classes = Union[str, PathLike, Sequence[str], Mapping[str, Any]]
_HOW = ("classes must be a list of names, such as ['road', 'sky'], a mapping "
        "of names to mask values, such as {'road': 0, 'sky': [1, 2], "
        "'ignore': 255} or {'road': (128, 64, 128), ...}, or the path of a "
        'class list.')


def class_text(classes: Optional[Classes]) -> Optional[str]:
    """The class list, as a text in the format of its file.

    Args:
        classes (Classes, optional): See :data:`Classes`.

    Returns:
        str | None: A line for each class; None for no list.

    Raises:
        SelfTrainError: If there is no such file, or a name or a value is not
            of these types.

    Example:
        >>> print(class_text({'road': (128, 64, 128), 'sky': '#4682b4'}))
        road = 128 64 128
        sky = #4682b4
    """
    if classes is None:
        return None
    if isinstance(classes, (str, PathLike)):
        return _read(Path(classes))
    if isinstance(classes, Mapping):
        return '\n'.join(
            f'{_name(name)} = {_values(name, value)}'
            for name, value in classes.items())
    if not isinstance(classes, Sequence):
        raise SelfTrainError(f'{_HOW} Got {type(classes).__name__}.')
    return '\n'.join(map(_name, classes))


def _read(path: Path) -> str:
    """The text of a class-list file."""
    try:
        return path.expanduser().read_text(encoding='utf-8-sig').strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SelfTrainError(
            f'classes: {path} cannot be read as a class list ({error}). '
            f'{_HOW}') from error


def _name(name: Any) -> str:
    """A name that a line can begin with."""
    if not isinstance(name, str) or not name.strip() or (
            name.lstrip().startswith('#') or set(name) & set('=\n\r')):
        raise SelfTrainError(
            f'classes: {name!r} cannot be the name of a class, which is text '
            f"without '=' and does not begin with '#'. {_HOW}")
    return name.strip()


def _values(name: str, value: Any) -> str:
    """The values of a class, separated by commas."""
    several = isinstance(value, (list, set, frozenset)) or (
        isinstance(value, tuple) and not _is_color(value))
    values = list(value) if several else [value]
    if not values:
        raise SelfTrainError(f'classes: {name!r} has no value. {_HOW}')
    return ', '.join(_value(name, single) for single in values)


def _is_color(value: Any) -> bool:
    """Whether a value is red, green and blue."""
    return isinstance(value, (tuple, list)) and len(value) == 3 and all(
        map(_is_id, value))


def _is_id(value: Any) -> bool:
    """Whether a value is a whole number, of Python or NumPy."""
    return hasattr(value, '__index__') and not isinstance(value, bool)


def _value(name: str, value: Any) -> str:
    """An id, a range of ids, or a color."""
    if isinstance(value, str):
        return value
    if isinstance(value, range) and value.step == 1 and len(value):
        return f'{value[0]}-{value[-1]}'
    if _is_color(value):
        return ' '.join(str(int(level)) for level in value)
    if _is_id(value):
        return str(int(value))
    raise SelfTrainError(f'classes: {value!r} of {name!r} is not a value of '
                         f'masks. {_HOW}')
