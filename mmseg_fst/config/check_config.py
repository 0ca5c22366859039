"""Checks of a config before anything is built from it."""
import difflib
import inspect
import re
from collections.abc import Collection, Iterator
from glob import escape, glob
from os import path as osp
from typing import Any, Optional

from mmengine.config import Config

from mmseg_fst import registry
from mmseg_fst.datasets.known_data import KNOWN_DATA, PUBLISHED_LISTS
from mmseg_fst.utils.programs import program

from .check_values import (
    check_best,
    check_classes,
    check_daformer,
    check_numbers,
)
from .known_keys import check_untyped
from .renames import hint_for

_REGISTRIES = [
    value for value in vars(registry).values()
    if isinstance(value, registry.Registry) and value.scope == 'mmseg_fst'
]
# Where the type of a dict is looked up, by what its place ends with.
_REGISTRY_BY_PLACE = {
    r'^(custom_hooks\[\d+\]|default_hooks\.\w+)$': registry.HOOKS,
    r'^model(\.|$)(\w*(segmentor|backbone|head|mixer|mask|labeler|filter)$|$)':
    registry.MODELS,
    r'segmentor\.\w*(backbone|head)$': registry.MODELS,
    r'dataloader\.dataset(\.sides\.\w+)?(\.datasets\[\d+\]|\.dataset)*$':
    registry.DATASETS,
    r'dataloader\.sampler$': registry.DATA_SAMPLERS,
    r'dataloader\..*pipeline\[\d+\]$': registry.TRANSFORMS,
    r'^optim_wrapper$': registry.OPTIM_WRAPPERS,
    r'^optim_wrapper\.optimizer$': registry.OPTIMIZERS,
    r'^param_scheduler\[\d+\]$': registry.PARAM_SCHEDULERS,
    r'^(train|val|test)_cfg$': registry.LOOPS,
    r'^(val|test)_evaluator(\[\d+\])?$': registry.METRICS,
}
# Keys that mmengine takes out before it builds.
_ALWAYS = ('type', '_scope_')
_TAKEN_OUT = {
    r'^(custom_hooks\[\d+\]|default_hooks\.\w+)$': ('priority', ),
    # PerStudentConstructor takes out `students` and merges each of them.
    r'^optim_wrapper(\.students\.\w+)?$':
    ('constructor', 'paramwise_cfg', 'students'),
    r'^param_scheduler\b': ('convert_to_iter_based', 'epoch_length'),
    r'\binit_cfg(\[\d+\])?$': ('override', ),
}
# By a part of the missing path.
_HINTS = {
    **{
        name: data.how_to_get(f'data/{name}')
        for name, data in KNOWN_DATA.items()
    },
}


def check_config(cfg: Config, planned: Collection[str] = ()) -> None:
    """Raise on what would fail later, or worse, be ignored.

    Args:
        cfg (Config): A config of a training or test run.
        planned (Collection[str]): Work folders of runs that will be trained
            before this one, which may start from them. Defaults to ().

    Raises:
        ValueError: If a class of this package does not accept a key, a
            ``type`` names no class, a number of iterations or images is none,
            nothing reads a key, heads and data differ in their number of
            classes, or values of Cityscapes are used on other data.
        FileNotFoundError: If a data folder, a list of images, a file of
            weights or the run of a teacher is missing.
    """
    content = cfg.to_dict()
    for where, node in _walk(content, ''):
        _check_type(where, node)
        _check_keys(where, node)
        _check_sides(where, node)
        _check_folders(where, node)
        _check_weights(where, node, planned)
    check_numbers(content)
    check_untyped(content)
    check_best(content)
    check_classes(content)
    check_daformer(content)
    _check_teachers(content, planned)
    start = cfg.get('load_from')
    if (start and '://' not in start and not osp.isfile(start)
            and not {start, osp.dirname(start)} & set(planned)):
        # Such as checkpoints of a run with other iterations.
        there = sorted(
            glob(osp.join(escape(osp.dirname(start)), '*.pth')))
        others = f' There is: {", ".join(there)}.' if there else ''
        raise FileNotFoundError(
            f'load_from: there is no checkpoint {start}.{others} Train that '
            'run first, or name another checkpoint with --cfg-options '
            'load_from=FILE.')


def _check_teachers(content: dict, planned: Collection[str]) -> None:
    """Raise on a run to learn from that is missing.

    A test does without the runs.
    """
    teachers = (content.get('model') or {}).get('teachers')
    if 'train_dataloader' not in content or not isinstance(
            teachers, (list, tuple)):
        return
    for path in teachers:
        if not (osp.isfile(path) or osp.isdir(path)
                or {path, osp.dirname(path)} & set(planned)):
            raise FileNotFoundError(
                f'model.teachers: there is no run {path}. Train that run '
                'first, or name others with --cfg-options '
                "model.teachers=\"['FOLDER']\".")


def _walk(node: Any, where: str) -> Iterator[tuple[str, dict]]:
    """All dicts of a config that name a type, with their place."""
    if isinstance(node, dict):
        if isinstance(node.get('type'), (str, type)):
            yield where or 'the config', node
        for key, value in node.items():
            yield from _walk(value, f'{where}.{key}' if where else key)
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from _walk(value, f'{where}[{index}]')


