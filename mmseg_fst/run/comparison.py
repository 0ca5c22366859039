"""Scores of several configs side by side."""
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

import numpy as np

from .run_config import title_of
from .score_files import RESULTS, read_results
from .tables import Row, format_table, make_row, mean_and_std

#: IoU of each class of one network by seed, in percent; the last two rows are
#: the mIoU after the last iteration and at the best validation.
Column = dict[str, list[float]]


def compare_runs(folders: Sequence[str]) -> Optional[str]:
    """Compare runs with the first one, by class.

    Each network has a column with its IoU after the last iteration, mean and
    sample standard deviation over the seeds, and the difference to the first
    column::

        | class | source-only | fst, student | fst, teacher |
        |---|---|---|---|
        | road | 61.7 | 72.1 (+10.4) | 73.0 (+11.3) |
        ...
        | mIoU | 27.3 | 40.1 (+12.8) | 41.0 (+13.7) |
        | mIoU, best validation | 27.6 | 40.3 (+12.7) | 41.2 (+13.6) |

    Args:
        folders (Sequence[str]): Folders of runs, ``.../CONFIG/seed_SEED``.

    Returns:
        str | None: Markdown. None if fewer than two configs have finished
        runs, or if their evaluation protocols, validation data or classes
        differ, so that scores cannot be compared.
    """
    by_config = defaultdict(list)
    for folder in dict.fromkeys(folders):
        by_config[Path(folder).absolute().parent].append(folder)
    titles = Counter(map(title_of, by_config))
    rows = [
        make_row(_title(config, titles), runs)
        for config, runs in by_config.items()
    ]
    rows = [row for row in rows if row.seeds]
    columns = {name: column for row in rows
               for name, column in _columns(row).items()}
    if (len(rows) < 2 or len({row.protocol for row in rows}) > 1
            or len({tuple(column) for column in columns.values()}) > 1
            or len(set(filter(None, map(_data, folders)))) > 1):
        return None
    first, *others = columns
    baseline = columns[first]
    table = format_table(['class', *columns], [[
        name, mean_and_std(baseline[name]),
        *(_compared(columns[other][name], baseline[name]) for other in others)
    ] for name in baseline])
    return ('IoU in percent after the last iteration, and the difference to '
            f'{first}:\n\n{table}')


def _title(config: Path, titles: Mapping[str, int]) -> str:
    """Name of a column, with its folder if the title is not unique."""
    title = title_of(config)
    return title if titles[title] == 1 else f'{config.parent.name}/{title}'


def _data(folder: str) -> str:
    """What a run was scored on; empty before its first validation."""
    if not Path(folder, RESULTS).is_file():
        return ''
    return str(read_results(folder).get('data'))


def _columns(row: Row) -> dict[str, Column]:
    """The networks of a config, by name."""
    networks = [network for network, moment in row.scores if moment == 'last']
    return {
        f'{row.name}, {network}' if len(networks) > 1 else row.name: {
            **row.classes[network, 'IoU'],
            'mIoU': row.scores[network, 'last'],
            'mIoU, best validation': row.scores[network, 'best'],
        }
        for network in networks
    }


def _compared(values: Sequence[float], baseline: Sequence[float]) -> str:
    """A score and the difference to that of the baseline."""
    text = mean_and_std(values)
    if not values or not baseline:  # the class is not in the labels
        return text
    return f'{text} ({np.mean(values) - np.mean(baseline):+.1f})'
