"""Configs as data: the JSON beside a checkpoint, read without running it."""
import json
import sys
from os import path as osp
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import Registry

from mmseg_fst import registry
from mmseg_fst.utils.files import save_json

#: Name of the file beside a checkpoint.
CONFIG_JSON = 'config.json'
# JSON has lists only, but Resize of mmcv, for one, asks for a tuple.
_TUPLE = 'tuple'


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
        save_json(path, _encoded(cfg.to_dict()))
    except TypeError as error:
        raise TypeError(
            f'{path} is not written: {error}. Name classes and functions in '
            "the config by their registered names, such as type='CutMix'."
        ) from error
    return path


def open_config(path: str) -> Config:
    """Read the config of a finished run.

    ``config.json`` is data: nothing in it is run, and its ``type`` can name
    nothing but what is registered. Any other file is Python and is run, which
    is logged before.

    Args:
        path (str): Path of the config, see :func:`find_config`.

    Returns:
        Config: The config.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If JSON is damaged, has a dotted ``type`` that is not
            registered, or needs a module that is not imported.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'There is no config {path}.')
    if not path.endswith('.json'):
        print_log(f'{path} is Python: it is run, and can do all that you can.',
                  'current')
        return Config.fromfile(path)
    try:
        with open(path) as file:
            cfg = _decoded(json.load(file))
        if not isinstance(cfg, dict):
            raise ValueError(f'it is a {type(cfg).__name__}')
    except ValueError as error:
        raise ValueError(f'{path} is no config: {error}. Copy it again, or '
                         'give the .py that the run was started with.'
                         ) from error
    _check_imports(cfg, path)
    _check_types(cfg, path)
    return Config(cfg)


def _encoded(node: Any) -> Any:
    """What JSON can hold, tuples marked as such."""
    if isinstance(node, dict):
        for key in node:
            if not isinstance(key, str):
                raise TypeError(f'the key {key!r} is not text')
        return {key: _encoded(value) for key, value in node.items()}
    if isinstance(node, tuple):
        return {_TUPLE: [_encoded(value) for value in node]}
    if isinstance(node, list):
        return [_encoded(value) for value in node]
    return node


def _decoded(node: Any) -> Any:
    """What :func:`_encoded` was given."""
    if isinstance(node, list):
        return [_decoded(value) for value in node]
    if not isinstance(node, dict):
        return node
    if list(node) == [_TUPLE] and isinstance(node[_TUPLE], list):
        return tuple(_decoded(value) for value in node[_TUPLE])
    return {key: _decoded(value) for key, value in node.items()}


def _check_imports(cfg: dict, path: str) -> None:
    """Raise on modules of the user that are not there yet."""
    names = cfg.pop('custom_imports', {}).get('imports', ())
    missing = [name for name in names if name not in sys.modules]
    if missing:
        raise ValueError(
            f'{path} needs {", ".join(missing)}; import it first if you know '
            'it, or give the .py that the run was started with.')


def _check_types(node: Any, path: str) -> None:
    """Raise on a type that is looked up outside of the registries.

    mmengine takes ``'os.system'`` for a function to call.
    """
    values = node.values() if isinstance(node, dict) else node
    for value in values:
        if isinstance(value, (dict, list, tuple)):
            _check_types(value, path)
    name = node.get('type') if isinstance(node, dict) else None
    if isinstance(name, str) and '.' in name and not _is_registered(name):
        raise ValueError(
            f'{path}: type={name!r} is not registered, and a config that is '
            'data may name nothing else. If you know who made it, give the '
            '.py that the run was started with.')


def _is_registered(name: str) -> bool:
    """Whether a name with a dot is one of a registry, after its scope."""
    scope, _, key = name.partition('.')
    for known in vars(registry).values():
        while isinstance(known, Registry):
            if known.scope == scope and key in known.module_dict:
                return True
            known = known.parent
    return False
