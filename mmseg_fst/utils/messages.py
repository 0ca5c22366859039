"""One clear message where whoever runs a program can mend what is wrong."""
import os
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import path as osp
from typing import Optional

from .checks import LostProcess

# What wrong files, values and missing packages end in; other errors are
# faults of the program, and a traceback is what they need.
_MENDABLE = (OSError, ValueError, ImportError, FloatingPointError)
# What a wrong config may end in, too, where a run is built from it.
_MENDABLE_IN_A_RUN = (*_MENDABLE, KeyError, TypeError, AttributeError)
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
            it is there by then, and loses that of an earlier start if all
            goes well. Defaults to None: there is no run.

    Raises:
        SystemExit: With the message, which means exit status 1, if a file, a
            key or a value is wrong, or another process of the run has ended.
    """
    path = None if work_dir is None else osp.join(work_dir, TRACEBACK)
    try:
        yield
        if path is not None and osp.isfile(path):
            os.remove(path)  # of a start that had failed
    except LostProcess as error:
        # No traceback: that of the other one may be in the file.
        sys.exit(str(error))
    except (_MENDABLE if work_dir is None else _MENDABLE_IN_A_RUN) as error:
        text = message_of(error)
        if path is not None and osp.isdir(work_dir):
            with suppress(OSError):  # the disk may be full
                with open(path, 'w') as file:
                    file.write(traceback.format_exc())
                text += f' (More in {path}.)'
        sys.stdout.flush()
        sys.exit(text)
