"""A set of runs: every config of a table, for every seed."""
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from os import path as osp
from pathlib import Path
from typing import Any, NamedTuple, Optional, Union

from mmseg_fst.config.config_file import SPLIT_SEED, read_python
from mmseg_fst.config.packaged import find_config_file
from mmseg_fst.utils.files import atomic_write

from .resumed_settings import finished_note
from .run_config import load_config, title_of
from .score_files import FINISHED, NEW, UNFINISHED, state_of
from .tables import format_markdown, make_row, write_csv

FAILED = 'failed'
# Of a row; it is part of the name of a folder.
_NAME = re.compile(r'[\w.-]*')


@dataclass(frozen=True)
class Cell:
    """A config and, where it has several, one of its partitions.

    Attributes:
        config (str): Path of the config file.
        partition (str): Name of the partition; empty for the one that the
            config names, or none.
        name (str): Of a row that changes its config: what it is called. Empty
            for a config as it is.
        options (dict): What the row changes, by dotted key, as
            ``--cfg-options`` does.
    """
    config: str
    partition: str = ''
    name: str = ''
    options: dict[str, Any] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        """Such as ``'voc_pspnet_fst_662'``, the folder of its runs."""
        stem = title_of(Path(self.config).with_suffix(''))
        return '_'.join(filter(None, (stem, self.partition, self.name)))


class Grid(NamedTuple):
    """What a grid file says.

    Attributes:
        name (str): Name of the file without ``table_`` and ``.py``.
        title (str): Heading of the table.
        cells (list[Cell]): What is trained.
    """
    name: str
    title: str
    cells: list[Cell]


@dataclass
class GridRun:
    """One run of a grid.

    Attributes:
        config (str): Path of its config.
        seed (int): Its seed.
        split (str): Seed of the split of its labeled images; empty if the
            config has but one.
        work_dir (str): Its folder; empty if the config cannot be read.
        state (str): ``FINISHED``, ``UNFINISHED``, ``NEW`` or ``FAILED``.
        error (str): Why it failed.
        note (str): What is to be said of a finished run.
        partition (str): See :class:`Cell`.
        name (str): See :class:`Cell`.
        options (dict): See :class:`Cell`.
    """
    config: str
    seed: int
    split: str = ''
    work_dir: str = ''
    state: str = NEW
    error: str = ''
    note: str = ''
    partition: str = ''
    name: str = ''
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def cell(self) -> Cell:
        """What it trains."""
        return Cell(self.config, self.partition, self.name, self.options)

    def __str__(self) -> str:
        """Such as ``'voc_pspnet_fst_662, seed 0'``."""
        split = f', split {self.split}' if self.split else ''
        return f'{self.cell}, seed {self.seed}{split}'


def read_grid(path: str) -> Grid:
    """Read a grid file: Python with ``title`` and ``configs``.

    Example:
        A table of one config, on two partitions of its labeled images::

            title = 'Pascal VOC 2012'
            configs = [
                dict(config='voc_pspnet_fst.py', partition=labels)
                for labels in ('662', '1323')
            ]

        A row that changes its config, in a folder of its name::

            configs = [
                'streets_fst.py',
                dict(config='streets_fst.py', name='k2',
                     options={'custom_hooks.0.depth': 2})
            ]

    Args:
        path (str): The file, see :func:`find_config_file`. Its configs are
            relative to its folder.

    Returns:
        Grid: Its content.

    Raises:
        FileNotFoundError: If the file or one of its configs is missing.
        ValueError: If it cannot be read, lacks a key, or names a cell
            twice.
    """
    try:
        path = find_config_file(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'There is no grid {path}; see configs/*/table_*.py.') from error
    cfg = read_python(path)
    for key in ('title', 'configs'):
        if not cfg.get(key):
            raise ValueError(f'{path} has no `{key}`. A grid file holds '
                             "title = 'TEXT' and configs = ['FILE.py', ...]; "
                             'give a plain config to --config instead.')
    cells = [_read_cell(entry, path) for entry in cfg.configs]
    if len(set(cells)) < len(cells):
        twice = next(cell for cell in cells if cells.count(cell) > 1)
        raise ValueError(f'{path}: configs: {twice} is named twice; remove '
                         'one of them.')
    name = Path(path).stem.removeprefix('table_')
    return Grid(name, cfg.title, cells)


def _read_cell(entry: Any, path: str) -> Cell:
    """Read one of the ``configs`` of a grid file."""
    entry = dict(config=entry) if isinstance(entry, str) else dict(entry)
    known = {part.name for part in fields(Cell)}
    if 'config' not in entry or set(entry) - known:
        raise ValueError(
            f"{path}: configs: {entry} must be 'FILE.py' or "
            "dict(config='FILE.py', partition='NAME'), or with "
            "name='ROW' and options={'KEY': VALUE}.")
    name, options = str(entry.get('name', '')), entry.get('options') or {}
    if bool(options) != bool(name) or not _NAME.fullmatch(name):
        raise ValueError(
            f'{path}: configs: {entry} needs both `name`, of letters, digits, '
            'points and hyphens, and `options`: runs of each row have a '
            'folder of that name.')
    config = osp.join(osp.dirname(path), entry['config'])
    if not osp.isfile(config):
        raise FileNotFoundError(f'{path}: configs: there is no {config}; '
                                'paths are relative to the grid file.')
    return Cell(config, str(entry.get('partition', '')), name,
                {key: _plain(value) for key, value in options.items()})


