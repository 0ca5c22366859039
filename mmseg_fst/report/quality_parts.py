"""Parts of the report: quality of pseudo-labels."""
import statistics
from collections.abc import Sequence
from math import isfinite, sqrt
from typing import Optional

from mmseg_fst.engine.hooks.pseudo_label_quality_hook import PREFIX

from .curves import Chart, make_chart
from .runs import Method, Run
from .score_parts import Table, lines_of

#: Titles of the charts, by name of the metric.
_QUALITY = {
    'mIoU': 'mIoU',
    'accuracy': 'accuracy',
    'coverage': 'coverage (mean weight)',
    'calibration_error': 'calibration error',
    'disagreement': 'disagreement of teacher and student'
}
_BY_CLASS = ('iou', 'accuracy', 'coverage', 'calibration_error', 'share')


def quality_charts(methods: Sequence[Method]) -> list[Chart]:
    """Charts of the metrics that ``PseudoLabelQualityHook`` has logged.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        list[Chart]: A chart for each metric that was logged.
    """
    charts = []
    for name, title in _QUALITY.items():
        keys = {f'{PREFIX}/{network}/{name}': network != 'future'
                for network in ('future', 'past')}
        students = dict.fromkeys(
            (key for method in methods for key in method.keys()
             if key.startswith(f'{PREFIX}/')
             and key.count('/') == 2 and key.endswith(f'/{name}')), True)
        # Students only if there is no teacher: it makes the pseudo-labels.
        has_teacher = any(key in students for key in keys)
        lines = lines_of(methods, keys if has_teacher else students,
                         lambda run: run.scalars)
        if lines:
            charts.append(make_chart(f'Pseudo-labels: {title}, %', lines))
    return charts


def gain_chart(methods: Sequence[Method]) -> Optional[Chart]:
    """Chart of the difference in mIoU between future and past teacher.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        Chart | None: The chart; None if no run has logged both teachers.
    """
    key = 'future - past'

    def gains(run: Run) -> dict[str, dict[int, float]]:
        pairs = _paired(run.scalars, 'mIoU')
        return {key: {step: future - past
                      for step, (past, future) in pairs.items()}}

    lines = lines_of(methods, {key: False}, gains)
    if not lines:
        return None
    return make_chart('Future minus past teacher: mIoU, points', lines)


def future_table(methods: Sequence[Method]) -> Optional[Table]:
    """Table that compares past and future teacher on the same batches.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        Table | None: The table; None if no run has logged both teachers.
    """
    rows = []
    for method in methods:
        for name in ('mIoU', 'accuracy', 'calibration_error',
                     'disagreement'):
            pairs = [
                (past, future)
                for run in method.runs
                for past, future in _paired(run.scalars, name).values()
            ]
            if pairs:
                rows.append([method.name, _QUALITY[name], *_compare(pairs)])
    if not rows:
        return None
    return Table('Past and future teacher on the same batches, %', [
        'method', 'measure', 'past', 'future', 'difference', 'future is higher'
    ], rows)


def _paired(scalars: dict, name: str) -> dict[int, tuple[float, float]]:
    """Values of past and future teacher where both are finite."""
    past, future = (scalars.get(f'{PREFIX}/{network}/{name}', {})
                    for network in ('past', 'future'))
    return {
        step: (past[step], future[step])
        for step in past
        if step in future and isfinite(past[step]) and isfinite(future[step])
    }


def _compare(pairs: list[tuple[float, float]]) -> list[str]:
    """Means, mean difference with standard error, and number of gains."""
    gains = [future - past for past, future in pairs]
    error = ''
    if len(gains) > 1:
        deviation = statistics.stdev(gains) / sqrt(len(gains))
        error = f' ± {deviation:.3f}'
    return [
        *(f'{statistics.mean(column):.2f}' for column in zip(*pairs)),
        f'{statistics.mean(gains):+.3f}{error}',
        f'{sum(gain > 0 for gain in gains)} of {len(gains)}'
    ]


def quality_tables(methods: Sequence[Method]) -> list[Table]:
    """Tables of the metrics by class, averaged over all logged values.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        list[Table]: A table for each method that has logged them.
    """
    tables = []
    for method in methods:
        start = f'{PREFIX}/'
        found: dict[str, dict[tuple[str, str], list[float]]] = {}
        for run in method.runs:
            for key, values in run.scalars.items():
                parts = key.split('/', 3)
                if key.startswith(start) and len(parts) == 4:
                    _, network, name, class_name = parts
                    found.setdefault(class_name, {}).setdefault(
                        (network, name), []).extend(values.values())
        columns = sorted({column for row in found.values() for column in row},
                         key=lambda column: (_BY_CLASS.index(column[1]),
                                             column[0]))
        if found:
            tables.append(
                Table(f'{method.name}: pseudo-labels by class, %', [
                    'class', *(f'{name.replace("_", " ")}, {network}'
                               for network, name in columns)
                ], [[
                    class_name, *(f'{statistics.mean(values[column]):.1f}'
                                  if column in values else '-'
                                  for column in columns)
                ] for class_name, values in found.items()]))
    return tables
