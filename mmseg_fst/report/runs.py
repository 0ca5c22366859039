"""Reading the folders of finished and unfinished runs."""
import ast
import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from mmseg_fst.run.run_config import (
    DEBUG,
    SPLIT_MARK,
    debug_note,
    title_of,
)
from mmseg_fst.run.score_files import (
    final_warnings,
    is_finished,
    last_classes,
)
from mmseg_fst.utils.collapsed import ClassScores
from mmseg_fst.utils.run_logs import read_scalars

_TABLE = re.compile(
    r'Results of the (\w[^ :]*)[ :].*?\n\+[-+]+\n\|\s*Class(.*?)\n\+[-+]+\n'
    r'(.*?)\n\+[-+]+\n', re.DOTALL)
_ENVIRONMENT = re.compile(r'System environment:\n(.*?)\n\s*Runtime environ',
                          re.DOTALL)


@dataclass
class Run:
    """A training of one config with one seed; files are read lazily.

    Attributes:
        folder (Path): Folder of the run.
    """
    folder: Path

    @cached_property
    def results(self) -> dict[str, Any]:
        """Content of ``results.json``; empty before the first validation."""
        path = self.folder / 'results.json'
        return json.loads(path.read_text()) if path.is_file() else {}

    @cached_property
    def scalars(self) -> dict[str, dict[int, float]]:
        """See :func:`mmseg_fst.utils.run_logs.read_scalars`."""
        return read_scalars(self.folder)

    @cached_property
    def log(self) -> str:
        """Text of all logs, the oldest first."""
        return '\n'.join(
            path.read_text(errors='replace')
            for path in sorted(self.folder.glob('*/*.log')))

    @property
    def scores(self) -> dict[str, dict[int, float]]:
        """Metrics of all validations, by name and iteration."""
        found: dict[str, dict[int, float]] = {}
        past = self.results.get('iterations', {})
        for iteration in sorted(past, key=int):
            for key, value in past[iteration].items():
                found.setdefault(key, {})[int(iteration)] = value
        return found

    @property
    def state(self) -> str:
        """Progress of the run, in words."""
        if not self.results:
            return 'not validated yet'
        done = max(map(int, self.results['iterations']))
        end = self.results['max_iters']
        if is_finished(str(self.folder)):
            return ('finished' if done >= end else
                    f'stopped early, at {done} of {end}')
        return f'validated at {done} of {end}'

    @property
    def class_iou(self) -> dict[str, dict[str, float]]:
        """IoU by network and class of the last validation.

        From the log, if ``results.json`` has none.
        """
        found: dict[str, dict[str, float]] = {
            network: {name: nan if values['IoU'] is None else values['IoU']
                      for name, values in scores.items()}
            for network, scores in self.class_scores.items()
        }
        if found:
            return found
        for network, _, rows in _TABLE.findall(self.log):
            cells = [row.strip('|').split('|') for row in rows.splitlines()]
            found[network] = {
                cell[0].strip(): float(cell[1])
                for cell in cells
            }
        return found

    @property
    def class_scores(self) -> dict[str, ClassScores]:
        """Scores by network and class of the last validation."""
        return last_classes(str(self.folder)) if self.results else {}

    @property
    def warnings(self) -> list[str]:
        """Warnings about classes, see :func:`final_warnings`."""
        return final_warnings(str(self.folder)) if self.results else []

    @cached_property
    def confusion(self) -> dict[str, tuple[list[str], np.ndarray]]:
        """Classes and matrix of the last validation, by network."""
        found = {}
        for path in sorted(self.folder.glob('confusion_*.csv')):
            with open(path, newline='') as file:
                head, *rows = csv.reader(file)
            matrix = np.array([row[1:] for row in rows], np.int64)
            found[path.stem.partition('_')[2]] = head[1:], matrix
        return found

    @property
    def environment(self) -> dict[str, str]:
        """Hardware and software of the run, from the log."""
        block = _ENVIRONMENT.search(self.log)
        lines = block[1].splitlines() if block else []
        # Details of the PyTorch build have another indentation.
        pairs = [
            line.strip().partition(': ') for line in lines
            if line.startswith('    ')
        ]
        return {
            name: value
            for name, _, value in pairs
            if value and name != 'PyTorch compiling details'
        }

    @property
    def config(self) -> str:
        """Text of the config that the run wrote; empty without one."""
        paths = sorted(self.folder.glob('*.py'))
        return paths[0].read_text() if paths else ''


@dataclass
class Method:
    """Runs of one config.

    Attributes:
        name (str): Name in the report.
        runs (list[Run]): A run for each seed.
    """
    name: str
    runs: list[Run] = field(default_factory=list)

    def keys(self) -> list[str]:
        """Names of all logged values of all runs."""
        return list(dict.fromkeys(key for run in self.runs
                                  for key in run.scalars))

    def metrics(self) -> list[str]:
        """Names of all metrics of all runs."""
        return list(dict.fromkeys(key for run in self.runs
                                  for key in run.scores))


