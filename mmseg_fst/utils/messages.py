"""One clear message, without a traceback, for errors that users can fix."""
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import path as osp
from typing import Optional

from .checks import LostProcess

# Errors caused by wrong files, wrong values and missing packages. All others
# are bugs of the program, which need a traceback.
_USER_ERRORS = (OSError, ValueError, ImportError, FloatingPointError)
# A wrong config may also raise these while a run is built from it.
_CONFIG_ERRORS = (*_USER_ERRORS, KeyError, TypeError, AttributeError)
#: File for the traceback of a run.
TRACEBACK = 'error.txt'


def message_of(error: BaseException) -> str:
    """Describe an error in one paragraph.

    Args:
        error (BaseException): The error. If a worker of a data loader raised
            it, its text contains the traceback of the worker.

    Returns:
        str: Type and text of the error, without a traceback.
    """
    text = str(error.args[0]) if (isinstance(error, KeyError)
                                  and error.args) else str(error)
    if 'Original Traceback' in text:
        # The last line that names an error, and the text behind it.
        found = [*re.finditer(r'^[\w.]*(?:Error|Checkpoint): ', text, re.M)]
        if found:
            return text[found[-1].start():].strip()
    return f'{type(error).__name__}: {text}'


@contextmanager
def one_message(work_dir: Optional[str] = None) -> Iterator[None]:
    """End the process with one message instead of a traceback.

    Args:
        work_dir (str, optional): Folder of a run. If it exists, the traceback
            is written there; a successful run removes the traceback of an
            earlier start. Defaults to None: no run.

    Raises:
        SystemExit: With the message, hence exit status 1, if a file, a key
            or a value is wrong, or another process of the run has ended.

    Example:
        >>> with one_message():
        ...     convert(args.root)
    """
    path = None if work_dir is None else osp.join(work_dir, TRACEBACK)
    try:
        yield
        if path is not None and osp.isfile(path):
            os.remove(path)  # left by a start that had failed
    except LostProcess as error:
        # Keep the file: it may contain the traceback of the other process.
        sys.exit(str(error))
    except (_USER_ERRORS if work_dir is None else _CONFIG_ERRORS) as error:
        text = message_of(error)
        if work_dir and path and osp.isdir(work_dir):
            with suppress(OSError):  # the disk may be full
                with open(path, 'w') as file:
                    file.write(traceback.format_exc())
                text += f' (More in {path}.)'
        sys.stdout.flush()
        sys.exit(text)


def printable(path: str) -> str:
    """A path as any terminal can print it.

    Args:
        path (str): A path; names that are not UTF-8 have surrogates.

    Returns:
        str: The same with question marks in their place.
    """
    return os.fsencode(path).decode('utf-8', 'replace')
