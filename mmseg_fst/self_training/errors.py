"""The messages of the command line as exceptions."""
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Optional

from mmseg_fst.utils.messages import one_message

_OPTION = re.compile(r'--([a-z]+(?:-[a-z]+)*)')


class SelfTrainError(ValueError):
    """Files or arguments that cannot be used; says what to change.

    The error that it stands for is its ``__cause__``.
    """


def in_python(text: str, arguments: Collection[str]) -> str:
    """Name arguments in a message in place of command-line options.

    Args:
        text (str): The message.
        arguments (Collection[str]): Names of the arguments.

    Returns:
        str: The message; options that are not arguments stay.

    Example:
        >>> in_python('Leave them out with --skip-bad.', ['skip_bad'])
        'Leave them out with `skip_bad`.'
    """

    def replace(match: re.Match) -> str:
        name = match[1].replace('-', '_')
        name = 'options' if name == 'cfg_options' else name
        return f'`{name}`' if name in arguments else match[0]

    return _OPTION.sub(replace, text)


@contextmanager
def as_exception(arguments: Collection[str],
                 work_dir: Optional[str] = None,
                 config: Optional[Mapping[str, Any]] = None
                 ) -> Iterator[None]:
    """Raise errors that users can fix with the message of the command line.

    Args:
        arguments (Collection[str]): See :func:`in_python`.
        work_dir (str, optional): See :func:`one_message`. Defaults to None.
        config (Mapping, optional): See :func:`one_message`. Defaults to None.

    Raises:
        SelfTrainError: In place of errors for which :func:`one_message` ends
            a process.
    """
    try:
        with one_message(work_dir, config):
            yield
    except SystemExit as end:
        cause = end.__context__
        if isinstance(cause, SelfTrainError):
            raise cause from cause.__cause__
        text = re.sub(r'^TaskError: ', '', str(end.code))
        raise SelfTrainError(in_python(text, arguments)) from cause
