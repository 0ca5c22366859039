"""Where an error was raised: the file, the line and the part of a config."""
import linecache
import re
import sysconfig
import traceback
from collections.abc import Iterator, Mapping
from os import path as osp
from types import FrameType
from typing import Any, NamedTuple, Optional

from .settings import TRAINING_KEYS

_PACKAGE = osp.dirname(osp.dirname(osp.abspath(__file__)))
_LIBRARIES = sysconfig.get_paths()['purelib']
# The text of an error that the worker of a data loader raised.
_WORKER_FRAME = re.compile(r'^\s*File "([^"]+)", line (\d+)', re.M)
# Parts of a config whose settings explain hardly any error.
_GENERAL = re.compile(r'model|(train|val|test)_cfg|.*_hooks.*')
_MAX_PLACES = 2


class Line(NamedTuple):
    """A line of source code.

    Attributes:
        file (str): Path of the file.
        number (int): Number of the line.
        source (str): The line, without indentation.
    """
    file: str
    number: int
    source: str

    @property
    def in_library(self) -> bool:
        """Whether the file belongs to an installed library."""
        return (self.file.startswith(_LIBRARIES)
                and not self.file.startswith(_PACKAGE + osp.sep))


def line_of(error: BaseException) -> Optional[Line]:
    """Find the line that raised an error.

    Args:
        error (BaseException): The error; if the worker of a data loader
            raised it, its text contains the traceback of the worker.

    Returns:
        Line | None: The line; None if the error has no traceback.
    """
    found = _WORKER_FRAME.findall(str(error))
    if found and 'Original Traceback' in str(error):
        file, number = found[-1][0], int(found[-1][1])
    else:
        frames = traceback.extract_tb(error.__traceback__)
        if not frames:
            return None
        file, number = frames[-1].filename, frames[-1].lineno or 0
    return Line(file, number, linecache.getline(file, number).strip())


def settings_behind(error: BaseException, content: Mapping[str, Any]) -> str:
    """Find the part of a config whose object raised an error.

    Args:
        error (BaseException): The error.
        content (Mapping): The config.

    Returns:
        str: Such as ``'optim_wrapper (AmpOptimWrapper)'``, with plain
        arguments; empty if no object of the config was involved.
    """
    places: dict[str, list[str]] = {}
    trained = {key: content[key] for key in TRAINING_KEYS if key in content}
    for name, text in _places(trained):
        places.setdefault(name, []).append(text)
    for frame in reversed(list(_frames(error))):
        # The object of a method, or the class that mmengine builds.
        owners = (type(frame.f_locals.get('self')),
                  frame.f_locals.get('obj_cls'))
        for name in (getattr(owner, '__name__', '') for owner in owners):
            if name in places:
                return ' and '.join(places[name][:_MAX_PLACES])
    return ''


def _frames(error: BaseException) -> Iterator[FrameType]:
    """Frames of an error, after the frames of those that it replaced."""
    yield from (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    if error.__context__ is not None:
        yield from _frames(error.__context__)


def _places(node: Any, place: str = '') -> Iterator[tuple[str, str]]:
    """Class names in a config, and texts of their places and arguments."""
    if isinstance(node, Mapping):
        kind = node.get('type')
        if kind is not None and not _GENERAL.fullmatch(place):
            name = kind if isinstance(kind, str) else (
                getattr(kind, '__name__', ''))
            name = name.rpartition('.')[2]
            plain = ', '.join(
                f'{key}={value!r}' for key, value in node.items()
                if key != 'type' and not isinstance(value, Mapping)
                and 'dict' not in repr(value) and len(repr(value)) < 60)
            yield name, f'{place} ({name}{plain and ": "}{plain})'
        for key, value in node.items():
            yield from _places(value, f'{place}.{key}'.lstrip('.'))
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from _places(value, f'{place}.{index}')
