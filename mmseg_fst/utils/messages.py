"""One clear message, without a traceback, for errors that users can fix."""
import os
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from os import path as osp
from typing import Any, Optional

from .checks import LostProcess
from .error_place import line_of, settings_behind

# Errors caused by wrong files, wrong values and missing packages. All others
# are bugs of the program, which need a traceback.
_USER_ERRORS = (OSError, ValueError, ImportError, FloatingPointError)
# A wrong config may also raise these while a run is built from it.
_CONFIG_ERRORS = (*_USER_ERRORS, KeyError, TypeError, AttributeError)
# Parts of messages of memory errors, which many types have.
_NO_MEMORY = ('out of memory', "can't allocate memory",
              'unable to allocate', 'failed to allocate memory')
_MEMORY_ADVICE = ('There is not enough memory: use a smaller size, smaller '
                  'windows, a smaller batch, or another --device.')
# What to do in a run, by a part of the message.
_ADVICE = {
    **dict.fromkeys(_NO_MEMORY, 'Reduce train_dataloader.batch_size or the '
                    'size of the crops.'),
    'more than 1 value per channel when training': 'Batch normalization needs '
    'more than one value per channel: raise train_dataloader.batch_size or '
    'the size of the crops.',
    'image size in a batch should be the same': 'Set the batch_size of the '
    'validation to 1, or resize or crop all images to the same size.',
    'available training on gpu': 'Without a GPU, set optim_wrapper.type to '
    'OptimWrapper, or to AutocastOptimWrapper for bfloat16.',
    'unexpected keyword argument': 'Take it out, or correct its name.',
}
#: File for the traceback of a run.
TRACEBACK = 'error.txt'
#: Environment variable; set to 1, every error shows its traceback.
SHOW_TRACEBACK = 'MMSEG_FST_TRACEBACK'


def message_of(error: BaseException,
               config: Optional[Mapping[str, Any]] = None) -> str:
    """Describe an error in one paragraph.

    Args:
        error (BaseException): The error. If a worker of a data loader raised
            it, its text contains the traceback of the worker.
        config (Mapping, optional): Config of the run. Defaults to None.

    Returns:
        str: Type and text of the error, without a traceback; of an error
        that a library raised in a run also the settings of the object that
        raised it, and advice if there is any; outside of a run how to see
        the traceback.
    """
    text = str(error.args[0]) if (isinstance(error, KeyError)
                                  and error.args) else str(error)
    name = type(error).__name__
    if 'Original Traceback' in text:
        # The last line that names an error, and the text behind it.
        found = [*re.finditer(r'^[\w.]*(?:Error|Checkpoint)\b(?:: )?', text,
                              re.M)]
        if found:
            last = text[found[-1].start():].strip()
            name, _, text = last.partition(': ')
    line = line_of(error)
    if not text and line is not None:
        # A bare assertion: the condition is all that it says.
        text = f'{line.source} ({osp.basename(line.file)}, {line.number})'
    text = f'{name}: {text}'
    if config is None and lacks_memory(error):
        return f'{_sentence(text)} {_MEMORY_ADVICE}'
    if config is None and _is_of_library(error):
        return (f'{_sentence(text)} Set {SHOW_TRACEBACK}=1 to see the '
                'traceback.')
    if config is None or line is None or not line.in_library:
        return text
    return ' '.join([_sentence(text), *_explanations(error, text, config)])


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that there is not enough memory.

    Args:
        error (BaseException): The error, of Python or of any library.

    Returns:
        bool: Whether it does.
    """
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(
        part in text for part in _NO_MEMORY)


def _sentence(text: str) -> str:
    """End a text with a period."""
    text = text.rstrip()
    return text if text.endswith(('.', '!', '?')) else f'{text}.'


def _explanations(error: BaseException, text: str,
                  config: Mapping[str, Any]) -> Iterator[str]:
    """Sentences about the error of a library."""
    settings = settings_behind(error, config)
    if settings:
        yield f'Check the settings of {settings}.'
    for part, advice in _ADVICE.items():
        if part in text.lower():
            yield advice


def _is_wrong_input(error: Exception, in_run: bool) -> bool:
    """Whether an error was caused by files or settings, not by a bug."""
    return (isinstance(error, _CONFIG_ERRORS if in_run else _USER_ERRORS)
            or lacks_memory(error) or _is_of_library(error))


def _is_of_library(error: BaseException) -> bool:
    """Whether a library raised an error because a value did not fit.

    Of an extension in C, such as OpenCV, the last line is the one that calls
    it; but it has its own types of errors.
    """
    if isinstance(error, _USER_ERRORS):
        return False
    line = line_of(error)
    package = type(error).__module__.partition('.')[0]
    return (package not in ('builtins', 'mmseg_fst', '__main__')
            or line is not None and line.in_library)


@contextmanager
def one_message(work_dir: Optional[str] = None,
                config: Optional[Mapping[str, Any]] = None) -> Iterator[None]:
    """End the process with one message instead of a traceback.

    With ``MMSEG_FST_TRACEBACK=1`` in the environment, errors pass with their
    traceback.

    Args:
        work_dir (str, optional): Folder of a run. If it exists, the traceback
            is written there; a successful run removes the traceback of an
            earlier start. Defaults to None: no run.
        config (Mapping, optional): Config of the run, for messages that name
            its settings. Defaults to None.

    Raises:
        SystemExit: With the message, hence exit status 1, if a file, a key
            or a value is wrong, a library refuses it, there is not enough
            memory, or another process of the run has ended.

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
        if _shows_traceback():
            raise
        # Keep the file: it may contain the traceback of the other process.
        sys.exit(str(error))
    except Exception as error:
        if _shows_traceback() or not _is_wrong_input(error, path is not None):
            raise
        text = message_of(error, config)
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


def _shows_traceback() -> bool:
    """Whether the environment asks for tracebacks."""
    return os.environ.get(SHOW_TRACEBACK, '0') not in ('', '0')
