"""Tables of finished runs: one row for each config, mean over its seeds."""
import csv
import glob
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from os import path as osp
from pathlib import Path
from typing import Optional

import numpy as np

from mmseg_fst.utils.collapsed import beside_score
from mmseg_fst.utils.files import atomic_write

from .run_config import SPLIT_MARK, title_of
from .score_files import (
    is_finished,
    iterations_of,
    last_classes,
    read_protocol,
    read_results,
    read_scores,
)

#: Of a config of which no run has been validated yet.
NOT_RUN = 'not run yet'


@dataclass
class Row:
    """Scores of one config over its seeds.

    Attributes:
        name (str): What the row is called.
        split (str): Split of the labeled images; empty if there is only one.
        protocol (str): The evaluation protocol of all seeds.
        seeds (list[int]): Seeds of the finished runs.
        iterations (set[int]): Their numbers of iterations, in all stages.
        minutes (list[float]): Training time of those with a log.
        scores (dict[tuple[str, str], list[float]]): By network, and
            ``'last'`` or ``'best'``.
        zero (dict[tuple[str, str], dict[str, None]]): Likewise the classes
            whose IoU is 0.0 in some seed.
        classes (dict[tuple[str, str], dict[str, list[float]]]): By network
            and name of a score of :func:`mmseg_fst.ops.scores_by_class` the
            values of each class after the last iteration, in percent.
    """
    name: str
    split: str = ''
    protocol: str = NOT_RUN
    seeds: list[int] = field(default_factory=list)
    iterations: set[int] = field(default_factory=set)
    minutes: list[float] = field(default_factory=list)
    scores: dict[tuple[str, str], list[float]] = field(
        default_factory=lambda: defaultdict(list))
    zero: dict[tuple[str, str], dict[str, None]] = field(
        default_factory=lambda: defaultdict(dict))
    classes: dict[tuple[str, str], dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def text(self, key: tuple[str, str]) -> str:
        """Mean and standard deviation of a score, as tables show them.

        Args:
            key (tuple[str, str]): A network, and ``'last'`` or ``'best'``.

        Returns:
            str: Followed by the classes with the IoU 0.0.
        """
        return (mean_and_std(self.scores.get(key, ()))
                + beside_score(tuple(self.zero.get(key, ()))))


def common_protocol(name: str, folders: Iterable[str]) -> str:
    """The evaluation protocol of all runs of a row.

    Args:
        name (str): What the row is called.
        folders (Iterable[str]): Folders of runs; those that were not
            validated yet do not count.

    Returns:
        str: The protocol in words.

    Raises:
        ValueError: If runs were scored under different ones.
    """
    found = {
        osp.basename(folder): read_protocol(folder)
        for folder in folders if osp.isfile(osp.join(folder, 'results.json'))
    }
    if len(set(found.values())) > 1:
        listed = '; '.join(f'{run}: {score}' for run, score in found.items())
        raise ValueError(
            f'{name} mixes evaluation protocols, so there is no mean '
            f'({listed}); move the seeds of one of them to a folder of their '
            'own.')
    return next(iter(found.values()), NOT_RUN)


def _parts(folder: str) -> list[str]:
    """Folders of all trainings of a run: its stages, if any, and itself."""
    pattern = osp.join(glob.escape(folder), 'stage_*', 'results.json')
    return [*map(osp.dirname, glob.glob(pattern)), folder]


def train_minutes(folder: str) -> Optional[float]:
    """Minutes of one training, without validation.

    The median of the logged step times, times the iterations: a run that was
    paused must not count as slow.

    Args:
        folder (str): Folder of the run.

    Returns:
        float | None: None if it has no log.
    """
    times = []
    for log in Path(folder).glob('*/vis_data/scalars.json'):
        entries = map(json.loads, log.read_text().splitlines())
        # Entries of a validation have no learning rate; several optimizers
        # have one each, `STUDENT.lr`.
        times += [
            entry['time'] for entry in entries
            if any(key.endswith('lr') for key in entry)
        ]
    if not times:
        return None
    return iterations_of(folder) * np.median(times) / 60


def make_row(name: str,
             folders: Sequence[str],
             metric: str = 'mIoU',
             split: str = '') -> Row:
    """Read the runs of one config; unfinished ones are left out.

    Args:
        name (str): What the row is called.
        folders (Sequence[str]): Folders of its runs.
        metric (str): The metric. Defaults to ``'mIoU'``.
        split (str): See :class:`Row`. Defaults to ``''``.

    Returns:
        Row: The row.

    Raises:
        ValueError: See :func:`common_protocol`.
    """
    row = Row(name, split, common_protocol(name, folders))
    for folder in folders:
        if not osp.isfile(osp.join(folder, 'results.json')):
            continue
        if not is_finished(folder):
            print(f'{folder}: not finished, left out', file=sys.stderr)
            continue
        row.seeds.append(read_results(folder)['seed'])
        parts = _parts(folder)
        row.iterations.add(sum(iterations_of(part) for part in parts))
        minutes = [
            duration for part in parts
            if (duration := train_minutes(part)) is not None
        ]
        if len(minutes) == len(parts):
            row.minutes.append(sum(minutes))
        for score in read_scores(folder, metric):
            row.scores[score.network, 'last'].append(score.last)
            row.scores[score.network, 'best'].append(score.best)
            for moment, zero in (('last', score.zero_last),
                                 ('best', score.zero_best)):
                row.zero[score.network, moment].update(dict.fromkeys(zero))
        for network, scores in last_classes(folder).items():
            for class_name, values in scores.items():
                for key, value in values.items():
                    row.classes[network, key][class_name] += (
                        [] if value is None else [value])
    return row


def columns_of(rows: Iterable[Row]) -> list[tuple[str, str]]:
    """The scores that some rows have.

    Args:
        rows (Iterable[Row]): The rows.

    Returns:
        list[tuple[str, str]]: Networks in the order in which they first
        occur, each with ``'last'`` and ``'best'``; the student if there is
        no score yet.
    """
    networks = dict.fromkeys(
        network for row in rows for network, _ in row.scores)
    return [(network, moment) for network in networks or ['student']
            for moment in ('last', 'best')]


def mean_and_std(values: Sequence[float]) -> str:
    """Mean, and the standard deviation (of the sample) where there is one.

    Args:
        values (Sequence[float]): Any numbers.

    Returns:
        str: Such as ``'54.3 ± 0.8'``; ``'-'`` for none; ``'nan ± nan'``
        if one is.
    """
    if not values:
        return '-'
    mean = f'{np.mean(values):.1f}'
    if len(values) == 1:
        return mean
    return f'{mean} ± {np.std(values, ddof=1):.1f}'


def rows_of(folder: Path, metric: str) -> list[Row]:
    """Make one row for each random split of the labeled images.

    Args:
        folder (Path): Folder with ``seed_*`` folders.
        metric (str): The metric.

    Returns:
        list[Row]: The rows. Empty if no run in the folder has been validated.
    """
    by_split = defaultdict(list)
    for path in sorted(folder.glob('seed_*/results.json')):
        split = path.parent.name.partition(SPLIT_MARK)[2]
        by_split[split].append(str(path.parent))
    return [
        make_row(title_of(folder.resolve()), runs, metric, split)
        for split, runs in sorted(by_split.items())
    ]


def format_markdown(rows: Iterable[Row]) -> str:
    """One table for each protocol: scores of different ones do not compare.

    Args:
        rows (Iterable[Row]): The rows.

    Returns:
        str: Markdown; empty without rows.
    """
    tables = defaultdict(list)
    for row in rows:
        tables[row.protocol].append(row)
    return '\n'.join(f'Protocol: {protocol}\n\n{_table_of(some)}'
                     for protocol, some in tables.items())


def format_classes(rows: Iterable[Row], score: str) -> str:
    """A table by class for each protocol, a column for each network.

    Args:
        rows (Iterable[Row]): The rows.
        score (str): One of
            :data:`mmseg_fst.run.table_scores.CLASS_SCORES`.

    Returns:
        str: Markdown; says so if no run has scores by class.
    """
    tables: dict[tuple, list[tuple[str, dict[str, list[float]]]]] = (
        defaultdict(list))
    for row in rows:
        for (network, name), classes in row.classes.items():
            if name == score:
                column = ' '.join(filter(None, (row.name, row.split, network)))
                tables[row.protocol, tuple(classes)].append((column, classes))
    if not tables:
        return ('No run has scores by class: they need a run of this version '
                "with val_evaluator=dict(type='ConfusionIoUMetric').")
    return '\n'.join(
        f'{score} by class, %. Protocol: {protocol}\n\n' + format_table(
            ['class', *(column for column, _ in columns)],
            [[name, *(mean_and_std(values[name]) for _, values in columns)]
             for name in classes])
        for (protocol, classes), columns in tables.items())


def format_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown.

    Args:
        head (Sequence[str]): Titles of the columns.
        rows (Iterable[Sequence[str]]): As many cells each.

    Returns:
        str: The lines, with a newline at the end.
    """
    lines = [f'| {" | ".join(cells)} |' for cells in (head, *rows)]
    return '\n'.join([lines[0], '|---' * len(head) + '|', *lines[1:], ''])


def _table_of(rows: Sequence[Row]) -> str:
    """One table in Markdown."""
    columns = columns_of(rows)
    head = [
        'run', 'iterations', 'seeds', 'minutes of training',
        *(f'{network}, {moment}' for network, moment in columns)
    ]
    return format_table(head, [[
        f'{row.name}, split {row.split}' if row.split else row.name,
        '/'.join(map(str, sorted(row.iterations))) or '-',
        str(len(row.seeds)),
        f'{np.mean(row.minutes):.1f}' if row.minutes else '-',
        *(row.text(key) for key in columns)
    ] for row in rows])


def _numbers(row: Row, columns: Iterable[tuple[str, str]]) -> list:
    """A row for a program: means and deviations in separate columns."""
    cells = [
        row.name, row.split, row.protocol,
        ' '.join(map(str, sorted(row.iterations))), len(row.seeds),
        ' '.join(map(str, row.seeds)),
        round(np.mean(row.minutes), 3) if row.minutes else ''
    ]
    for key in columns:
        values = row.scores.get(key, ())
        cells.append(round(np.mean(values), 4) if values else '')
        cells.append(
            round(np.std(values, ddof=1), 4) if len(values) > 1 else '')
    return cells


def write_csv(path: str, rows: Iterable[Row]) -> None:
    """Write rows as CSV; what is not known is empty.

    Args:
        path (str): The file.
        rows (Iterable[Row]): The rows.
    """
    rows = list(rows)
    columns = columns_of(rows)
    scores = [f'{network}_{moment}_{value}' for network, moment in columns
              for value in ('mean', 'std')]
    with atomic_write(path) as temporary:
        with open(temporary, 'w', newline='') as file:
            writer = csv.writer(file)
            writer.writerow([
                'run', 'split', 'protocol', 'iterations', 'num_seeds',
                'seeds', 'minutes', *scores
            ])
            writer.writerows(_numbers(row, columns) for row in rows)
