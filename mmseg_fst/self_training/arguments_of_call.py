"""Arguments of a call: checked, made absolute, and as settings of a task."""
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any, Union

from mmseg_fst.config.base_configs import base_configs
from mmseg_fst.prepare.mask_sources import is_coco
from mmseg_fst.prepare.schedule import fixed_schedules, method_names
from mmseg_fst.prepare.task_settings import TaskSettings
from mmseg_fst.utils.files import save_lines
from mmseg_fst.utils.programs import program

from .class_argument import class_text
from .errors import SelfTrainError
from .record import Places

#: A folder, the path of a list of images, or a list of their names.
Files = Union[str, PathLike, Sequence[str]]
#: Iterations of both stages, or of each.
Iterations = Union[int, tuple[int, int]]
_LISTS = ('unlabeled', 'training', 'validation', 'test')
_WEIGHTS = Path('checkpoints', 'mobilenetv2_100.pth')
_INIT = 'model.segmentor.backbone.init_cfg'
#: Value of ``weights`` for a backbone without pretrained weights.
RANDOM = 'random'


def check_arguments(given: Mapping[str, Any], out: Path) -> None:
    """Check what can be checked without reading the data.

    Args:
        given (Mapping): Arguments of the call.
        out (Path): Its folder, absolute.

    Raises:
        SelfTrainError: If a value is out of its range.
        ValueError: If there are too few iterations.
    """
    if given['method'] not in method_names():
        raise SelfTrainError(
            f'method={given["method"]!r}: there is no such method; choose '
            f'one of {", ".join(map(repr, method_names()))}.')
    if given['iterations'] is not None:
        fixed_schedules(*_pair(given['iterations']))
    unlabeled = given['unlabeled']
    if isinstance(unlabeled, (str, PathLike)) and out.is_relative_to(
            Path(unlabeled).expanduser().resolve()):
        raise SelfTrainError(
            f'out={str(given["out"])!r} is inside of the folder of unlabeled '
            f'images, {unlabeled}. Choose a folder beside it.')


def _pair(lengths: Iterations) -> tuple[int, int]:
    """Iterations of supervised training and of self-training."""
    try:
        first, second = ((lengths, lengths) if isinstance(lengths, int)
                         else lengths)
        return int(first), int(second)
    except (TypeError, ValueError) as error:
        raise SelfTrainError(
            f'iterations={lengths!r} must be a positive integer, or two: of '
            'supervised training and of self-training.') from error


def normalized(given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that do not depend on the current folder.

    Args:
        given (Mapping): Arguments that the result depends on.

    Returns:
        dict: Absolute paths, lists of names, and the text of the class list.

    Raises:
        SelfTrainError: If the classes cannot be read.
    """
    arguments = dict(given)
    arguments['labeled'] = _absolute(given['labeled'])
    for name in _LISTS:
        value = given[name]
        if isinstance(value, (str, PathLike)):
            arguments[name] = _absolute(value)
        elif value is not None:
            arguments[name] = [str(item) for item in value]
    arguments['classes'] = class_text(given['classes'])
    masks = str(given['masks'])
    if is_coco(masks) and not Path(arguments['labeled'], masks).is_file():
        masks = _absolute(masks)
    arguments['masks'] = masks
    if given['iterations'] is not None:
        arguments['iterations'] = _pair(given['iterations'])
    if given['weights'] not in (None, RANDOM):
        arguments['weights'] = _absolute(given['weights'])
    return arguments


def _absolute(path: Union[str, PathLike]) -> str:
    """A path that does not depend on the current folder."""
    return str(Path(path).expanduser().absolute())


def task_settings(arguments: Mapping[str, Any], places: Places,
                  workers: int) -> TaskSettings:
    """Settings of the task; lists of names become files.

    Args:
        arguments (Mapping): Of :func:`normalized`.
        places (Places): Folder of the call, which gets the lists.
        workers (int): Number of threads.

    Returns:
        TaskSettings: The settings.
    """
    values = {field.name: arguments[field.name]
              for field in fields(TaskSettings) if field.name in arguments}
    for name in _LISTS:
        value = arguments[name]
        if isinstance(value, list):
            path = places.lists / f'{name}.txt'
            path.parent.mkdir(exist_ok=True)
            save_lines(path, value)
            values[name] = path
        elif value is not None:
            values[name] = Path(value)
    if arguments['classes'] is not None:
        save_lines(places.class_list, arguments['classes'].splitlines())
        values['classes'] = places.class_list
    for name in ('exclude', 'stretch'):
        if arguments[name] is not None:
            values[name] = tuple(arguments[name])
    title = re.sub(r'[^\w.-]', '_', places.out.name, flags=re.ASCII)
    values.update(
        name=title if title[:1].isalnum() else f'task{title}',
        labeled=Path(arguments['labeled']), seed=arguments['split_seed'],
        workers=workers)
    return TaskSettings(**values)


def weight_options(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a config for the pretrained weights of the backbone.

    Args:
        arguments (Mapping): Of :func:`normalized`.

    Returns:
        dict: Values by dotted key.

    Raises:
        SelfTrainError: If there is no such file.
    """
    weights = arguments['weights']
    if any(key.startswith(_INIT) for key in arguments['options'] or {}):
        return {}
    if weights == RANDOM:
        return {_INIT: None}
    paths = [Path(weights)] if weights else [
        _WEIGHTS.absolute(), base_configs().parents[1] / _WEIGHTS]
    found = next((path for path in paths if path.is_file()), None)
    if found is None:
        raise SelfTrainError(
            f'There are no pretrained weights {paths[0]}. Fetch them with: '
            f'{program("download checkpoints")} {_WEIGHTS.stem}, or name a '
            'file with `weights`, or train from scratch with '
            f'weights={RANDOM!r}.')
    return {f'{_INIT}.checkpoint': str(found)}