def _plain(value: Any) -> Any:
    """A value without classes of mmengine."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value


def plan_runs(cells: Sequence[Cell],
              seeds: Sequence[int],
              split: Optional[Union[int, str]] = None,
              options: Optional[dict[str, Any]] = None,
              debug: bool = False) -> list[GridRun]:
    """Check every run before the first one begins.

    A run may start from what one before it in the list will have trained.

    Args:
        cells (Sequence[Cell]): Configs and partitions.
        seeds (Sequence[int]): The seeds.
        split (int | str, optional): See :func:`load_config`. Defaults to
            None.
        options (dict, optional): See :func:`load_config`; they win over those
            of a cell. Defaults to None.
        debug (bool): See :func:`load_config`. Defaults to False.

    Returns:
        list[GridRun]: Seed by seed for each cell; what cannot be read, or
        lacks data, has failed.
    """
    runs = [
        GridRun(cell.config, seed, partition=cell.partition, name=cell.name,
                options=cell.options) for cell in cells for seed in seeds
    ]
    if split is None:
        # Always given, so that a config shows whether it reads it.
        split = os.environ.get(SPLIT_SEED, '0')
    planned: set[str] = set()
    for run in runs:
        try:
            cfg = load_config(
                run.config,
                options,
                run.seed,
                debug=debug,
                planned=planned,
                split=split,
                partition=run.partition or None,
                name=run.name,
                changes=run.options)
            planned.add(cfg.work_dir)
            run.split = cfg.env_variables.get(SPLIT_SEED, '')
            run.work_dir = cfg.work_dir
            if not debug:  # which is to try all of them
                run.state = state_of(cfg.work_dir, cfg.train_cfg.max_iters)
            if run.state == FINISHED:
                run.note = finished_note(cfg)
        except (OSError, ValueError) as error:
            run.state, run.error = FAILED, f'{type(error).__name__}: {error}'
    return runs


def run_grid(grid: Grid,
             runs: Sequence[GridRun],
             start: Callable[[GridRun], bool],
             folder: str = osp.join('work_dirs', 'tables')) -> int:
    """Run what is not finished, one after another, and keep the table.

    Args:
        grid (Grid): The grid.
        runs (Sequence[GridRun]): Of :func:`plan_runs`; changed in place.
        start (Callable): Makes a run; returns whether it ended well.
        folder (str): Where the table goes. Defaults to
            ``'work_dirs/tables'``.

    Returns:
        int: Number of runs that failed.
    """
    seconds: list[float] = []
    left = sum(run.state in (NEW, UNFINISHED) for run in runs)
    for index, run in enumerate(runs, 1):
        title = f'run {index} of {len(runs)}: {run}'
        if run.state == FINISHED:
            print(f'{title}: is finished, skipped ({run.work_dir}). '
                  f'{run.note}')
        elif run.state == FAILED:
            print(f'{title}: cannot begin. {run.error}')
        else:
            print(f'{title}: {run.state}{_time_left(seconds, left)}',
                  flush=True)
            begin = time.monotonic()
            if start(run):
                run.state = FINISHED
            else:
                run.state, run.error = FAILED, 'see its output above'
            seconds.append(time.monotonic() - begin)
            left -= 1
        try:
            write_table(grid, runs, folder)
        except ValueError as error:  # the training is worth more
            print(f'No table: {error}')
    print('Table: ' + osp.join(folder, grid.name) + '.md and .csv')
    failed = [run for run in runs if run.state == FAILED]
    for run in failed:
        print(f'Failed: {run}: {run.error}')
    return len(failed)


def _time_left(seconds: Sequence[float], left: int) -> str:
    """Estimate from the runs so far; nothing before the first has ended."""
    if not seconds:
        return ''
    guess = round(sum(seconds) / len(seconds) * left)
    return f'; {left} to go, about {timedelta(seconds=guess)} h'


def write_table(grid: Grid, runs: Sequence[GridRun], folder: str) -> None:
    """Write ``NAME.md`` and ``NAME.csv``, one row for each cell.

    Args:
        grid (Grid): The grid.
        runs (Sequence[GridRun]): Its runs.
        folder (str): Where to.

    Raises:
        ValueError: If the seeds of a cell were scored under different
            protocols.
    """
    rows = []
    for cell in grid.cells:
        planned = [run for run in runs if run.cell == cell and run.work_dir]
        # As the runs are; each folder holds one split.
        splits = dict.fromkeys(run.split for run in planned if run.split)
        rows.append(
            make_row(
                str(cell), [run.work_dir for run in planned],
                split=' '.join(splits)))
    stem = osp.join(folder, grid.name)
    write_csv(f'{stem}.csv', rows)
    with atomic_write(f'{stem}.md') as temporary:
        temporary.write_text(f'# {grid.title}\n\n{format_markdown(rows)}')
