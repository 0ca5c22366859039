"""Old names in configs, and what they are called today.

Configs of finished runs, and files that users wrote for earlier versions, are
read through the tables below. An option of a command line with an old name is
read as well if it is in ``OPTIONS``, and refused with the new name otherwise.
"""
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Optional

#: Old -> new arguments, by the class that takes them.
ARGUMENTS: dict[str, dict[str, str]] = {
    'FSTHook': dict(released='match_release', redraw='resample_mix'),
    'WideFSTHook': dict(released='match_release'),
    'ContrastiveMemory': dict(released='match_release'),
    **dict.fromkeys(
        ('SelfTrainingSegmentor', 'Supervised', 'MeanTeacher', 'FixMatch',
         'UniMatch', 'UniMatchV2', 'CutMixMeanTeacher', 'U2PL', 'STPlusPlus'),
        dict(labeled_iters='warmup_iters'))
}
#: Old -> new classes that differ in the name alone.
TYPES: dict[str, str] = dict(CoTrainingSegmentor='CoTraining')
#: Old -> new places of arguments that are part of another one today, by class.
OPTIONS: dict[str, dict[str, str]] = dict(
    PairedDataset=dict(labeled='sides.labeled', unlabeled='sides.unlabeled'))
#: Arguments whose value became part of the class, and where to find it today.
SWITCHES: dict[str, str] = dict(
    label_with='The teacher labels in MeanTeacher, UniMatchV2, '
    'CutMixMeanTeacher and U2PL, the student in FixMatch and UniMatch; '
    'STPlusPlus takes labels from files.',
    passes='Labeled and mixed images share a pass in CutMixMeanTeacher and '
    'U2PL, with a teacher and a pseudo_filter.',
    num_views='UniMatch and UniMatchV2 have two strong views, all others one.',
    photometric_on='FixMatch, UniMatch, UniMatchV2 and STPlusPlus augment '
    'unlabeled images before they are mixed, all others mixed images.',
    weak_perturbation='It is `perturbation` of UniMatch.',
    view_perturbation='It is `perturbation` of UniMatchV2.')
# Arguments of some classes alone; their value is not part of the class.
_PARTS = dict(
    pseudo_filter='CutMixMeanTeacher and U2PL have one, and need it.',
    contrast='U2PL has it, with a pseudo_filter.')
# Values of an old model that leaves a switch out.
_DEFAULTS: dict[str, Any] = dict(
    label_with='teacher', passes='separate', num_views=1,
    photometric_on='mixed')


class _Method(NamedTuple):
    """What an old model must have to be one of the new classes."""
    label_with: str = 'teacher'
    passes: str = 'separate'
    num_views: int = 1
    photometric_on: str = 'mixed'
    perturbation: Optional[str] = None  # its old name
    needs: tuple[str, ...] = ()
    parts: tuple[str, ...] = ('labeled', 'mixed')


_METHODS = dict(
    MeanTeacher=_Method(),
    FixMatch=_Method(label_with='student', photometric_on='unlabeled'),
    UniMatch=_Method(
        label_with='student', num_views=2, photometric_on='unlabeled',
        perturbation='weak_perturbation',
        parts=('labeled', 'mixed', 'perturbed')),
    UniMatchV2=_Method(
        num_views=2, photometric_on='unlabeled',
        perturbation='view_perturbation'),
    CutMixMeanTeacher=_Method(passes='joint', needs=('pseudo_filter', )),
    U2PL=_Method(passes='joint', needs=('pseudo_filter', 'contrast')),
    STPlusPlus=_Method(label_with='file', photometric_on='unlabeled'))


