"""Known keys of dicts of a config that have no type."""
import difflib
import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mmseg_fst.registry import OPTIMIZERS

# Dicts without a type, by their place, and all keys that are read from them.
_KEYS = {
    'randomness': ('seed', 'diff_rank_seed', 'deterministic'),
    'env_cfg': ('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'),
    'epochs': ('count', 'validate', 'processes', 'images', 'batch_size',
               'length', 'lag'),
    'stages': ('checkpoints', 'reliable', 'label_by', 'label_protocol',
               'second_labels', 'start_from', 'transforms', 'first',
               'second'),
}
# Keys of `paramwise_cfg`, which depend on the constructor.
_PARAMWISE = (
    'custom_keys', 'bias_lr_mult', 'bias_decay_mult', 'norm_decay_mult',
    'dwconv_decay_mult', 'dcn_offset_lr_mult', 'flat_decay_mult',
    'bypass_duplicate')
_LAYERWISE = ('num_layers', 'decay_rate', 'decay_type')
_CONSTRUCTORS = {
    'DefaultOptimWrapperConstructor': _PARAMWISE,
    'FewGroupsConstructor': (*_PARAMWISE, 'layer_decay'),
    'PerStudentConstructor': (*_PARAMWISE, 'layer_decay'),
    'ForceDefaultOptimWrapperConstructor':
    (*_PARAMWISE, 'force_default_settings'),
    'LearningRateDecayOptimizerConstructor': _LAYERWISE,
}
_SEGMENTORS = ('EncoderDecoder', 'CascadeEncoderDecoder',
               'MultiScaleSegmentor')
# PointRend and SAN read further keys than an EncoderDecoder itself.
_SEGMENTOR_KEYS = dict(
    test_cfg=('mode', 'crop_size', 'stride', 'subdivision_steps',
              'subdivision_num_points', 'scale_factor'),
    train_cfg=('num_points', 'oversample_ratio', 'importance_sample_ratio',
               'assigner'))
_MULTIPLIERS = ('lr_mult', 'decay_mult')


def similar_name(name: str, known: Iterable[str]) -> str:
    """Ask whether a similar name was meant.

    Args:
        name (str): A name that is not known.
        known (Iterable[str]): Known names.

    Returns:
        str: A question that begins with a space; empty without such a name.
    """
    close = difflib.get_close_matches(name, [*known], n=1, cutoff=.75)
    return f' Did you mean {close[0]!r}?' if close else ''


def check_untyped(content: Mapping[str, Any]) -> None:
    """Raise on unknown keys in dicts whose keys are not arguments.

    Args:
        content (Mapping): A config.

    Raises:
        ValueError: If nothing reads a key of ``randomness``, ``env_cfg``,
            ``epochs`` or ``stages``, of ``paramwise_cfg`` and its
            ``custom_keys``, or of ``test_cfg`` and ``train_cfg`` of a
            network.
    """
    for place, known in _KEYS.items():
        _check_known(place, content.get(place), known)
    optimizer = content.get('optim_wrapper') or {}
    _check_paramwise('optim_wrapper', optimizer)
    for name, changes in (optimizer.get('students') or {}).items():
        if 'paramwise_cfg' in changes:
            _check_paramwise(f'optim_wrapper.students.{name}',
                             {**optimizer, **changes})
    for place, node in _segmentors(content.get('model'), 'model'):
        for key, known in _SEGMENTOR_KEYS.items():
            _check_known(f'{place}.{key}', node.get(key), known)


def _check_known(place: str, node: Any, known: Sequence[str]) -> None:
    """Raise on a key that is not known."""
    for key in node or {}:
        if key not in known:
            raise ValueError(
                f'{place}.{key}: nothing reads it.'
                f'{similar_name(key, known)} Known keys: {", ".join(known)}.')


def _check_paramwise(place: str, optim_wrapper: Mapping[str, Any]) -> None:
    """Raise on unknown settings of single parameters."""
    settings = optim_wrapper.get('paramwise_cfg') or {}
    constructor = optim_wrapper.get(
        'constructor', 'DefaultOptimWrapperConstructor')
    known = _CONSTRUCTORS.get(str(constructor).rpartition('.')[2])
    if known is None:  # of the user
        return
    if place != 'optim_wrapper':  # which the constructor merges
        known = (*known, '_delete_')
    _check_known(f'{place}.paramwise_cfg', settings, known)
    options = _options_of((optim_wrapper.get('optimizer') or {}).get('type'))
    if not options:
        return
    for key, value in (settings.get('custom_keys') or {}).items():
        # mmengine passes further keys to the optimizer, such as `momentum`.
        _check_known(f'{place}.paramwise_cfg.custom_keys[{key!r}]', value,
                     (*_MULTIPLIERS, *options))


def _options_of(kind: Any) -> list[str]:
    """Options that a group of parameters may have; empty if not known."""
    cls = OPTIMIZERS.get(kind) if isinstance(kind, str) else kind
    if not inspect.isclass(cls):
        return []
    parameters = inspect.signature(cls).parameters.values()
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return []
    return [each.name for each in parameters][1:]


def _segmentors(node: Any,
                place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Networks of MMSegmentation in a part of a config, and their places."""
    if isinstance(node, Mapping):
        if str(node.get('type')).rpartition('.')[2] in _SEGMENTORS:
            yield place, node
        for key, value in node.items():
            yield from _segmentors(value, f'{place}.{key}')
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from _segmentors(value, f'{place}[{index}]')
