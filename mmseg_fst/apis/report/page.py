"""One HTML page of runs, whole in itself."""
import statistics
from collections.abc import Callable, Sequence
from math import isnan, nan, sqrt
from pathlib import Path
from typing import NamedTuple, Optional

import jinja2

from mmseg_fst.apis.tables import columns_of, make_row, mean_and_std
from mmseg_fst.engine.hooks.pseudo_label_quality import PREFIX

from .curves import COLORS, Chart, Line, make_chart
from .pictures import last_mixed, predict_panels
from .runs import Method, differences

#: What is drawn of the log, and whether it is of the training or of metrics.
_LOGGED = {
    'Loss': 'loss',
    'Weight of pseudo-labels': 'pseudo_label_weight',
    'Agreement of co-trained students': 'agreement'
}
_QUALITY = {
    'mIoU': 'mIoU',
    'accuracy': 'accuracy',
    'coverage': 'coverage (mean weight)',
    'calibration_error': 'calibration error',
    'disagreement': 'disagreement of teacher and student'
}
_BY_CLASS = ('iou', 'accuracy', 'coverage', 'calibration_error', 'share')


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


def write_report(path: Path,
                 methods: list[Method],
                 command: str,
                 num_panels: int = 4,
                 trust: bool = False) -> list[str]:
    """Write the page.

    Args:
        path (Path): The file.
        methods (list[Method]): Runs of :func:`find_methods`.
        command (str): Command line that asked for it.
        num_panels (int): Images to predict; 0 loads no checkpoint. Defaults
            to 4.
        trust (bool): Whether to run code that a checkpoint asks for. Defaults
            to False.

    Returns:
        list[str]: A sentence for each method that could not predict.

    Raises:
        ValueError: If runs of one method were scored under different
            protocols.
    """
    panels, palette, missing = [], {}, []
    if num_panels:
        panels, palette, missing = predict_panels(methods, num_panels, trust)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('mmseg_fst.apis.report', '.'),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True)
    mixed = {method.name: last_mixed(method) for method in methods}
    text = environment.get_template('page.html').render(
        methods=methods,
        command=command,
        colors=method_colors(methods),
        scores=score_tables(methods),
        charts=score_charts(methods),
        quality_charts=quality_charts(methods),
        future=future_table(methods),
        class_tables=class_tables(methods),
        quality_tables=quality_tables(methods),
        panels=panels,
        palette=palette,
        missing=missing,
        mixed={name: one for name, one in mixed.items() if one},
        differences=differences({
            method.name: method.runs[0].config
            for method in methods
        }))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')
    return missing


def method_colors(methods: Sequence[Method]) -> dict[str, str]:
    """A colour for each method, by its name."""
    return {
        method.name: COLORS[index % len(COLORS)]
        for index, method in enumerate(methods)
    }


def score_tables(methods: Sequence[Method]) -> list[Table]:
    """Last and best mIoU over seeds, a table for each protocol."""
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


def _lines(methods: Sequence[Method], keys: dict[str, bool],
           values: Callable[[object], dict]) -> list[Line]:
    """A line for each method and key that is there; dashed if True."""
    colors, lines = method_colors(methods), []
    for method in methods:
        for key, dashed in keys.items():
            seeds = [values(run)[key] for run in method.runs
                     if values(run).get(key)]
            if seeds:
                lines.append(
                    Line(f'{method.name}: {key}', colors[method.name], dashed,
                         seeds))
    return lines


def score_charts(methods: Sequence[Method]) -> list[Chart]:
    """Loss, mIoU of every network, and what else each method logs."""
    networks = dict.fromkeys(
        key for method in methods for key in method.metrics()
        if key.rpartition('/')[2] == 'mIoU')
    # The student, or the first of them, has the whole line.
    dashed = {key: index > 0 for index, key in enumerate(networks)}
    found = {'mIoU of the validation, %':
             _lines(methods, dashed, lambda run: run.scores)}
    for title, key in _LOGGED.items():
        found[title] = _lines(methods, {key: False}, lambda run: run.scalars)
    return [make_chart(title, lines) for title, lines in found.items()
            if lines]


def quality_charts(methods: Sequence[Method]) -> list[Chart]:
    """Quality of the pseudo-labels, as the hook has measured it."""
    charts = []
    for name, title in _QUALITY.items():
        keys = {f'{PREFIX}/{who}/{name}': who != 'future'
                for who in ('future', 'past')}
        students = dict.fromkeys(
            (key for method in methods for key in method.keys()
             if key.startswith(f'{PREFIX}/')
             and key.count('/') == 2 and key.endswith(f'/{name}')), True)
        # Where there is a teacher, it labels.
        taught = any(key in students for key in keys)
        lines = _lines(methods, keys if taught else students,
                       lambda run: run.scalars)
        if lines:
            charts.append(make_chart(f'Pseudo-labels: {title}, %', lines))
    return charts


def future_table(methods: Sequence[Method]) -> Optional[Table]:
    """Past and future teacher on the same batches."""
    rows = []
    for method in methods:
        for name in ('mIoU', 'accuracy', 'calibration_error',
                     'disagreement'):
            pairs = [
                (past, future)
                for run in method.runs
                for past, future in _paired(run.scalars, name)
            ]
            if pairs:
                rows.append([method.name, _QUALITY[name], *_compare(pairs)])
    if not rows:
        return None
    return Table('Past and future teacher on the same batches, %', [
        'method', 'measure', 'past', 'future', 'difference', 'future is higher'
    ], rows)


def _paired(scalars: dict, name: str) -> list[tuple[float, float]]:
    """Values of past and future teacher, of the same iterations."""
    past, future = (scalars.get(f'{PREFIX}/{who}/{name}', {})
                    for who in ('past', 'future'))
    return [(past[step], future[step]) for step in past if step in future]


def _compare(pairs: list[tuple[float, float]]) -> list[str]:
    """Means, the mean difference with its standard error, and how often."""
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


def class_tables(methods: Sequence[Method]) -> list[Table]:
    """IoU of each class in the last validation, mean over seeds."""
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


def quality_tables(methods: Sequence[Method]) -> list[Table]:
    """Pseudo-labels by class, mean over what was measured."""
    tables = []
    for method in methods:
        start = f'{PREFIX}/'
        found: dict[str, dict[tuple[str, str], list[float]]] = {}
        for run in method.runs:
            for key, values in run.scalars.items():
                parts = key.split('/', 3)
                if key.startswith(start) and len(parts) == 4:
                    _, who, name, one = parts
                    found.setdefault(one, {}).setdefault(
                        (who, name), []).extend(values.values())
        columns = sorted({column for one in found.values() for column in one},
                         key=lambda column: (_BY_CLASS.index(column[1]),
                                             column[0]))
        if found:
            tables.append(
                Table(f'{method.name}: pseudo-labels by class, %', [
                    'class', *(f'{name.replace("_", " ")}, {who}'
                               for who, name in columns)
                ], [[
                    one, *(f'{statistics.mean(values[column]):.1f}'
                           if column in values else '-'
                           for column in columns)
                ] for one, values in found.items()]))
    return tables
