"""Config files: Python, which is run, and JSON, which is data."""
import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import path as osp
from pathlib import Path
from typing import Any, Optional, Union

from mmengine.config import Config
from mmengine.logging import print_log

from mmseg_fst.utils.config_json import decode_config, encode_config
from mmseg_fst.utils.files import atomic_write

from .effect import check_effect
from .model_parts import assemble_data, assemble_model, part_option
from .packaged import CONFIGS, find_config_file, packaged_bases
from .renames import check_options, upgrade_config, upgrade_option
from .safe_config import check_data

#: Name of the file beside a checkpoint.
CONFIG_JSON = 'config.json'
#: Environment variable in which configs find the seed of a random split of
#: the labeled images.
SPLIT_SEED = 'SPLIT_SEED'


def save_config(cfg: Config, folder: str) -> str:
    """Write a config as data.

    Args:
        cfg (Config): The config.
        folder (str): Folder that gets a ``config.json``.

    Returns:
        str: Path of the file.

    Raises:
        TypeError: If a value is neither a number, nor text, list or dict, or
            a key is not text.
    """
    path = osp.join(folder, CONFIG_JSON)
    try:
        text = encode_config(cfg.to_dict())
    except TypeError as error:
        raise TypeError(
            f'{path} is not written: {error}. Name classes and functions in '
            "the config by their registered names, such as type='CutMix'."
        ) from error
    with atomic_write(path) as temporary:
        temporary.write_text(text + '\n')
    return path


def open_config(path: str) -> Config:
    """Read the config of a finished run.

    ``config.json`` is data: nothing in it is run, and it can name nothing
    but what is registered, see :func:`check_data`. Any other file is
    Python and is run, which is logged before.

    Args:
        path (str): Path of the config, see :func:`find_config`.

    Returns:
        Config: The config.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If Python cannot be read, or JSON is damaged or refused by
            :func:`check_data`.
    """
    if not path.endswith('.json'):
        print_log(f'{path} is Python: it is run, and can do all that you can.',
                  'current')
        return read_python(path)
    if not osp.isfile(path):
        raise FileNotFoundError(f'There is no config {path}; see configs/.')
    return parse_config(
        Path(path).read_bytes().decode(errors='replace'), path,
        'If you know who made it, give the .py that the run was started with')


def parse_config(text: str, source: str, hint: str) -> Config:
    """Read a config that is data; old names in it are replaced.

    Args:
        text (str): JSON of :func:`encode_config`.
        source (str): Where it is from, for messages.
        hint (str): What to do instead, for messages; a sentence without its
            period.

    Returns:
        Config: The config.

    Raises:
        ValueError: If it is damaged, :func:`check_data` refuses it, or
            :func:`upgrade_config` does not know what an old name is today.
    """
    try:
        cfg = decode_config(text)
    except ValueError as error:
        raise ValueError(f'{source} holds no config that is data: {error}. '
                         f'Copy it again. {hint}.') from error
    upgrade_config(cfg, source)
    check_data(cfg, source, hint)
    return Config(cfg)


def read_python(path: str, split: Optional[Union[int, str]] = None) -> Config:
    """Read, and run, a config in Python.

    Args:
        path (str): Path of the file, or name of a packaged config, see
            :func:`find_config_file`.
        split (int | str, optional): Seed of the split of the labeled images,
            for configs with ``{{$SPLIT_SEED:0}}``. Defaults to None: that of
            the environment.

    Returns:
        Config: The config, with its bases and, see :func:`assemble_model`,
        the parts of its model; old names are replaced.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read, or has a key in two forms, see
            :func:`upgrade_config`.
    """
    path = find_config_file(path)
    try:
        with _split_seed(split), packaged_bases():
            cfg = Config.fromfile(path)
    except Exception as error:  # it is Python, which can end in any of them
        raise ValueError(f'{path} cannot be read: {type(error).__name__}: '
                         f'{error}. Correct the config.') from error
    cfg.env_variables.pop(CONFIGS, None)
    assemble_model(cfg)
    assemble_data(cfg)
    upgrade_config(cfg._cfg_dict, path)
    return cfg


@contextmanager
def _split_seed(split: Optional[Union[int, str]]) -> Iterator[None]:
    """Set ``SPLIT_SEED`` while a file is read, if a split is given.

    Configs in Python take values from the environment alone.
    """
    before = os.environ.get(SPLIT_SEED)
    if split is not None:
        os.environ[SPLIT_SEED] = str(split)
    try:
        yield
    finally:
        os.environ.pop(SPLIT_SEED, None)
        if before is not None:
            os.environ[SPLIT_SEED] = before


def merge_options(cfg: Config, options: Optional[dict[str, Any]]) -> None:
    """Override values of a config; say which key does not fit.

    Args:
        cfg (Config): The config; changed in place.
        options (dict[str, Any], optional): Values by dotted key, if any; an
            older key stands for its present one, see :func:`upgrade_option`,
            and a part of the model for its place in it, see
            :func:`part_option`.

    Raises:
        ValueError: If a key leads into a value that is not a dict or list, or
            past the end of a list, has no effect, see :func:`check_effect`,
            or has an old name, see :func:`check_options`.
    """
    check_effect(cfg, options or {})
    content = cfg._cfg_dict
    for key, value in (options or {}).items():
        try:
            place = upgrade_option(content, part_option(content, key))
            cfg.merge_from_dict({place: value})
        except (KeyError, TypeError, AttributeError, AssertionError,
                IndexError) as error:
            raise ValueError(
                f'--cfg-options {key}: there is no such place in '
                f'{cfg.filename} ({error}). A number is a place in a list, '
                'from 0.') from error
    check_options(cfg._cfg_dict, options or {})
