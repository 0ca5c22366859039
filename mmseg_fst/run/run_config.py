"""The config of a run: file, options, partition, seed and split."""
import logging
from collections.abc import Collection
from os import path as osp
from pathlib import Path
from typing import Any, Optional, Union

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope

from mmseg_fst.config.check_config import check_config
from mmseg_fst.config.config_file import (
    SPLIT_SEED,
    merge_options,
    read_python,
)
from mmseg_fst.config.effect import advice_for, unread_variables
from mmseg_fst.config.joined_sides import apply_joined_sides
from mmseg_fst.config.packaged import (
    PREFIX,
    find_config_file,
    recorded_name,
)
from mmseg_fst.config.partition import apply_partition
from mmseg_fst.config.run_folder import check_owner, find_checkpoint

from .score_files import RESULTS, is_finished
from .selection import LABELS, select_best
from .short_run import RUN, shorten, start_from_debug_runs

#: Split of a run whose split has the same seed as the run.
SAME_SEED = 'run'
#: Keys of a config that are such paths.
_PATHS = ('load_from', 'checkpoint')
#: Key of a list of them.
_TEACHERS = 'teachers'
#: Between the seed and the split in the name of a run's folder.
SPLIT_MARK = '_split-'
#: Begins the names of folders of debug runs, whose scores mean nothing.
DEBUG = 'debug'


def title_of(path: Path) -> str:
    """Name of a config or of the folder of its runs, for tables and pages.

    Args:
        path (Path): The folder, or the config without ``.py``.

    Returns:
        str: The last part of the path; of an own task, whose configs are
        called alike, with the task: ``'tiles/fst'`` of
        ``work_dirs/own/tiles/fst``.
    """
    if path.parent.parent.name == 'own':
        return f'{path.parent.name}/{path.name}'
    return path.name


def default_work_dir(config: str,
                     seed: int,
                     debug: bool = False,
                     split: str = '0',
                     partition: str = '',
                     name: str = '') -> str:
    """Folder of a run: ``work_dirs``, the config's path, the seed.

    The path is the part below a folder ``configs``; of a config elsewhere it
    is the name of its folder, unless that is the current one, and its own.

    Args:
        config (str): Path of the config file.
        seed (int): Seed of the run.
        debug (bool): Whether the run is a short one, which must not mix with
            the results of a real one. Defaults to False.
        split (str): Seed of the split of the labeled images. Defaults to
            ``'0'``, which is not named in the folder.
        partition (str): Name of the partition of a config that has several.
            Defaults to ``''``.
        name (str): Name of a row of a grid that changes the config. Defaults
            to ``''``.

    Returns:
        str: The folder, such as ``'work_dirs/ssl/voc_pspnet_fst_662/seed_0'``
        for partition 662 of ``configs/ssl/voc_pspnet_fst.py``.
    """
    recorded = recorded_name(config)
    if recorded.startswith(PREFIX):
        config = osp.join('configs', recorded.removeprefix(PREFIX))
    stem = osp.splitext(config)[0]
    stem = '_'.join(filter(None, (stem, partition, name)))
    parts = osp.normpath(stem).split(osp.sep)
    if 'configs' in parts:
        stem = osp.join(*parts[parts.index('configs') + 1:])
    else:
        # Names such as `fst.py` are in many folders.
        folder = osp.dirname(osp.abspath(config))
        is_here = folder == osp.abspath(osp.curdir)
        stem = osp.join('' if is_here else osp.basename(folder), parts[-1])
    return osp.join('work_dirs', stem,
                    run_name(DEBUG if debug else f'seed_{seed}', split))


def debug_note(folder: Path) -> str:
    """Say so if the folder of a config only contains a debug run.

    Args:
        folder (Path): Folder of the runs of a config.

    Returns:
        str: A sentence; empty if there is another run or no debug run.
    """
    has_run = any(folder.glob('seed_*')) or (folder / RESULTS).is_file()
    if has_run or not any(folder.glob(f'{DEBUG}*')):
        return ''
    return (f'{folder} only has a debug run: left out. Train it without '
            '--debug.')


def run_name(name: str, split: str = '0') -> str:
    """Name of a run's folder: its seed and, but for 0, that of the split.

    Args:
        name (str): Such as ``'seed_0'``.
        split (str): Seed of the split of labeled images. Defaults to
            ``'0'``.

    Returns:
        str: Such as ``'seed_0'`` or ``'seed_0_split-2'``.
    """
    return name if split == '0' else f'{name}{SPLIT_MARK}{split}'


def _fill(node: Any, run: str) -> None:
    """Put the folder of a run into the paths of checkpoints, in place."""
    if isinstance(node, list):
        for value in node:
            _fill(value, run)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in _PATHS and isinstance(value, str):
                node[key] = value.replace(RUN, run)
            elif key == _TEACHERS and isinstance(value, list):
                node[key] = [str(path).replace(RUN, run) for path in value]
            else:
                _fill(value, run)


