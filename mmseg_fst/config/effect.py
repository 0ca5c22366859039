"""Settings without an effect: nothing reads them."""
import ast
import inspect
from collections.abc import Iterator, Mapping
from os import path as osp
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from mmseg_fst.utils.settings import TRAINING_KEYS, training_settings

from .known_keys import similar_name
from .model_parts import AGAIN, PARTS

# Beside the arguments of the runner: variables that mmengine and this package
# read from a config.
_READ = (
    *TRAINING_KEYS, *PARTS, AGAIN, 'model_wrapper_cfg', 'env_variables',
    'custom_imports', 'experiment_name', 'stages', 'partitions', 'partition',
    'epochs', 'epoch', 'seed_offset', 'config_file', 'title', 'configs',
    'tta_model', 'tta_pipeline', 'data_check', 'native_size')
_MAX_PLACES = 3


def read_names() -> set[str]:
    """Names of all variables of a config that something reads.

    Returns:
        set[str]: The names. All others are helpers: they have an effect only
        on what the file builds from them.
    """
    parameters = {*inspect.signature(Runner.__init__).parameters}
    return {*_READ, *parameters - {'self', 'cfg'}}


def check_effect(cfg: Config, options: Mapping[str, Any]) -> None:
    """Raise on options that have no effect.

    Args:
        cfg (Config): The config before the options are merged into it.
        options (Mapping): Values by dotted key.

    Raises:
        ValueError: With a sentence for each option that nothing reads: a
            helper variable of the config, which was used while the file was
            read, or a name that does not exist.
    """
    if 'model' not in cfg:  # a part of a config, such as a base
        return
    content = cfg.to_dict()
    problems = [problem for key, value in options.items()
                for problem in _problems(key, value, content)]
    if problems:
        raise ValueError(' '.join(problems))


def _problems(key: str, value: Any,
              content: Mapping[str, Any]) -> Iterator[str]:
    """Sentences about an option that has no effect."""
    first, *rest = key.split('.')
    if first not in read_names():
        yield _helper_problem(key, first, content)
        return
    node: Any = content
    place: list[str] = []
    for part in [first, *rest]:
        if not isinstance(node, Mapping):
            return  # a list, a new dict, or a value that is replaced
        if part not in node and place and 'type' not in node:
            similar = similar_name(part, node)
            if similar:
                yield (f'--cfg-options {key}: there is no {part} in '
                       f'{".".join(place)}.{similar}')
            return
        node = node.get(part)
        place.append(part)


def _helper_problem(key: str, name: str, content: Mapping[str, Any]) -> str:
    """What to say of an option whose variable nothing reads."""
    reason = ('it is a variable of the config file, which was used while the '
              'file was read' if name in content else 'nothing reads it')
    # `lr` as well as `optim_wraper.lr`.
    advice = advice_for(key.rpartition('.')[2], content, content.get(name)) \
        or similar_name(name, read_names()).strip()
    return (f'--cfg-options {key} has no effect: {reason}. '
            + (advice or 'Take it out, or change it in the config file.'))


def advice_for(name: str, content: Mapping[str, Any],
               value: Any = None) -> str:
    """Name the settings that a helper variable stands for.

    Args:
        name (str): Name of the variable.
        content (Mapping): The config.
        value (Any): Value that the settings were made from. Defaults to None:
            not known.

    Returns:
        str: A sentence with the settings of the same name or, if there are
        none, of the same value, unless that is a plain number; else one with
        a similar name of a variable that is read; empty if there is none.
    """
    settings = training_settings(content)
    found = [key for key in settings if key.rpartition('.')[2] == name]
    if not found and isinstance(value, (str, list, tuple)):
        found = [key for key, text in settings.items() if text == repr(value)]
    if not found:
        return similar_name(name, read_names()).strip()
    places = ' '.join(f'{place}=...' for place in found[:_MAX_PLACES])
    return f'Set {places} instead.'


def unread_variables(path: str) -> dict[str, str]:
    """Find variables of a config file that nothing reads.

    A variable that only its base has used is such a case: setting it in a
    file that derives from the base changes nothing. A config without a base,
    such as those that mmengine writes, may contain other variables; there
    only a variable that is set again after its use is such a case.

    Args:
        path (str): Path of a config in Python. Its bases are searched as
            well, except for files in a folder ``_base_``, whose variables
            are for others to use.

    Returns:
        dict[str, str]: Path of the file by name of the variable.
    """
    files = list(_with_bases(Path(path)))
    inherited = {node.attr for _, tree in files for node in ast.walk(tree)
                 if isinstance(node, ast.Attribute)
                 and isinstance(node.value, ast.Name)
                 and node.value.id == '_base_'}
    known = read_names() | inherited
    is_whole = len(files) == 1
    return {
        name: str(file) for file, tree in files
        if '_base_' not in file.parts
        for name, was_used in _unused(tree)
        if name not in known and (was_used or not is_whole)
    }


def _with_bases(path: Path) -> Iterator[tuple[Path, ast.Module]]:
    """A config file and its bases, parsed; unusual files are left out."""
    try:
        tree = ast.parse(path.read_text(encoding='utf-8'))
    except (OSError, SyntaxError, ValueError):
        return
    yield path, tree
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(
                node.targets[0], ast.Name) and node.targets[0].id == '_base_':
            try:
                bases = ast.literal_eval(node.value)
            except ValueError:
                continue
            for base in [bases] if isinstance(bases, str) else bases:
                # Neither of a package nor completed when it is read.
                if '::' not in base and '{{' not in base:
                    yield from _with_bases(
                        Path(osp.normpath(path.parent / base)))


def _unused(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Names that no line uses after their last assignment.

    Also whether a line before it does.
    """
    assigned: dict[str, int] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    assigned[target.id] = statement.lineno
    used: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            used[node.id] = max(used.get(node.id, 0), node.lineno)
    for name, line in assigned.items():
        if used.get(name, 0) < line and not name.startswith('_'):
            yield name, name in used