def upgrade_config(cfg: dict[str, Any], source: str) -> None:
    """Replace old names in a config.

    Args:
        cfg (dict): A config; changed in place.
        source (str): Where it is from, for messages.

    Raises:
        ValueError: If a key is given by its old and its new name (nobody can
            tell then which of the files should win), or the switches of an
            old model fit none of today's classes.

    Example:
        >>> cfg = dict(custom_hooks=[dict(type='FSTHook', released=True)])
        >>> upgrade_config(cfg, 'config.json')
        >>> cfg['custom_hooks']
        [{'type': 'FSTHook', 'match_release': True}]
    """
    for place, node in _typed(cfg):
        where = f'{source}: {place or "the config"}'
        for old, new in ARGUMENTS.get(_type_of(node), {}).items():
            if old in node and new in node:
                raise ValueError(f'{where}: {old!r} is the old name of '
                                 f'{new!r}; remove one of them.')
            if old in node:
                node[new] = node.pop(old)
        name = _type_of(node)
        if name in TYPES:
            node['type'] = _replace_name(node['type'], TYPES[name])
        if name in UPGRADES:
            UPGRADES[name](node, where)
        for key in node:
            hint = hint_for(node['type'], key)
            if hint is not None:
                raise ValueError(f'{where}: {hint}')


def upgrade_option(cfg: dict[str, Any], key: str) -> str:
    """The key of an override in its present form, see ``OPTIONS``.

    Args:
        cfg (dict): The config that is changed, after :func:`upgrade_config`.
        key (str): Dotted key, such as
            ``'train_dataloader.dataset.labeled.data_root'``.

    Returns:
        str: Such as ``'train_dataloader.dataset.sides.labeled.data_root'``.
    """
    for place, node in _typed(cfg):
        for old, new in OPTIONS.get(_type_of(node), {}).items():
            before = f'{place}.{old}'.lstrip('.')
            if f'{key}.'.startswith(f'{before}.'):
                after = f'{place}.{new}'.lstrip('.')
                return after + key[len(before):]
    return key


def check_options(cfg: dict[str, Any], options: dict[str, Any]) -> None:
    """Raise on an option of a command line with an old name.

    Args:
        cfg (dict): A config whose only old names are in the options that
            were merged into it.
        options (dict): The options, by dotted key.

    Raises:
        ValueError: With the new name.
    """
    for place, node in _typed(cfg):
        for key in node:
            hint = hint_for(node['type'], key)
            path = f'{place}.{key}'.lstrip('.')
            if hint is not None and _sets(options, path):
                raise ValueError(f'--cfg-options {path}: {hint}')
        hint = hint_for(node['type'])
        path = f'{place}.type'.lstrip('.')
        if hint is not None and _sets(options, path):
            raise ValueError(f'--cfg-options {path}: {hint}')


def hint_for(name: Any, key: Optional[str] = None) -> Optional[str]:
    """What an old name is called today.

    Args:
        name (str | type): ``type`` of a part of a config.
        key (str, optional): One of its arguments. Defaults to None: the hint
            is about the type.

    Returns:
        str | None: A sentence; None if the name is not an old one.
    """
    name = _type_of(dict(type=name))
    if key is None:
        if name in TYPES:
            return f'{name} is called {TYPES[name]} today.'
        if name == 'SelfTrainingSegmentor':
            return (f'{name} is a class for each method today: Supervised, '
                    f'{", ".join(_METHODS)}.')
        return None
    if key in ARGUMENTS.get(name, {}):
        return f'{key!r} of {name} is called {ARGUMENTS[name][key]!r} today.'
    if name in _METHODS or name == 'Supervised':
        hint = SWITCHES.get(key)
        if key in _PARTS and key not in _METHODS.get(name, _Method()).needs:
            hint = _PARTS[key]
        return hint and f'{name} has no {key!r}. {hint}'
    return None


def _upgrade_self_training(model: dict[str, Any], where: str) -> None:
    """From a ``SelfTrainingSegmentor`` to the class of its method."""
    parts: tuple[str, ...] = ('labeled', )
    if model.get('mixer') is None:
        name = 'Supervised'
        for key in _PARTS:
            model.pop(key, None)
    else:
        name = _method_of(model)
        method, parts = _METHODS[name], _METHODS[name].parts
        _check_switches(name, method, model, where)
        if method.perturbation and model.get(method.perturbation):
            model['perturbation'] = model[method.perturbation]
    for key in SWITCHES:
        model.pop(key, None)
    for key in _PARTS:
        if model.get(key, True) is None:
            del model[key]
    weights = model.get('loss_weights') or {}
    for part in set(weights) - set(parts):
        del weights[part]  # it had no effect
    model['type'] = _replace_name(model['type'], name)


