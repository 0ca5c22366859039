"""What the folder of a run contains: its config and its checkpoints."""
import glob
import json
from os import path as osp
from typing import Any

from mmseg_fst.utils.checkpoint import iteration_of
from mmseg_fst.utils.programs import program

from .config_file import CONFIG_JSON


def find_config(work_dir: str) -> str:
    """The config that a run has written beside its checkpoints.

    Args:
        work_dir (str): Folder of the run.

    Returns:
        str: Path of the config file, for :func:`open_config`:
        ``config.json``, or else the ``.py``, which is code.

    Raises:
        FileNotFoundError: If there is no folder or no config in it.
        ValueError: If there is no ``config.json`` and more than one ``.py``.
    """
    as_data = osp.join(work_dir, CONFIG_JSON)
    if osp.isfile(as_data):
        return as_data
    found = glob.glob(osp.join(glob.escape(work_dir), '*.py'))
    if not found:
        raise FileNotFoundError(
            f'There is no config in {work_dir}; name the folder of a run, '
            'such as work_dirs/demo/first_fst/seed_0.')
    if len(found) > 1:
        raise ValueError(f'{work_dir} holds {len(found)} configs, '
                         f'{", ".join(sorted(found))}; leave the one that '
                         'belongs to the checkpoint.')
    return found[0]


def check_owner(work_dir: str, config: str) -> None:
    """Raise if a folder contains a run of another config.

    Args:
        work_dir (str): Folder of the run.
        config (str): Path of the config file, as ``config_file`` of a config.

    Raises:
        ValueError: If ``config.json`` in the folder names another one.
    """
    path = osp.join(work_dir, CONFIG_JSON)
    try:
        with open(path) as file:
            before = json.load(file).get('config_file', config)
    except (OSError, ValueError, AttributeError):
        return  # a new folder, or a file that open_config explains
    if before != config:
        raise ValueError(
            f'{work_dir} contains a run of {before}; this run is of {config}, '
            'which has the same name. Give another folder with --work-dir, '
            'rename one of the configs (or its folder), or move the earlier '
            'run away.')


def find_checkpoint(work_dir: str, which: str = 'best') -> str:
    """The best or the last checkpoint of a run.

    Args:
        work_dir (str): Folder of the run.
        which (str): ``'best'``, falling back on the last, or ``'last'``.
            Defaults to ``'best'``.

    Returns:
        str: Path of the checkpoint.

    Raises:
        FileNotFoundError: If the folder holds no checkpoint.
    """
    patterns = dict(best=['best_*_iter_*.pth', 'iter_*.pth'],
                    last=['iter_*.pth'])
    for pattern in patterns[which]:
        found = sorted_checkpoints(work_dir, pattern)
        if found:
            return found[-1]
    raise FileNotFoundError(
        f'There is no checkpoint in {work_dir}; train first: '
        f'{program("train --config")} CONFIG')


def sorted_checkpoints(work_dir: str,
                       pattern: str = 'iter_*.pth') -> list[str]:
    """Checkpoints of a run, the last one last.

    Args:
        work_dir (str): Folder of the run.
        pattern (str): Which names. Defaults to ``'iter_*.pth'``.

    Returns:
        list[str]: Their paths.
    """
    found = glob.glob(osp.join(glob.escape(work_dir), pattern))
    iterations = {
        path: iteration for path in found
        if (iteration := iteration_of(path)) is not None
    }
    return sorted(iterations, key=iterations.__getitem__)


def drop_pretrained(node: Any) -> None:
    """Take weights to start from out of a model's config.

    Args:
        node (dict | list): The config, or a part of it; changed in place.
    """
    if isinstance(node, (list, tuple)):
        for value in node:
            drop_pretrained(value)
    elif isinstance(node, dict):
        for key, value in list(node.items()):
            if key in ('init_cfg', 'pretrained') and value:
                # timm takes a bool, MMSegmentation a path or None.
                node[key] = False if value is True else None
            else:
                drop_pretrained(value)
