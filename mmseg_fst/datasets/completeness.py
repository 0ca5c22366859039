"""Which parts of the known data sets exist on disk."""
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from .known_data import KNOWN_DATA, Files, list_files

#: Kinds of files of a data set.
KINDS = ('images', 'labels', 'converted')


class State(NamedTuple):
    """Which parts of a data set exist.

    Attributes:
        cells (list[str]): Table cells of the images, labels, converted labels
            and class statistics.
        next_step (str): What to do next; empty if the data set is complete.
    """
    cells: list[str]
    next_step: str


def folder_of(name: str, root: Path) -> Path:
    """Return the folder where the configs expect a data set.

    Args:
        name (str): Name of the data set.
        root (Path): Folder of all data sets.

    Returns:
        Path: The folder.
    """
    return Path(os.environ.get(f'{name.upper()}_ROOT') or root / name)


def count(folder: Path, parts: Sequence[tuple[int, Optional[Files]]]
          ) -> tuple[str, bool]:
    """Count the files of one kind in all splits.

    Args:
        folder (Path): Folder of the data set.
        parts (Sequence): For each split, the expected number of files and
            their location.

    Returns:
        tuple[str, bool]: The table cell, and whether all files exist.
    """
    counts = [(len(list_files(folder, files)), expected)
              for expected, files in parts if files]
    if not counts:
        return '-', True
    complete = all(found >= expected for found, expected in counts)
    found, expected = map(sum, zip(*counts))
    return f'{found}/{expected}', complete


def inspect_data_set(name: str, folder: Path) -> State:
    """Check which parts of a data set exist.

    Args:
        name (str): Name of the data set.
        folder (Path): Folder of the data set.

    Returns:
        State: The existing parts and the next step.
    """
    data = KNOWN_DATA[name]
    cells, complete = [], []
    for kind in KINDS:
        cell, all_found = count(folder, [(split.count, getattr(split, kind))
                                         for split in data.splits])
        cells.append(cell)
        complete.append(all_found)
    has_stats = not data.stats or (folder / data.stats).is_file()
    cells.append('-' if not data.stats else 'yes' if has_stats else 'no')
    if all(complete) and has_stats:
        return State(cells, '')
    if data.source and data.command and all(complete[:2]):
        return State(cells, data.command.format(root=folder))
    return State(cells, data.how_to_get(str(folder)))
