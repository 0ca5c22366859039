"""Parts of the report: what was learned of each class."""
from collections.abc import Sequence
from math import isnan, nan
from typing import NamedTuple

import numpy as np

from mmseg_fst.run.table_scores import CLASS_SCORES
from mmseg_fst.run.tables import mean_and_std
from mmseg_fst.utils.collapsed import ClassScores, split_advice

from .runs import Method
from .score_parts import Table


class ConfusionTable(NamedTuple):
    """A confusion matrix with normalized rows.

    Attributes:
        title (str): Method and network.
        head (list[str]): Names of the predicted classes.
        rows (list[tuple[str, list[float]]]): Name of the class of the labels,
            and the shares of its pixels by prediction, in percent.
    """
    title: str
    head: list[str]
    rows: list[tuple[str, list[float]]]


def class_warnings(methods: Sequence[Method]
                   ) -> dict[str, dict[str, list[str]]]:
    """Warnings about classes that were not learned.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        dict[str, dict[str, list[str]]]: By advice and finding the names of
        the runs.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for method in methods:
        for run in method.runs:
            for warning in run.warnings:
                finding, advice = split_advice(warning)
                found.setdefault(advice, {}).setdefault(finding, []).append(
                    f'{method.name}, {run.folder.name}')
    return found


def data_sentences(methods: Sequence[Method]) -> list[str]:
    """Name the data that methods were scored on.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        list[str]: A sentence for each data set.
    """
    found: dict[str, dict[str, None]] = {}
    for method in methods:
        for run in method.runs:
            if 'data' in run.results:
                text = '{name}, {split}: {images} images'.format(
                    **run.results['data'])
                found.setdefault(text, {})[method.name] = None
    return [f'Scored on {text} ({", ".join(names)}).'
            for text, names in found.items()]


def class_tables(methods: Sequence[Method]) -> list[Table]:
    """Table of the IoU by class in the last validation, mean over seeds.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        list[Table]: One table; empty if no run was validated.
    """
    columns: dict[tuple[str, str], list[dict[str, float]]] = {}
    for method in methods:
        for run in method.runs:
            for network, values in run.class_iou.items():
                columns.setdefault((method.name, network), []).append(values)
    if not columns:
        return []
    classes = dict.fromkeys(
        class_name for runs in columns.values() for run in runs
        for class_name in run)
    return [
        Table('IoU of the last validation, %', [
            'class', *(f'{name}: {network}' for name, network in columns)
        ], [[
            class_name, *(mean_and_std([
                run[class_name] for run in runs
                if not isnan(run.get(class_name, nan))
            ]) for runs in columns.values())
        ] for class_name in classes])
    ]


def score_by_class_tables(methods: Sequence[Method]) -> list[Table]:
    """All scores by class in the last validation, mean over seeds.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        list[Table]: A table for each method and network.
    """
    tables = []
    for method in methods:
        found: dict[str, list[ClassScores]] = {}
        for run in method.runs:
            for network, scores in run.class_scores.items():
                found.setdefault(network, []).append(scores)
        for network, runs in found.items():
            tables.append(
                Table(f'{method.name}: {network}',
                      ['class', *CLASS_SCORES], [[
                          name, *(mean_and_std(_known(runs, name, score))
                                  for score in CLASS_SCORES)
                      ] for name in runs[0]]))
    return tables


def _known(runs: Sequence[ClassScores], class_name: str,
           score: str) -> list[float]:
    """Values of a score in the runs where it is defined."""
    values = (run.get(class_name, {}).get(score) for run in runs)
    return [value for value in values if value is not None]


def confusion_tables(methods: Sequence[Method]) -> list[ConfusionTable]:
    """Confusion matrices of the last validation, summed over seeds.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        list[ConfusionTable]: A matrix for each method and network. Classes
        that are not in the labels have no row; predictions that are not
        classes have a column only if there are any.
    """
    tables = []
    for method in methods:
        found: dict[tuple, np.ndarray] = {}
        for run in method.runs:
            for network, (names, matrix) in run.confusion.items():
                key = network, tuple(names)
                found[key] = found.get(key, 0) + matrix
        for (network, names), matrix in found.items():
            shown = len(names) - (not matrix[:, -1].any())
            tables.append(
                ConfusionTable(f'{method.name}: {network}',
                               list(names[:shown]), [
                                   (name, (100 * row[:shown] /
                                           row.sum()).tolist())
                                   for name, row in zip(names, matrix)
                                   if row.any()
                               ]))
    return tables
