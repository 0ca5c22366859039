"""Logs of runs: reading them, and cutting them when a run is resumed."""
import json
import os
from pathlib import Path
from typing import Any, Optional

from .files import atomic_write


def cut_logs(work_dir: str | os.PathLike, iteration: int,
             validated: bool) -> None:
    """Remove log entries behind the iteration of a checkpoint.

    A resumed run logs the iterations behind its checkpoint again. Their old
    lines are removed from ``START/vis_data/scalars.json`` and ``START.json``
    next to it, for each start of the run, together with an incomplete last
    line; TensorBoard is told to hide them. The ``*.log`` files are not
    changed, because they record what happened.

    Args:
        work_dir (str | Path): Folder of the run, with a subfolder ``START``
            for each start.
        iteration (int): Number of iterations of the checkpoint.
        validated (bool): Whether the checkpoint includes the validation of
            its iteration; otherwise the validation is repeated.
    """
    for folder in sorted(Path(work_dir).glob('*/vis_data')):
        reached = 0
        for name in ('scalars.json', f'{folder.parent.name}.json'):
            path = folder / name
            if not path.is_file():
                continue
            entries = [_parse(line) for line in path.read_text().splitlines()]
            reached = max([reached, *(e['step'] for e in entries if e)])
            remaining = [entry for entry in entries
                         if entry and _is_past(entry, iteration, validated)]
            if len(remaining) < len(entries):
                _write(path, remaining)
        if reached > iteration and any(folder.glob('events.out.*')):
            # Imported here, because the import takes a second.
            from torch.utils.tensorboard import SummaryWriter
            SummaryWriter(str(folder), purge_step=iteration + 1).close()


def read_scalars(folder: Path) -> dict[str, dict[int, float]]:
    """Read all values that a run has logged.

    Args:
        folder (Path): Folder of a run with one seed.

    Returns:
        dict[str, dict[int, float]]: Values by name and iteration. If an
        iteration was logged several times, the newest value.

    Example:
        >>> read_scalars(Path('work_dirs/demo/streets_fst/seed_0'))['loss'][50]
    """
    found: dict[str, dict[int, float]] = {}
    for path in sorted(folder.glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            entry = _parse(line) or {}
            step = entry.pop('step', None)
            for key, value in entry.items():
                found.setdefault(key, {})[step] = value
    return found


def _parse(line: str) -> Optional[dict[str, Any]]:
    """Parse a line of a log; None if the run ended while writing it."""
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None


def _is_past(entry: dict[str, Any], iteration: int, validated: bool) -> bool:
    """Whether an entry was logged before the checkpoint."""
    is_training = 'iter' in entry  # entries of a validation lack it
    return entry['step'] < iteration + (is_training or validated)


def _write(path: Path, entries: list[dict[str, Any]]) -> None:
    """Write lines of a log."""
    with atomic_write(path) as temporary:
        temporary.write_text(
            ''.join(f'{json.dumps(entry)}\n' for entry in entries))
