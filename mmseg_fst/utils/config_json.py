"""Configs as JSON, which keeps lists and tuples apart."""
import json
from typing import Any

from mmengine.config import Config

# JSON has lists only, but Resize of mmcv, for one, asks for a tuple.
_TUPLE = 'tuple'


def encode_config(content: dict[str, Any], indent: int = 1) -> str:
    """A config as text that is data.

    Args:
        content (dict): The config, as of ``Config.to_dict``.
        indent (int): Spaces per level. Defaults to 1.

    Returns:
        str: JSON.

    Raises:
        TypeError: If a value is neither a number, nor text, list or dict, or
            a key is not text.
    """
    return json.dumps(_encoded(content), indent=indent)


def config_text(cfg: Config) -> str:
    """A config as text, which is data if it can be.

    Args:
        cfg (Config): The config.

    Returns:
        str: JSON, or the Python of mmengine if the config holds objects.
    """
    try:
        return encode_config(cfg.to_dict())
    except TypeError:
        return cfg.pretty_text


def decode_config(text: str) -> dict[str, Any]:
    """A config of :func:`encode_config`.

    Args:
        text (str): JSON.

    Returns:
        dict: The config.

    Raises:
        ValueError: If the text is no JSON, or not that of a dict.
    """
    content = _decoded(json.loads(text))
    if not isinstance(content, dict):
        raise ValueError(f'it is a {type(content).__name__}')
    return content


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
