"""Options of a command line against values that follow from others."""
from collections.abc import Iterator
from typing import Any, Optional

from mmengine.config import Config


def set_unless_given(cfg: Config, settings: dict[str, Any],
                     options: Optional[dict[str, Any]]) -> None:
    """Set values of a config, except those that an option has set.

    Options are merged into a config once, before all else: a partition or a
    short run depends on them. What it sets in turn must not replace them.

    Args:
        cfg (Config): A config that the options were merged into; changed in
            place.
        settings (dict): Values by dotted key; dicts are merged.
        options (dict, optional): The options, by dotted key.

    Example:
        >>> cfg = Config(dict(train_cfg=dict(max_iters=7, val_interval=5)))
        >>> set_unless_given(cfg, dict(train_cfg=dict(
        ...     max_iters=4, val_interval=2)), {'train_cfg.max_iters': 7})
        >>> cfg.train_cfg
        {'max_iters': 7, 'val_interval': 2}
    """
    cfg.merge_from_dict({
        key: value
        for key, value in _flatten(settings) if not is_given(key, options)
    })


def is_given(key: str, options: Optional[dict[str, Any]]) -> bool:
    """Whether an option sets a value, a part of it, or what contains it.

    Args:
        key (str): Dotted key of the value.
        options (dict, optional): The options, by dotted key.

    Returns:
        bool: Whether one of them concerns that key.
    """
    return any(
        f'{key}.'.startswith(f'{given}.') or given.startswith(f'{key}.')
        for given, _ in _flatten(options or {}))


def _flatten(settings: dict[str, Any],
             prefix: str = '') -> Iterator[tuple[str, Any]]:
    """Dotted keys and values; a dict that replaces another is a value."""
    for key, value in settings.items():
        merged = isinstance(value, dict) and value and '_delete_' not in value
        if merged:
            yield from _flatten(value, f'{prefix}{key}.')
        else:
            yield prefix + key, value