def choose_folders(folders: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """Leave out folders that only contain a debug run.

    Args:
        folders (Iterable[Path]): As of :func:`find_methods`.

    Returns:
        tuple[list[Path], list[str]]: The other folders, and a sentence for
        each one that is left out.

    Raises:
        FileNotFoundError: If no folder is left.
    """
    notes = {folder: debug_note(folder) for folder in folders}
    sentences = [f'{note} Or name {folder}/{DEBUG} to see it.'
                 for folder, note in notes.items() if note]
    chosen = [folder for folder, note in notes.items() if not note]
    if not chosen:
        raise FileNotFoundError(' '.join(sentences))
    return chosen, sentences


def find_methods(folders: Iterable[Path]) -> list[Method]:
    """Group run folders by config and split of the labeled images.

    Args:
        folders (Iterable[Path]): Folders of runs, or folders with one run for
            each seed.

    Returns:
        list[Method]: Methods in the given order, with the shortest unique
        names; that of a debug run says so.

    Raises:
        FileNotFoundError: If a folder contains no run.

    Example:
        >>> find_methods([Path('work_dirs/demo/streets_fst')])[0].runs
    """
    grouped: dict[tuple[Path, str, bool], list[Run]] = {}
    for folder in folders:
        folder = folder.resolve()
        seeds = sorted(folder.glob('seed_*'))
        for path in seeds or [folder]:
            if not any(path.glob('*/vis_data')) and not (
                    path / 'results.json').is_file():
                raise FileNotFoundError(
                    f'{path} contains no run: neither results.json nor a log. '
                    'Give a folder such as work_dirs/demo/streets_fst.')
            name, _, split = path.name.partition(SPLIT_MARK)
            is_debug = name == DEBUG
            parent = (path.parent if is_debug or name.startswith('seed_')
                      else path)
            runs = grouped.setdefault((parent, split, is_debug), [])
            if all(run.folder != path for run in runs):
                runs.append(Run(path))
    parents = list(dict.fromkeys(parent for parent, *_ in grouped))
    names = dict(zip(parents, _short_names(parents)))
    return [
        Method(names[parent] + (f', split {split}' if split else '')
               + (', debug run' if is_debug else ''), runs)
        for (parent, split, is_debug), runs in grouped.items()
    ]


def _short_names(folders: list[Path]) -> list[str]:
    """The shortest endings of paths that are unique."""
    names = [title_of(folder) for folder in folders]
    depth = 1
    while len(set(names)) < len(names):
        depth += 1
        names = ['/'.join(folder.parts[-depth:]) for folder in folders]
    return names


def flat_config(text: str) -> dict[str, str]:
    """Parse a config to settings by dotted key; no code is executed.

    Args:
        text (str): Config as written by a run: names, numbers and strings, in
            calls of ``dict`` and in lists.

    Returns:
        dict[str, str]: Source text of the values.

    Example:
        >>> flat_config('model = dict(type="A", head=dict(channels=4))')
        {'model.type': "'A'", 'model.head.channels': '4'}
    """
    found: dict[str, str] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign):
            found.update(_leaves(ast.unparse(node.targets[0]), node.value))
    return found


def _leaves(prefix: str, node: ast.expr) -> Iterator[tuple[str, str]]:
    """Settings below a dotted key of a config."""
    children: Iterable[tuple[object, ast.expr]]
    if isinstance(node, ast.Call):
        children = [(child.arg, child.value) for child in node.keywords]
    elif isinstance(node, ast.Dict):
        children = [(ast.literal_eval(key) if key else '**', value)
                    for key, value in zip(node.keys, node.values)]
    elif isinstance(node, ast.List) and any(
            isinstance(child, (ast.Call, ast.Dict)) for child in node.elts):
        children = enumerate(node.elts)
    else:
        yield prefix, ast.unparse(node)
        return
    for name, value in children:
        yield from _leaves(f'{prefix}.{name}', value)


def differences(configs: dict[str, str]) -> dict[str, list[str]]:
    """Find the settings in which several configs differ.

    Args:
        configs (dict[str, str]): Texts of the configs by name.

    Returns:
        dict[str, list[str]]: Values of all configs by dotted key, ``'-'`` for
        a config without the key; ``work_dir`` is not compared.
    """
    flat = [flat_config(text) for text in configs.values()]
    found = {}
    for key in dict.fromkeys(key for settings in flat for key in settings):
        values = [settings.get(key, '-') for settings in flat]
        if len(set(values)) > 1 and key != 'work_dir':
            found[key] = values
    return found
