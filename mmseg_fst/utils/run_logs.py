"""What runs log, and how one that is resumed takes it up."""
import json
import os
from pathlib import Path
from typing import Any, Optional

from .files import atomic_write


def cut_logs(work_dir: str | os.PathLike, iteration: int,
             validated: bool) -> None:
    """Take back what was logged beyond an iteration.

    A run that goes on from a checkpoint logs the iterations behind it again.
    In ``START/vis_data/scalars.json`` and ``START.json`` beside it, of each
    time it was started, their lines are taken out, and so is a last line that
    is not whole; TensorBoard is told to hide them. The ``*.log`` files are
    left as they are: they tell what has happened.

    Args:
        work_dir (str | Path): Folder of the run, with a folder ``START`` for
            each time it was started.
        iteration (int): Number of iterations of the checkpoint.
        validated (bool): Whether its validation is accounted for; else it
            will be repeated.
    """
    for folder in sorted(Path(work_dir).glob('*/vis_data')):
        reached = 0
        for name in ('scalars.json', f'{folder.parent.name}.json'):
            path = folder / name
            if not path.is_file():
                continue
            entries = [_parse(line) for line in path.read_text().splitlines()]
            reached = max([reached, *(e['step'] for e in entries if e)])
            kept = [entry for entry in entries
                    if entry and _stays(entry, iteration, validated)]
            if len(kept) < len(entries):
                _write(path, kept)
        if reached > iteration and any(folder.glob('events.out.*')):
            # Here, because it takes a second to import.
            from torch.utils.tensorboard import SummaryWriter
            SummaryWriter(str(folder), purge_step=iteration + 1).close()


def read_scalars(folder: Path) -> dict[str, dict[int, float]]:
    """All values that a run has logged over its iterations.

    Args:
        folder (Path): Folder of a run of one seed.

    Returns:
        dict[str, dict[int, float]]: By name and iteration; where a resumed
        run has logged an iteration again, the newest.
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
    """A line of a log; None if it was being written when the run ended."""
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None


def _stays(entry: dict[str, Any], iteration: int, validated: bool) -> bool:
    """Whether a line is of the past."""
    trains = 'iter' in entry  # those of a validation do not have it
    return entry['step'] < iteration + (trains or validated)


def _write(path: Path, entries: list[dict[str, Any]]) -> None:
    """Write lines of a log."""
    with atomic_write(path) as temporary:
        temporary.write_text(
            ''.join(f'{json.dumps(entry)}\n' for entry in entries))
