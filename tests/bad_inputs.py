"""Cases of bad input, and their table in docs/bad_inputs.md."""
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

TITLE = '''\
# Error messages for bad inputs

Every row is a test (`tests/test_bad_inputs.py`, which also writes this file):
the command exits with a status other than 0 and one message that contains the
quoted text, without a traceback, and leaves no checkpoint or result. The tests
create `mine`, `photos`, `run` and `bad.py`. If the run has started, the
traceback is written to `WORK_DIR/error.txt`. Only a bug in the program itself
prints a traceback.
'''


class Case(NamedTuple):
    """A bad input.

    Attributes:
        what (str): Description of the error.
        command (str): Command to run in the folder of the case.
        names (str): Part of the message that names the file or the key.
        fix (str): Part of the message that suggests a fix.
        prepare (Callable, optional): Creates the error in the folder of the
            case.
        begins (bool): Whether the work folder is created before the error is
            detected.
    """
    what: str
    command: str
    names: str
    fix: str
    prepare: Optional[Callable[[Path], None]] = None
    begins: bool = False


def format_table(groups: dict[str, Sequence[Case]]) -> str:
    """Format the page.

    Args:
        groups (dict[str, Sequence[Case]]): Cases by heading.

    Returns:
        str: Markdown.
    """
    lines = [TITLE]
    for heading, cases in groups.items():
        lines += [f'## {heading}', '',
                  '| error | command | the message names | and suggests |',
                  '|---|---|---|---|']
        lines += [
            '| ' + ' | '.join(
                text.replace('|', '\\|') for text in (
                    case.what, f'`{case.command}`', f'`{case.names}`',
                    case.fix)) + ' |' for case in cases
        ] + ['']
    return '\n'.join(lines).rstrip() + '\n'
