"""Cases of bad input, and the table of them in docs/bad_inputs.md."""
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

TITLE = '''\
# What goes wrong, and what is said

Every row is a test (`tests/test_bad_inputs.py`, which also writes this file):
the command ends with an exit status other than 0 and one message that holds
the words shown, without a traceback, and no checkpoint or result is left
behind. `mine`, `photos`, `run` and `bad.py` are made for the case. In a run
that had begun, the traceback of a wrong file or value is kept in
`WORK_DIR/error.txt`; a fault of the program itself shows its traceback.
'''


class Case(NamedTuple):
    """A bad input.

    Attributes:
        what (str): What is wrong, in words.
        command (str): What is run, in the folder of the case.
        names (str): Part of the message: the file or the key.
        cure (str): Part of the message: what to do.
        prepare (Callable, optional): Makes it wrong, given the folder of the
            case.
        begins (bool): Whether the work folder is made before it is found out.
    """
    what: str
    command: str
    names: str
    cure: str
    prepare: Optional[Callable[[Path], None]] = None
    begins: bool = False


def format_table(groups: dict[str, Sequence[Case]]) -> str:
    """The document.

    Args:
        groups (dict[str, Sequence[Case]]): Cases by heading.

    Returns:
        str: Markdown.
    """
    lines = [TITLE]
    for heading, cases in groups.items():
        lines += [f'## {heading}', '',
                  '| what is wrong | command | the message names | and says |',
                  '|---|---|---|---|']
        lines += [
            '| ' + ' | '.join(
                text.replace('|', '\\|') for text in (
                    case.what, f'`{case.command}`', f'`{case.names}`',
                    case.cure)) + ' |' for case in cases
        ] + ['']
    return '\n'.join(lines).rstrip() + '\n'
