"""Problems of the files of a user, grouped by kind."""
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

# How many files are named for each kind.
_NUM_EXAMPLES = 3


class Problem(NamedTuple):
    """What is wrong with a file.

    Attributes:
        kind (str): What is wrong, without the name of a file.
        text (str): Sentences that name the file and suggest a fix.
    """
    kind: str
    text: str


class BadFileError(ValueError):
    """A file of a user that cannot be used.

    Args:
        kind (str): What is wrong, without the name of the file.
        text (str): Sentences that name the file and suggest a fix.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.problem = Problem(kind, text)


def group_problems(problems: Iterable[Problem]) -> str:
    """Describe problems: each kind with its number and examples.

    Args:
        problems (Iterable[Problem]): The problems.

    Returns:
        str: Lines, the most frequent kind first.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for problem in problems:
        groups[problem.kind].append(problem.text)
    counts = Counter({kind: len(texts) for kind, texts in groups.items()})
    lines = []
    for kind, count in counts.most_common():
        lines.append(f'{count} x {kind}:')
        lines += [f'    {text}' for text in groups[kind][:_NUM_EXAMPLES]]
        if count > _NUM_EXAMPLES:
            lines.append(f'    ... and {count - _NUM_EXAMPLES} more')
    return '\n'.join(lines)
