"""Configs as JSON that distinguishes lists and tuples."""
import json
from typing import Any

from mmengine.config import Config

# JSON has lists only, but mmcv requires tuples in some places, e.g. Resize.
_TUPLE = 'tuple'


def encode_config(content: dict[str, Any], indent: int = 1) -> str:
    """Encode a config as JSON.

    Args:
        content (dict): The config, as returned by ``Config.to_dict``.
        indent (int): Spaces per level. Defaults to 1.

    Returns:
        str: JSON.

    Raises:
        TypeError: If a value is not a number, string, list, tuple or dict,
            or a key is not a string.
    """
    return json.dumps(_encoded(content), indent=indent)


def config_text(cfg: Config) -> str:
    """Write a config as JSON if possible, else as Python.

    Args:
        cfg (Config): The config.

    Returns:
        str: JSON, or mmengine's Python text if the config contains objects.
    """
    try:
        return encode_config(cfg.to_dict())
    except TypeError:
        return cfg.pretty_text


def decode_config(text: str) -> dict[str, Any]:
    """Decode the JSON of :func:`encode_config`.

    Args:
        text (str): JSON.

    Returns:
        dict: The config.

    Raises:
        ValueError: If the text is not JSON, or does not encode a dict.
    """
    content = _decoded(json.loads(text))
    if not isinstance(content, dict):
        raise ValueError(f'it is a {type(content).__name__}, not a dict')
    return content


def _encoded(node: Any) -> Any:
    """Convert to JSON types; a tuple becomes ``{'tuple': [...]}``."""
    if isinstance(node, dict):
        for key in node:
            if not isinstance(key, str):
                raise TypeError(f'the key {key!r} is not a string')
        return {key: _encoded(value) for key, value in node.items()}
    if isinstance(node, tuple):
        return {_TUPLE: [_encoded(value) for value in node]}
    if isinstance(node, list):
        return [_encoded(value) for value in node]
    return node


def _decoded(node: Any) -> Any:
    """Inverse of :func:`_encoded`."""
    if isinstance(node, list):
        return [_decoded(value) for value in node]
    if not isinstance(node, dict):
        return node
    if list(node) == [_TUPLE] and isinstance(node[_TUPLE], list):
        return tuple(_decoded(value) for value in node[_TUPLE])
    return {key: _decoded(value) for key, value in node.items()}
