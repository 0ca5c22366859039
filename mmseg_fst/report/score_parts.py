"""Parts of the report: scores, logged curves, IoU by class."""
from collections.abc import Callable, Sequence
from math import isfinite
from typing import NamedTuple

from mmseg_fst.run.tables import columns_of, make_row, mean_and_std

from .curves import COLORS, Chart, Line, make_chart
from .runs import Method, Run

#: Logged values to plot, by title of the chart.
_LOGGED = {
    'Loss': 'loss',
    'Norm of the gradient': 'grad_norm',
    'Weight of pseudo-labels': 'pseudo_label_weight',
    'Agreement of co-trained students': 'agreement'
}


class Table(NamedTuple):
    """A table of texts.

    Attributes:
        title (str): Title of the table.
        head (list[str]): Titles of the columns.
        rows (list[list[str]]): Cells; the first cell of a row is its name.
    """
    title: str
    head: list[str]
    rows: list[list[str]]


def method_colors(methods: Sequence[Method]) -> dict[str, str]:
    """Assign a color to each method.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        dict[str, str]: SVG colors by name of the method; many methods share
        colors.
    """
    return {
        method.name: COLORS[index % len(COLORS)]
        for index, method in enumerate(methods)
    }


def score_tables(methods: Sequence[Method]) -> list[Table]:
    """Tables of the last and best mIoU over seeds, one for each protocol.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        list[Table]: Tables with a row for each method.

    Raises:
        ValueError: If runs of one method were evaluated with different
            protocols.
    """
    rows = [
        make_row(method.name, [str(run.folder) for run in method.runs])
        for method in methods
    ]
    tables = []
    for protocol in dict.fromkeys(row.protocol for row in rows):
        selected = [row for row in rows if row.protocol == protocol]
        columns = columns_of(selected)
        tables.append(
            Table(f'mIoU, % (protocol: {protocol})', [
                'method',
                *(f'{network}, {moment}' for network, moment in columns),
                'seeds', 'iterations', 'minutes'
            ], [[
                row.name,
                *(row.text(key) for key in columns),
                str(len(row.seeds)),
                '/'.join(map(str, sorted(row.iterations))) or '-',
                mean_and_std(row.minutes)
            ] for row in selected]))
    return tables


def lines_of(methods: Sequence[Method], keys: dict[str, bool],
             values: Callable[[Run], dict]) -> list[Line]:
    """Collect the lines of a chart.

    Args:
        methods (Sequence[Method]): The methods.
        keys (dict[str, bool]): Names of values, and whether their lines are
            dashed.
        values (Callable[[Run], dict]): Returns the values of a run, by name
            and iteration. Values that are not finite are dropped.

    Returns:
        list[Line]: A line for each method and name with values.
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
    """Charts of the mIoU of every network, the loss and other logged values.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        list[Chart]: Charts of the quantities that have values.
    """
    networks = dict.fromkeys(
        key for method in methods for key in method.metrics()
        if key.rpartition('/')[2] == 'mIoU')
    # The student, or the first student, has the solid line.
    dashed = {key: index > 0 for index, key in enumerate(networks)}
    found = {'mIoU of the validation, %':
             lines_of(methods, dashed, lambda run: run.scores)}
    for title, key in _LOGGED.items():
        found[title] = lines_of(methods, {key: False}, lambda run: run.scalars)
    return [make_chart(title, lines) for title, lines in found.items()
            if lines]
