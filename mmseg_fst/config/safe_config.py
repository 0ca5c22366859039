"""What a config that is data may say, so that nothing in it is run."""
import sys
from collections.abc import Iterator
from typing import Any, Optional

import mmengine.registry
import mmseg.registry
from mmengine.registry import Registry

from mmseg_fst import registry

# Keys whose text is looked up in a registry, and words that they may hold
# beside; mmengine imports and calls what it does not find there.
_LOOKED_UP: dict[str, tuple[str, ...]] = dict(
    type=(),
    conv_type=(),
    norm_layer=(),
    padding_mode=('zeros', 'circular', 'constant', 'edge', 'symmetric'))
# The type of these is not registered, but one of a few words.
_WORDS = dict(clip_grad=('norm', 'value'))
# The scope of a name; mmengine imports `SCOPE.registry`.
_SCOPES = ('_scope_', 'default_scope')
# Where MMSegmentation and timm take text for a file, and read it by pickle
# or by YAML, both of which can name code.
_FILES = ('class_weight', 'checkpoint_path', 'class_embed_path')
_PICKLES = ('.pkl', '.pickle')
# Of `diffusion_cfg` a backbone calls whatever `target` names; of
# `decode_backend` the loading of images may unpickle them.
_CALLS: dict[str, Optional[tuple[str, ...]]] = dict(
    diffusion_cfg=None, decode_backend=('pickle', ))


def check_data(cfg: dict[str, Any], source: str, hint: str) -> None:
    """Raise on what would run code while a model is built, or its data read.

    Args:
        cfg (dict): The config; ``custom_imports`` is taken out.
        source (str): Where it is from, for messages.
        hint (str): What to do, for messages; a sentence without its period.

    Raises:
        ValueError: If it names what is not registered, a file that is not
            read as data, or a module that is not imported.
    """
    names = cfg.pop('custom_imports', {}).get('imports', ())
    missing = [name for name in names if name not in sys.modules]
    if missing:
        raise ValueError(f'{source} needs {", ".join(missing)}; import it '
                         f'first if you know it. {hint}.')
    _check_node(cfg, source, hint)


def _check_node(node: Any, source: str, hint: str, parent: str = '') -> None:
    """Check a dict or a list, and all below it."""
    pairs = node.items() if isinstance(node, dict) else (
        (parent, value) for value in node)
    for key, value in pairs:
        if isinstance(value, (dict, list, tuple)):
            _check_node(value, source, hint, key)
        reason = _reason(key, value, parent)
        if reason is not None:
            raise ValueError(
                f'{source}: {key}={value!r} {reason}, and a config that is '
                f'data may name nothing else. {hint}.')


def _reason(key: str, value: Any, parent: str) -> Optional[str]:
    """What is wrong with a value, if anything is."""
    if key in _CALLS:
        words = _CALLS[key]
        if value is not None and (words is None or value in words):
            return 'can call any function instead of registered classes'
    if not isinstance(value, str) or not value:
        return None
    if key in _FILES or value.lower().endswith(_PICKLES):
        return 'is a file that can hold code; only data is read'
    if key in _SCOPES and value not in _scopes():
        return 'is not a registered scope'
    if key in _LOOKED_UP:
        words = _LOOKED_UP[key] + _WORDS.get(parent, ())
        if value not in words and not _is_registered(value):
            return 'is not registered'
    return None


def _registries() -> Iterator[Registry]:
    """All registries of this package and of those below it."""
    for module in (registry, mmseg.registry, mmengine.registry):
        for known in vars(module).values():
            if isinstance(known, Registry):
                yield known


def _scopes() -> set[str]:
    """Scopes of the registries."""
    return {known.scope for known in _registries()}


def _is_registered(name: str) -> bool:
    """Whether a registry has a name, which may begin with its scope."""
    scope, dot, key = name.partition('.')
    return any(
        key in known.module_dict and known.scope == scope
        if dot else name in known.module_dict for known in _registries())