def read_config(config: str,
                options: Optional[dict[str, Any]] = None,
                split: Optional[Union[int, str]] = None,
                partition: Optional[str] = None) -> Config:
    """Read a config file, apply options and fill in its partition.

    Args:
        config (str): Path of the config file.
        options (dict, optional): Values by dotted key, which win over the
            file and over what the partition says. Defaults to None.
        split (int | str, optional): See :func:`read_python`. Defaults to None.
        partition (str, optional): Name of the partition, of a config that has
            several. Defaults to None: the one that the options or the config
            name.

    Returns:
        Config: The config, as a run would have it.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If the config cannot be read, an option has no place in
            it or no effect, or of its partition, see :func:`apply_partition`.
    """
    if partition is not None:
        options = {**(options or {}), 'partition': partition}
    cfg = read_python(config, split)
    merge_options(cfg, options)
    if not apply_partition(cfg, options) and 'partition' in (options or {}):
        raise ValueError(f'{config} has no partitions to choose from; leave '
                         '--partition out.')
    apply_joined_sides(cfg)
    return cfg


def load_config(config: str,
                options: Optional[dict[str, Any]] = None,
                seed: Optional[int] = None,
                work_dir: Optional[str] = None,
                debug: bool = False,
                planned: Collection[str] = (),
                split: Optional[Union[int, str]] = None,
                partition: Optional[str] = None,
                select: str = LABELS,
                name: str = '',
                changes: Optional[dict[str, Any]] = None) -> Config:
    """Read a config file and apply what was said on the command line.

    ``{run}`` in ``load_from``, in the ``checkpoint`` of pretrained weights or
    in ``teachers`` becomes the folder of the same seed and split, such as
    ``seed_0``; a debug run starts from debug runs, see
    :func:`start_from_debug_runs`. If
    ``load_from`` is the folder of a run, its best checkpoint is loaded. Where
    a config has a ``seed_offset``, it is added to the seed: a second run of
    the same kind, with other random numbers.

    Args:
        config (str): Path of the config file, or name of a packaged config,
            see :func:`find_config_file`.
        options (dict, optional): Values by dotted key, which win over the
            file. Defaults to None.
        seed (int, optional): Seed of the run. Defaults to None: the config's.
        work_dir (str, optional): Folder of the run. Defaults to None: the
            config's, or else the default folder of config, partition, seed
            and split.
        debug (bool): Whether to shorten the run to 4 iterations. Defaults to
            False.
        planned (Collection[str]): See :func:`check_config`. Defaults to ().
        split (int | str, optional): Which random split of the labeled images
            the config takes, if it has several, or ``'run'``: the split of
            the same seed as the run. Defaults to None: ``SPLIT_SEED`` of the
            environment, or else the config's.
        partition (str, optional): See :func:`read_config`. Defaults to None.
        select (str): By which score the best checkpoint is saved, see
            :func:`mmseg_fst.run.selection.parse_selection`. Defaults to
            ``'labels'``: that of the config.
        name (str): See :func:`default_work_dir`. Defaults to ``''``.
        changes (dict, optional): What the row of a grid changes, by dotted
            key. Unlike ``options`` they are shortened, too. Defaults to None.

    Returns:
        Config: The config, checked.

    Raises:
        FileNotFoundError: If there is no such config, or what it names is
            missing on disk.
        ValueError: If the config has a key that is not known, an option has
            no effect, or the default folder is that of another config.
    """
    if split == SAME_SEED:
        split = seed or 0
    config = find_config_file(config)
    cfg = read_config(
        config, {**(changes or {}), **(options or {})}, split, partition)
    select_best(cfg, select)
    if debug:
        shorten(cfg, options)
    cfg.setdefault('randomness', dict(seed=0))
    seed = cfg.randomness.get('seed', 0) if seed is None else seed
    # Taken out: a config that was dumped has it added already.
    cfg.randomness.seed = seed + cfg.pop('seed_offset', 0)
    # Only a config that has several splits reads it.
    split_seed = cfg.env_variables.get(SPLIT_SEED, '0')
    cfg.config_file = recorded_name(config)
    cfg.work_dir = work_dir or cfg.get('work_dir')
    if not cfg.work_dir:
        cfg.work_dir = default_work_dir(
            config, seed, debug, split_seed, cfg.get('partition', ''), name)
        check_owner(cfg.work_dir, cfg.config_file)
    if debug:
        for note in start_from_debug_runs(
                cfg, run_name(DEBUG, split_seed), planned):
            print_log(note, 'current', logging.WARNING)
    _fill(cfg._cfg_dict, run_name(f'seed_{seed}', split_seed))
    start = cfg.get('load_from')
    # The folder of a planned run is checked below, and resolved when its turn
    # comes.
    if start and start not in planned and osp.isdir(start):
        cfg.load_from = find_checkpoint(start)
        if osp.isfile(osp.join(start, RESULTS)) and not is_finished(start):
            print_log(
                f'load_from: the run in {start} is not finished; its best '
                'checkpoint so far is loaded.', 'current', logging.WARNING)
    # For whoever builds a part of the config without a runner.
    init_default_scope(cfg.get('default_scope', 'mmseg_fst'))
    check_config(cfg, planned)
    _warn_of_unread(config, cfg)
    return cfg


def _warn_of_unread(config: str, cfg: Config) -> None:
    """Warn of variables in a config file that have no effect."""
    for name, file in unread_variables(config).items():
        print_log(
            f'{file}: the variable {name} has no effect: nothing below it in '
            'the file uses it, and bases have used their own value when they '
            f'were read. {advice_for(name, cfg.to_dict())}', 'current',
            logging.WARNING)
