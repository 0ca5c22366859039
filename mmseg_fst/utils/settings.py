"""Settings of a training as text by dotted key, and their differences."""
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Optional

#: Variables of a config that the result of a training depends on.
TRAINING_KEYS = (
    'model', 'train_dataloader', 'val_dataloader', 'val_evaluator',
    'train_cfg', 'val_cfg', 'optim_wrapper', 'param_scheduler',
    'auto_scale_lr', 'default_hooks', 'custom_hooks', 'randomness',
    'channels_last', 'fused_attention', 'compile_networks',
    'keep_freed_memory', 'split_dilated', 'non_finite',
    'find_unused_parameters', 'sync_bn', 'efficient_conv_bn_eval',
    'activation_checkpointing', 'compile')


class Change(NamedTuple):
    """A setting that differs between two configs.

    Attributes:
        key (str): Its dotted key.
        old (str, optional): Text of the former value; None if it was not set.
        new (str, optional): Text of the present value; None if it is not set.
    """
    key: str
    old: Optional[str]
    new: Optional[str]

    def __str__(self) -> str:
        """Such as ``'optim_wrapper.optimizer.lr: 0.1, now 0.2'``."""
        old, new = ('not set' if value is None else value
                    for value in (self.old, self.new))
        return f'{self.key}: {old}, now {new}'


def training_settings(content: Mapping[str, Any]) -> dict[str, str]:
    """Flatten what the result of a training depends on.

    Args:
        content (Mapping): A config.

    Returns:
        dict[str, str]: Values as text, by dotted key; numbers are places in
        lists. A list without dicts is one value.

    Example:
        >>> training_settings(dict(train_cfg=dict(max_iters=4), title='a'))
        {'train_cfg.max_iters': '4'}
    """
    return dict(_flatten({key: content[key] for key in TRAINING_KEYS
                          if key in content}))


def _flatten(node: Mapping[str, Any],
             prefix: str = '') -> Iterator[tuple[str, str]]:
    """Keys and texts of all values of a dict."""
    for key, value in node.items():
        place = f'{prefix}{key}'
        if isinstance(value, (list, tuple)) and any(
                isinstance(item, Mapping) for item in value):
            value = {str(index): item for index, item in enumerate(value)}
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, f'{place}.')
        else:
            # Without the address in memory of an object.
            yield place, re.sub(r' at 0x[0-9a-f]+', '', repr(value))


def compare_settings(old: Mapping[str, str],
                     new: Mapping[str, str]) -> list[Change]:
    """Find the settings that differ.

    Args:
        old (Mapping[str, str]): Former settings, of
            :func:`training_settings`.
        new (Mapping[str, str]): Present settings.

    Returns:
        list[Change]: One for each key whose value differs, in the order of
        the present settings; those that are no longer set come last.
    """
    keys = [*new, *(key for key in old if key not in new)]
    return [Change(key, old.get(key), new.get(key)) for key in keys
            if old.get(key) != new.get(key)]
