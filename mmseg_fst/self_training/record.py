"""The folder of a call: what is in it, and which call it belongs to."""
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmseg_fst.run.run_config import DEBUG, run_name
from mmseg_fst.utils.files import save_json
from mmseg_fst.version import __version__

from .errors import SelfTrainError

#: Name of the file that says which call a folder belongs to.
RECORD = 'self_train.json'


@dataclass(frozen=True)
class Places:
    """Paths of the files of a call.

    Attributes:
        out (Path): Its folder, absolute.
    """
    out: Path

    @property
    def record(self) -> Path:
        """Arguments of the call."""
        return self.out / RECORD

    @property
    def log(self) -> Path:
        """What the stages print."""
        return self.out / 'log.txt'

    @property
    def survey(self) -> Path:
        """Images, classes and notes about the data."""
        return self.out / 'survey.txt'

    @property
    def class_list(self) -> Path:
        """The classes."""
        return self.out / 'classes.txt'

    @property
    def lists(self) -> Path:
        """Lists of images that are arguments."""
        return self.out / 'lists'

    @property
    def data(self) -> Path:
        """Lists, masks and statistics of the task."""
        return self.out / 'data'

    @property
    def configs(self) -> Path:
        """Configs of the task."""
        return self.out / 'configs'

    @property
    def report(self) -> Path:
        """The report."""
        return self.out / 'report.html'

    def run(self, name: str, seed: int, debug: bool) -> Path:
        """Folder of a run.

        Args:
            name (str): Name of its config.
            seed (int): Its seed.
            debug (bool): Whether it is a debug run.

        Returns:
            Path: Such as ``OUT/runs/fst/seed_0``.
        """
        folder = run_name(DEBUG if debug else f'seed_{seed}')
        return self.out / 'runs' / name / folder


def plain(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as JSON stores them, so that they can be compared.

    Args:
        arguments (dict): The arguments.

    Returns:
        dict: Lists for tuples, text for paths.
    """
    return json.loads(json.dumps(arguments, default=str))


def read_record(places: Places) -> dict[str, Any]:
    """Read which call a folder belongs to.

    Args:
        places (Places): The folder.

    Returns:
        dict: ``arguments``, ``finished`` and so on.

    Raises:
        SelfTrainError: If it is not a folder of :func:`self_train`.
    """
    try:
        return json.loads(places.record.read_text(encoding='utf-8'))
    except FileNotFoundError as error:
        raise SelfTrainError(
            f'{places.out} is not a folder of self_train: it has no {RECORD}. '
            'Name the `out` of such a call.') from error
    except ValueError as error:
        raise SelfTrainError(
            f'{places.record} is damaged ({error}). Choose another `out`.'
        ) from error


def write_record(places: Places, record: dict[str, Any]) -> None:
    """Write which call a folder belongs to.

    Args:
        places (Places): The folder.
        record (dict): Of :func:`open_record`.
    """
    save_json(places.record, record)


def open_record(places: Places, arguments: dict[str, Any]) -> dict[str, Any]:
    """Claim a folder for a call, or continue an earlier call in it.

    As long as the task is not written, the arguments may change: the data may
    have had problems.

    Args:
        places (Places): The folder.
        arguments (dict): What the result depends on.

    Returns:
        dict: Record of the call.

    Raises:
        SelfTrainError: If the folder belongs to a call with other arguments,
            or contains other files.
    """
    arguments = plain(arguments)
    if places.record.is_file():
        record = read_record(places)
        before = record.get('arguments', {})
        if before == arguments:
            return record
        if places.configs.exists():
            raise SelfTrainError(
                f'{places.out} belongs to a call with other arguments: '
                f'{_changes(before, arguments)}. Choose another `out`, or '
                'give the former arguments to continue.')
    elif places.out.exists():
        _refuse_others(places.out)
    places.out.mkdir(parents=True, exist_ok=True)
    record = dict(version=__version__, arguments=arguments, finished=False)
    write_record(places, record)
    return record


def _refuse_others(out: Path) -> None:
    """Raise on a folder of other files."""
    if not out.is_dir():
        raise SelfTrainError(f'{out} is a file. Choose another `out`.')
    other = next(iter(sorted(out.iterdir())), None)
    if other is not None:
        raise SelfTrainError(
            f'{out} contains files that self_train has not written, such as '
            f'{other.name}. Choose another `out`, which may not exist yet.')


def _changes(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Name the arguments that differ."""
    texts = []
    for name in dict.fromkeys([*now, *before]):
        old, new = before.get(name), now.get(name)
        if old != new:
            texts.append(f'`{name}` was {short_text(old)}, '
                         f'now {short_text(new)}')
    return '; '.join(texts)


def short_text(value: Any) -> str:
    """A value for a message, of a long one its beginning.

    Args:
        value (Any): The value.

    Returns:
        str: At most 80 characters.
    """
    text = repr(value)
    return text if len(text) <= 80 else f'{text[:77]}...'
