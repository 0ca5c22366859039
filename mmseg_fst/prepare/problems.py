"""Problems of the files of a user, grouped by kind."""
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Optional

import numpy as np

# How many files are named for each kind.
_NUM_EXAMPLES = 3


class Problem(NamedTuple):
    """What is wrong with a file.

    Attributes:
        kind (str): What is wrong, without the name of a file.
        text (str): Sentences that name the file and suggest a fix.
        distance (float, optional): Of a mask, the distance up to which
            ``--nearest`` must accept its values. Defaults to None: that
            would not help.
    """
    kind: str
    text: str
    distance: Optional[float] = None


class BadFileError(ValueError):
    """A file of a user that cannot be used.

    Args:
        kind (str): What is wrong, without the name of the file.
        text (str): Sentences that name the file and suggest a fix.
        distance (float, optional): See :class:`Problem`. Defaults to None.
    """

    def __init__(self, kind: str, text: str,
                 distance: Optional[float] = None) -> None:
        super().__init__(text)
        self.problem = Problem(kind, text, distance)


def group_problems(problems: Iterable[Problem]) -> str:
    """Describe problems: each kind with its number and examples.

    Args:
        problems (Iterable[Problem]): The problems.

    Returns:
        str: Lines, the most frequent kind first.
    """
    groups: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        groups[problem.kind].append(problem)
    counts = Counter({kind: len(group) for kind, group in groups.items()})
    lines = []
    for kind, count in counts.most_common():
        # The largest distance first: it is the one to accept.
        group = sorted(groups[kind], key=lambda problem: -(
            problem.distance or 0))
        lines.append(f'{count} x {kind}:')
        lines += [f'    {problem.text}' for problem in group[:_NUM_EXAMPLES]]
        if count > _NUM_EXAMPLES:
            lines.append(f'    ... and {count - _NUM_EXAMPLES} more')
        lines += _describe_distance(group)
    return '\n'.join(lines)


def _describe_distance(group: Sequence[Problem]) -> list[str]:
    """A line with the distance that accepts the values of all masks."""
    distances = [problem.distance for problem in group
                 if problem.distance is not None]
    if not distances:
        return []
    largest = max(distances)
    masks = (f'all {len(group)} masks' if len(distances) == len(group) else
             f'{len(distances)} of these {len(group)} masks')
    return [f'    --nearest {np.ceil(largest):.0f} accepts all values of '
            f'{masks}: their largest distance from a value of the class list '
            f'is {largest:.4g}.']
