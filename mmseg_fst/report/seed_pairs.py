"""Differences of runs to a baseline, paired by seed."""
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any, NamedTuple, Optional

from mmseg_fst.run.score_files import is_finished, iterations_of, read_scores
from mmseg_fst.run.tables import mean_and_std, train_minutes

from .runs import Method, Run

#: Names of the teachers between which a step moves, in logs.
_PAST, _FUTURE = 'pseudo_label/past/mIoU', 'pseudo_label/future/mIoU'


class Difference(NamedTuple):
    """Mean difference over pairs.

    Attributes:
        mean (float): The mean.
        error (float, optional): Its standard error; None of a single pair.
        pairs (int): Number of pairs.
    """
    mean: float
    error: Optional[float]
    pairs: int

    def __str__(self) -> str:
        """Such as ``'+1.2 ± 0.3'``."""
        text = f'{self.mean:+.1f}'
        return text if self.error is None else f'{text} ± {self.error:.1f}'


def paired_difference(values: Mapping[str, float],
                      baseline: Mapping[str, float]) -> Optional[Difference]:
    """Mean difference over what two mappings have in common.

    Args:
        values (Mapping[str, float]): Scores by seed.
        baseline (Mapping[str, float]): Scores of the baseline by seed.

    Returns:
        Difference | None: The mean of the differences with its standard
        error, ``stdev / sqrt(n)``; None without a common seed.

    Example:
        >>> str(paired_difference({'0': 3., '1': 5.}, {'0': 2., '1': 2.}))
        '+2.0 ± 1.0'
    """
    pairs = [value - baseline[seed]
             for seed, value in values.items() if seed in baseline]
    if not pairs:
        return None
    error = stdev(pairs) / sqrt(len(pairs)) if len(pairs) > 1 else None
    return Difference(mean(pairs), error, len(pairs))


@dataclass
class PairedRow:
    """Finished runs of one method.

    Attributes:
        name (str): Name of the method.
        scores (dict[str, dict[str, float]]): mIoU by network and seed, in
            percent.
        images (float): Images of a side that the student was trained on in
            all, virtual steps included.
        minutes (list[float]): Training time of the runs with a log.
        label_gain (Difference, optional): mIoU of the pseudo-labels of the
            future teacher less that of the past teacher in the same step,
            over all measured steps of all runs; None if not measured.
    """
    name: str
    scores: dict[str, dict[str, float]]
    images: float
    minutes: list[float]
    label_gain: Optional[Difference] = None


def virtual_steps(hooks: Sequence[Mapping[str, Any]]) -> float:
    """Virtual steps of an iteration, by the hooks of a config.

    Args:
        hooks (Sequence[Mapping]): Its ``custom_hooks``.

    Returns:
        float: Their number, a mean over the iterations of an interval.
    """
    for hook in hooks:
        if hook.get('type') in ('FSTHook', 'SelfLookAheadHook'):
            return hook.get('depth', 1) / hook.get('interval', 1)
        if hook.get('type') == 'WideFSTHook':
            return hook.get('width', 3)
    return 0


def trained_images(folder: Path) -> float:
    """Images of a side that the student of a run was trained on.

    Args:
        folder (Path): Folder of a run.

    Returns:
        float: Their number, an image counted as often as it was forwarded.

    Raises:
        FileNotFoundError: If the run has no ``config.json``.
    """
    path = folder / 'config.json'
    if not path.is_file():
        raise FileNotFoundError(f'{path} is missing; give the folders of runs '
                                'of this version.')
    config = json.loads(path.read_text())
    return (iterations_of(str(folder))
            * config['train_dataloader']['batch_size']
            * (1 + virtual_steps(config.get('custom_hooks') or [])))


def paired_row(method: Method, metric: str = 'mIoU',
               moment: str = 'last') -> Optional[PairedRow]:
    """Read the finished runs of a method.

    Args:
        method (Method): Its runs.
        metric (str): The metric. Defaults to ``'mIoU'``.
        moment (str): ``'last'`` or ``'best'``. Defaults to ``'last'``.

    Returns:
        PairedRow | None: The row; None if no run is finished.
    """
    runs = [run for run in method.runs
            if run.results and is_finished(str(run.folder))]
    if not runs:
        return None
    scores: dict[str, dict[str, float]] = {}
    for run in runs:
        for score in read_scores(str(run.folder), metric):
            scores.setdefault(score.network, {})[run.folder.name] = getattr(
                score, moment)
    minutes = [train_minutes(str(run.folder)) for run in runs]
    return PairedRow(
        method.name, scores,
        median(trained_images(run.folder) for run in runs),
        [time for time in minutes if time is not None],
        label_gain(runs))


def label_gain(runs: Sequence[Run]) -> Optional[Difference]:
    """By how much the future teacher labels better than the past one.

    Args:
        runs (Sequence[Run]): Runs with a :class:`PseudoLabelQualityHook` and
            ``labels_for_diagnosis``.

    Returns:
        Difference | None: Over pairs of the same step; None without any.
    """
    past, future = (
        {f'{run.folder}:{step}': value
         for run in runs for step, value in run.scalars.get(key, {}).items()}
        for key in (_PAST, _FUTURE))
    return paired_difference(future, past)


def find_baseline(rows: Sequence[PairedRow], name: str) -> PairedRow:
    """The row of a name, or whose name ends with it.

    Args:
        rows (Sequence[PairedRow]): All rows.
        name (str): Such as ``'decay-99'`` for
            ``'streets_mean-teacher_decay-99'``.

    Returns:
        PairedRow: The row.

    Raises:
        ValueError: If there is none, or more than one.
    """
    found = ([row for row in rows if row.name == name]
             or [row for row in rows if row.name.endswith(f'_{name}')])
    if len(found) != 1:
        raise ValueError(
            f'--baseline {name}: {len(found)} of the finished runs are '
            f'called so; choose from {", ".join(row.name for row in rows)}.')
    return found[0]


def paired_cells(rows: Sequence[PairedRow],
                 baseline: PairedRow) -> list[list[str]]:
    """Cells of the table of differences, the head first.

    Args:
        rows (Sequence[PairedRow]): All rows.
        baseline (PairedRow): One of them.

    Returns:
        list[list[str]]: Texts of the cells by row.
    """
    networks = list(dict.fromkeys(
        network for row in rows for network in row.scores))
    head = ['run', 'computation', 'minutes', 'seeds']
    for network in networks:
        head += [network, f'{network} - {baseline.name}']
    gains = any(row.label_gain for row in rows)
    cells = [[*head, 'pseudo-labels, future - past'] if gains else head]
    for row in rows:
        line = [
            row.name, f'{row.images / baseline.images:.2g}',
            f'{mean(row.minutes):.1f}' if row.minutes else '-',
            str(max(map(len, row.scores.values())))
        ]
        for network in networks:
            values = row.scores.get(network, {})
            found = paired_difference(
                values, baseline.scores.get(network, {}))
            line += [mean_and_std(list(values.values())),
                     '-' if row is baseline or found is None else str(found)]
        if gains:
            line.append(str(row.label_gain or '-'))
        cells.append(line)
    return cells


def to_markdown(cells: Sequence[Sequence[str]]) -> str:
    """A table in Markdown.

    Args:
        cells (Sequence[Sequence[str]]): Texts by row, the head first.

    Returns:
        str: Lines, each with its newline.
    """
    lines = [f'| {" | ".join(row)} |' for row in cells]
    lines.insert(1, '|---' * len(cells[0]) + '|')
    return '\n'.join(lines) + '\n'