def _method_of(model: dict[str, Any]) -> str:
    """The class that is closest to the switches of a model."""
    if model.get('label_with') == 'file':
        return 'STPlusPlus'
    if model.get('label_with') == 'student':
        return 'UniMatch' if model.get('weak_perturbation') else 'FixMatch'
    if model.get('contrast'):
        return 'U2PL'
    if model.get('passes') == 'joint':
        return 'CutMixMeanTeacher'
    if model.get('view_perturbation') or model.get('num_views', 1) != 1:
        return 'UniMatchV2'
    return 'MeanTeacher'


def _check_switches(name: str, method: _Method, model: dict[str, Any],
                    where: str) -> None:
    """Raise on a switch that has another value than the class stands for."""
    for key, default in _DEFAULTS.items():
        value = model.get(key, default)
        if key == 'photometric_on' and not model.get('photometric'):
            continue  # there is nothing that it is about
        if value != getattr(method, key):
            raise _unknown_combination(where, name, f'{key}={value!r}',
                                       SWITCHES[key])
    for key in ('weak_perturbation', 'view_perturbation'):
        if model.get(key) and key != method.perturbation:
            raise _unknown_combination(where, name, key, SWITCHES[key])
    for key, hint in _PARTS.items():
        if bool(model.get(key)) != (key in method.needs):
            given = key if model.get(key) else f'no {key}'
            raise _unknown_combination(where, name, given, hint)


def _unknown_combination(where: str, name: str, switch: str,
                         hint: str) -> ValueError:
    """The error for switches that no class of today covers."""
    return ValueError(
        f'{where}: SelfTrainingSegmentor has become a class for each method. '
        f'This one is closest to {name}, which cannot have {switch}. {hint} '
        "Give `model` the type of one of them and take the old key out, or "
        'use the earlier version of mmseg_fst that trained this run.')


def _upgrade_paired(dataset: dict[str, Any], where: str) -> None:
    """From ``labeled`` and ``unlabeled`` to ``sides`` of a data set."""
    older = {name: dataset.pop(name) for name in OPTIONS['PairedDataset']
             if name in dataset}
    if not older:
        return
    if 'sides' in dataset:
        name = next(iter(older))
        raise ValueError(
            f'{where} has both `sides` and `{name}`, which is the older form '
            f'of `sides.{name}`; one of them is from a base. Write '
            f'dataset=dict(sides=dict({name}=...)) in place of '
            f'dataset=dict({name}=...).')
    dataset['sides'] = older


#: Classes whose arguments changed in more than their names, and the
#: function that changes them: it takes the part of the config, to change in
#: place, and its place for messages.
UPGRADES: dict[str, Callable[[dict[str, Any], str], None]] = dict(
    SelfTrainingSegmentor=_upgrade_self_training,
    PairedDataset=_upgrade_paired)


def _type_of(node: dict[str, Any]) -> str:
    """Name of the class of a part of a config, without the scope."""
    kind = node['type']
    return kind.removeprefix('mmseg_fst.') if isinstance(kind, str) else (
        getattr(kind, '__name__', ''))


def _replace_name(kind: str, name: str) -> str:
    """Another class in the scope of ``kind``."""
    scope, dot, _ = kind.rpartition('.')
    return scope + dot + name


def _typed(node: Any, place: str = '') -> Iterator[tuple[str, dict]]:
    """All parts of a config with the name of a class, with dotted places."""
    if isinstance(node, dict):
        for key, value in list(node.items()):
            yield from _typed(value, f'{place}.{key}'.lstrip('.'))
        if isinstance(node.get('type'), (str, type)):
            yield place, node
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from _typed(value, f'{place}.{index}'.lstrip('.'))


def _sets(options: dict[str, Any], path: str) -> bool:
    """Whether one of the options sets a value at a dotted key."""
    return any(
        f'{path}.'.startswith(f'{given}.') for given in options)