def _own_class(name: Any) -> Optional[type]:
    """The class of that name if it is one of this package's."""
    if inspect.isclass(name):
        return name if name.__module__.startswith('mmseg_fst.') else None
    if isinstance(name, str):
        name = name.removeprefix('mmseg_fst.')
        for registry in _REGISTRIES:
            if name in registry.module_dict:
                return registry.module_dict[name]
    return None


def _check_type(where: str, node: dict) -> None:
    """Raise if a type that is looked up by its name is not there."""
    name = node['type']
    for place, owner in _REGISTRY_BY_PLACE.items():
        if not isinstance(name, str) or not re.search(place, where):
            continue
        if owner.get(name) is None:
            known: list[str] = []
            above: Optional[registry.Registry] = owner
            while above is not None:
                known += above.module_dict
                above = above.parent
            close = difflib.get_close_matches(name, known, n=1)
            hint = f' Did you mean {close[0]!r}?' if close else ''
            old = hint_for(name)
            hint = f' {old}' if old else hint
            raise ValueError(
                f'{where}.type: there is no {owner.name} {name!r}.{hint} A '
                'class of your own is found once its file is imported; name '
                'the file in `custom_imports` of the config.')


def _check_keys(where: str, node: dict) -> None:
    """Raise on a key that the class does not take."""
    cls = _own_class(node['type'])
    if cls is None:
        return
    parameters = _parameters_of(cls)
    if parameters is None:
        return
    taken_out = [*_ALWAYS]
    for place, keys in _TAKEN_OUT.items():
        if re.search(place, where):
            taken_out += keys
    for key in node:
        if key not in parameters and key not in taken_out:
            if key == '_delete_':
                raise ValueError(
                    f'{where}._delete_: there is nothing to replace: no base '
                    'has a dict in this place, or a list contains it. Take '
                    '_delete_ out.')
            close = difflib.get_close_matches(key, parameters, n=1)
            hint = f' Did you mean {close[0]!r}?' if close else ''
            old = hint_for(cls, key)
            hint = f' {old}' if old else hint
            raise ValueError(
                f'{where}.{key}: {cls.__name__} has no argument {key!r}.'
                f'{hint} It takes: {", ".join(parameters)}.')


def _parameters_of(cls: type) -> Optional[list[str]]:
    """Arguments of a class and, through ``**kwargs``, of its bases.

    None if they take any.
    """
    names: list[str] = []
    for base in cls.__mro__[:-1]:
        if '__init__' not in vars(base):
            continue
        signature = inspect.signature(vars(base)['__init__'])
        _, *parameters = signature.parameters.values()
        names += [
            parameter.name for parameter in parameters
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD,
                                  parameter.KEYWORD_ONLY)
            and parameter.name not in names
        ]
        if all(parameter.kind is not parameter.VAR_KEYWORD
               for parameter in parameters):
            return names
    return None


def _check_sides(where: str, node: dict) -> None:
    """Raise on a side that is not a data set, such as a misspelled name."""
    sides = node.get('sides')
    if not isinstance(sides, dict):
        return
    known = [name for name, side in sides.items()
             if side is None or 'type' in side]
    for name in sides.keys() - set(known):
        close = difflib.get_close_matches(name, known, n=1)
        hint = f' Did you mean {close[0]!r}?' if close else ''
        raise ValueError(
            f'{where}.sides.{name}: a side needs the `type` of a data set.'
            f'{hint} There are: {", ".join(known)}.')


def _hint(path: str) -> str:
    """How to fix a missing path."""
    stem, extension = osp.splitext(osp.basename(path))
    if extension == '.pth' and 'checkpoints' in path.split(osp.sep):
        return f' Fetch it with: {program("download checkpoints")} {stem}'
    parts = osp.normpath(path).replace('.', osp.sep).split(osp.sep)
    for family in PUBLISHED_LISTS:
        if family in parts:
            return f' Fetch it with: {program("download splits")} {family}'
    for name, sentence in _HINTS.items():
        if name in parts:
            return f' {sentence}'
    return ' Correct the config, or put the data there (a link will do).'


def _check_folders(where: str, node: dict) -> None:
    """Raise on a data set whose folders or list are missing."""
    if 'data_prefix' not in node:
        return
    root = node.get('data_root') or ''
    if '://' in root:  # kept elsewhere, read through a file client
        return
    for prefix in node['data_prefix'].values():
        folder = osp.join(root, prefix)
        if not osp.isdir(folder):
            raise FileNotFoundError(f'{where}: there is no folder {folder}.' +
                                    _hint(folder))
    for key in ('ann_file', 'extra_ann_file'):
        path = osp.join(root, node.get(key) or '')
        if node.get(key) and not osp.isfile(path):
            raise FileNotFoundError(
                f'{where}.{key}: there is no file {path}.' + _hint(path))


def _check_weights(where: str, node: dict, planned: Collection[str]) -> None:
    """Raise on a local file of weights that is missing."""
    if node['type'] not in ('Pretrained', 'DCTPretrained'):
        return
    # `model` contains all networks; elsewhere bases define parts of which it
    # may leave out some.
    if where.partition('.')[0] not in ('model', 'stages'):
        return
    paths = [node[key] for key in ('checkpoint', 'fallback') if node.get(key)]
    if any('://' in path or osp.isfile(path) or osp.dirname(path) in planned
           for path in paths):
        return
    if paths:
        sentences = [f'there is no file {path}.{_hint(path)}'
                     for path in paths]
        raise FileNotFoundError(
            f'{where}.checkpoint: {" In its place: ".join(sentences)}')
