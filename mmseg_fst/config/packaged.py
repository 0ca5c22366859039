"""Where the configs of the package are, and what their names stand for."""
import difflib
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from os import path as osp
from pathlib import Path

from mmengine.logging import MMLogger

#: Environment variable in which configs of tasks find the packaged configs.
CONFIGS = 'MMSEG_FST_CONFIGS'
#: Begins the name of a packaged config that is recorded in a run.
PREFIX = 'mmseg_fst::'


def config_root() -> Path:
    """Folder of the packaged configs.

    Returns:
        Path: ``configs`` in the installed package or, in a checkout, beside
        the package; absolute.

    Raises:
        FileNotFoundError: If there is no such folder.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / 'configs', package.parent / 'configs'):
        if (folder / '_base_').is_dir():
            return folder
    raise FileNotFoundError(
        f'There are no configs in {package} or beside it. Install the '
        "package again: pip install '.' in a checkout, or a wheel.")


def is_packaged(path: str) -> bool:
    """Whether a config belongs to the installed package.

    Args:
        path (str): Path of a config.

    Returns:
        bool: Whether it does. Configs of a checkout are files of the user,
        who may edit them.
    """
    inside = Path(__file__).resolve().parents[1] / 'configs'
    return Path(path).resolve().is_relative_to(inside)


def recorded_name(path: str) -> str:
    """Name of a config for the record of a run.

    Args:
        path (str): Path of a config.

    Returns:
        str: Path from the current folder. Of a packaged config, a name that
        is the same in every environment and that :func:`find_config_file`
        knows, such as ``'mmseg_fst::uda/streetgen2camvid_fst.py'``.
    """
    if is_packaged(path):
        inside = Path(path).resolve().relative_to(config_root())
        return PREFIX + inside.as_posix()
    return osp.relpath(osp.realpath(path), osp.realpath('.'))


def list_configs(pattern: str = '') -> list[str]:
    """Names of the packaged configs that can be trained.

    Args:
        pattern (str): Part of the names; ``*`` matches any text. Defaults to
            ``''``: all.

    Returns:
        list[str]: Such as ``'uda/streetgen2camvid_fst'``, sorted. Bases and
        tasks of the user are left out.
    """
    root = config_root()
    wanted = re.compile('.*'.join(map(re.escape, pattern.split('*'))))
    names = (path.relative_to(root).with_suffix('').as_posix()
             for path in root.rglob('*.py'))
    return sorted(name for name in names if wanted.search(name)
                  and name.split('/')[0] not in ('_base_', 'own'))


def find_config_file(name: str) -> str:
    """Find the file of a config.

    Args:
        name (str): Path of a file, or name of a config with or without
            ``configs/`` and ``.py``. A file in the current folder, or in its
            folder ``configs``, wins over a packaged config of that name.

    Returns:
        str: Path of the file; of a packaged config it is absolute.

    Raises:
        FileNotFoundError: If there is no such file or config, with similar
            names.
    """
    plain = name.removeprefix(PREFIX)
    if not name.startswith(PREFIX):
        for path in (name, f'{name}.py', osp.join('configs', name),
                     osp.join('configs', f'{name}.py')):
            if osp.isfile(path):
                return path
    short = plain.removeprefix('./').removeprefix('configs/')
    packaged = config_root() / f'{short.removesuffix(".py")}.py'
    if not osp.isabs(name) and '..' not in short.split('/') and (
            packaged.is_file()):
        return str(packaged)
    raise FileNotFoundError(
        f'There is no config {name}; {_renamed(name)}{_similar(short)}see '
        'configs/ or mmseg-fst configs.')


def _similar(name: str) -> str:
    """Similar names of packaged configs, as the part of a sentence."""
    name = name.removesuffix('.py')
    known = list_configs()
    found = difflib.get_close_matches(name, known, n=3, cutoff=.6)
    if not found:  # the folder may be missing
        by_stem = {osp.basename(full): full for full in known}
        found = [by_stem[stem] for stem in difflib.get_close_matches(
            osp.basename(name), by_stem, n=3, cutoff=.7)]
    return f'similar names are {", ".join(found)}; ' if found else ''


def _renamed(name: str) -> str:
    """Where to find a partition that had a separate config file."""
    found = re.fullmatch(r'(voc|cityscapes)(-stpp)?-(\d+)_(.+)',
                         osp.basename(name))
    if not found:
        return ''
    data, lists, partition, rest = found.groups(default='')
    path = osp.join(osp.dirname(name), f'{data}{lists}_{rest}')
    return (f'give --config {path} --partition {partition}, or '
            if osp.isfile(path) else '')


def base_reference(bases: Path, folder: Path) -> str:
    """How a config of the user names a folder of base configs.

    Args:
        bases (Path): Folder of base configs.
        folder (Path): Folder of the config.

    Returns:
        str: The relative path. Of packaged configs, text that
        :func:`packaged_bases` completes: the environment that the package is
        installed in may be moved or replaced.
    """
    bases = bases.resolve()
    if is_packaged(str(bases)):
        inside = bases.relative_to(config_root()).as_posix()
        return f'{{{{${CONFIGS}:configs}}}}/{inside}'
    return Path(osp.relpath(bases, folder.resolve())).as_posix()


@contextmanager
def packaged_bases() -> Iterator[None]:
    """Let mmengine complete :func:`base_reference` while a config is read.

    mmengine logs every such text that it completes; this is not shown.
    """
    logger = MMLogger.get_current_instance()

    def others(record: logging.LogRecord) -> bool:
        return CONFIGS not in record.getMessage()

    before = os.environ.get(CONFIGS)
    os.environ[CONFIGS] = str(config_root())
    logger.addFilter(others)
    try:
        yield
    finally:
        logger.removeFilter(others)
        os.environ.pop(CONFIGS, None)
        if before is not None:
            os.environ[CONFIGS] = before
