"""Parts of the page: scores, curves of the log, classes."""
from collections.abc import Callable, Sequence
from math import isfinite, isnan, nan
from typing import NamedTuple

from mmseg_fst.run.tables import columns_of, make_row, mean_and_std

from .curves import COLORS, Chart, Line, make_chart
from .runs import Method, Run

#: What is drawn of the log, by title.
_LOGGED = {
    'Loss': 'loss',
    'Norm of the gradient': 'grad_norm',
    'Weight of pseudo-labels': 'pseudo_label_weight',
    'Agreement of co-trained students': 'agreement'
}


class Table(NamedTuple):
    """A table of texts.

    Attributes:
        title (str): What it shows.
        head (list[str]): Titles of its columns.
        rows (list[list[str]]): Its cells; the first of a row is its name.
    """
    title: str
    head: list[str]
    rows: list[list[str]]


def method_colors(methods: Sequence[Method]) -> dict[str, str]:
    """A color for each method, by its name.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        dict[str, str]: Colors of SVG; they repeat if there are many.
    """
    return {
        method.name: COLORS[index % len(COLORS)]
        for index, method in enumerate(methods)
    }


def score_tables(methods: Sequence[Method]) -> list[Table]:
    """Last and best mIoU over seeds, a table for each protocol.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        list[Table]: A row for each method.

    Raises:
        ValueError: If runs of one method were scored under different
            protocols.
    """
    rows = [
        make_row(method.name, [str(run.folder) for run in method.runs])
        for method in methods
    ]
    tables = []
    for protocol in dict.fromkeys(row.protocol for row in rows):
        some = [row for row in rows if row.protocol == protocol]
        columns = columns_of(some)
        tables.append(
            Table(protocol, [
                'method', 'seeds', 'iterations', 'minutes',
                *(f'{network}, {moment}' for network, moment in columns)
            ], [[
                row.name,
                str(len(row.seeds)),
                '/'.join(map(str, sorted(row.iterations))) or '-',
                mean_and_std(row.minutes),
                *(mean_and_std(row.scores.get(key, ())) for key in columns)
            ] for row in some]))
    return tables


def lines_of(methods: Sequence[Method], keys: dict[str, bool],
             values: Callable[[Run], dict]) -> list[Line]:
    """Lines of a chart.

    Args:
        methods (Sequence[Method]): The methods.
        keys (dict[str, bool]): Names of values, and whether their lines are
            dashed.
        values (Callable[[Run], dict]): Where a run has them, by name; those
            that are not finite have no place in a chart.

    Returns:
        list[Line]: One for each method and name that has values.
    """
    colors, lines = method_colors(methods), []
    for method in methods:
        for key, dashed in keys.items():
            seeds = [{step: value
                      for step, value in values(run).get(key, {}).items()
                      if isfinite(value)} for run in method.runs]
            seeds = [seed for seed in seeds if seed]
            if seeds:
                lines.append(
                    Line(f'{method.name}: {key}', colors[method.name], dashed,
                         seeds))
    return lines


def score_charts(methods: Sequence[Method]) -> list[Chart]:
    """Loss, mIoU of every network, and what else each method logs.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        list[Chart]: Those for which there are values.
    """
    networks = dict.fromkeys(
        key for method in methods for key in method.metrics()
        if key.rpartition('/')[2] == 'mIoU')
    # The student, or the first of them, has the whole line.
    dashed = {key: index > 0 for index, key in enumerate(networks)}
    found = {'mIoU of the validation, %':
             lines_of(methods, dashed, lambda run: run.scores)}
    for title, key in _LOGGED.items():
        found[title] = lines_of(methods, {key: False}, lambda run: run.scalars)
    return [make_chart(title, lines) for title, lines in found.items()
            if lines]


def class_tables(methods: Sequence[Method]) -> list[Table]:
    """IoU of each class in the last validation, mean over seeds.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        list[Table]: One, or none if no run was validated.
    """
    columns: dict[tuple[str, str], list[dict[str, float]]] = {}
    for method in methods:
        for run in method.runs:
            for network, values in run.class_iou.items():
                columns.setdefault((method.name, network), []).append(values)
    if not columns:
        return []
    classes = dict.fromkeys(
        one for runs in columns.values() for run in runs for one in run)
    return [
        Table('IoU of the last validation, %', [
            'class', *(f'{name}: {network}' for name, network in columns)
        ], [[
            one, *(mean_and_std([
                run[one] for run in runs if not isnan(run.get(one, nan))
            ]) for runs in columns.values())
        ] for one in classes])
    ]
