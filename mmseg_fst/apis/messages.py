"""One clear message where whoever runs a program can mend what is wrong."""
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from os import path as osp
from typing import Any, Optional

from mmengine.config import Config

# What wrong files, keys and values end in; other errors are faults of the
# program, and a traceback is what they need.
_MENDABLE = (OSError, ValueError, KeyError, TypeError, AttributeError,
             SyntaxError, ImportError)
#: Where the traceback of a run goes.
TRACEBACK = 'error.txt'


def message_of(error: BaseException) -> str:
    """An error in one paragraph.

    Args:
        error (BaseException): The error; one that a process of a data loader
            has passed on holds the traceback of that process.

    Returns:
        str: Its kind and its text, without a traceback.
    """
    text = str(error.args[0]) if (isinstance(error, KeyError)
                                  and error.args) else str(error)
    if 'Original Traceback' in text:
        # The last line that names an error, and what follows it.
        found = [*re.finditer(r'^[\w.]*(?:Error|Checkpoint): ', text, re.M)]
        if found:
            return text[found[-1].start():].strip()
    return f'{type(error).__name__}: {text}'


@contextmanager
def one_message(work_dir: Optional[str] = None) -> Iterator[None]:
    """End the process with one message instead of a traceback.

    Args:
        work_dir (str, optional): Folder of a run, which gets the traceback if
            it is there by then. Defaults to None: it is not kept.

    Raises:
        SystemExit: With the message, which means exit status 1, if a file, a
            key or a value is wrong.
    """
    try:
        yield
    except _MENDABLE as error:
        text = message_of(error)
        if work_dir is not None and osp.isdir(work_dir):
            path = osp.join(work_dir, TRACEBACK)
            with open(path, 'w') as file:
                file.write(traceback.format_exc())
            text += f' (More in {path}.)'
        sys.stdout.flush()
        sys.exit(text)


def merge_options(cfg: Config, options: dict[str, Any]) -> None:
    """Override values of a config; say which key does not fit.

    Args:
        cfg (Config): The config; changed in place.
        options (dict[str, Any]): Values by dotted key.

    Raises:
        ValueError: If a key leads into what is no dict or list, or past the
            end of a list.
    """
    for key, value in options.items():
        try:
            cfg.merge_from_dict({key: value})
        except (KeyError, TypeError, AttributeError, AssertionError,
                IndexError) as error:
            raise ValueError(
                f'--cfg-options {key}: there is no such place in '
                f'{cfg.filename} ({error}). A number is a place in a list, '
                'from 0.') from error
