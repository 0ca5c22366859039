"""Show which data sets are there, and what to do about the others.

    python tools/check_data.py [NAME ...] [--root data]

Images, labels and converted labels are shown as found/expected. With names,
the exit status is 1 if one of these is incomplete. A data set whose variable
is set (such as GTA_ROOT) is looked for there.
"""
import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from prettytable import PrettyTable

from mmseg_fst.datasets.known_data import KNOWN_DATA, Files, list_files

KINDS = ('images', 'labels', 'converted')


class State(NamedTuple):
    """What there is of a data set.

    Attributes:
        cells (list[str]): Images, labels, converted labels and class
            statistics, as shown.
        step (str): What to do next; empty if the data set is complete.
    """
    cells: list[str]
    step: str


def folder_of(name: str, root: Path) -> Path:
    """Folder of a data set, as the configs find it.

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
        parts (Sequence): For each split the number expected, and where.

    Returns:
        tuple[str, bool]: What to show, and whether all are there.
    """
    parts = [(expected, files) for expected, files in parts if files]
    if not parts:
        return '-', True
    found = [len(list_files(folder, files)) for _, files in parts]
    complete = all(one >= expected
                   for one, (expected, _) in zip(found, parts))
    return f'{sum(found)}/{sum(one for one, _ in parts)}', complete


def look(name: str, folder: Path) -> State:
    """See what there is of a data set.

    Args:
        name (str): Name of the data set.
        folder (Path): Its folder.

    Returns:
        State: What was found.
    """
    data = KNOWN_DATA[name]
    cells, complete = [], []
    for kind in KINDS:
        cell, whole = count(folder, [(split.count, getattr(split, kind))
                                     for split in data.splits])
        cells.append(cell)
        complete.append(whole)
    written = not data.stats or (folder / data.stats).is_file()
    cells.append('-' if not data.stats else 'yes' if written else 'no')
    if all(complete) and written:
        return State(cells, '')
    if data.source and data.command and all(complete[:2]):
        return State(cells, data.command.format(root=folder))
    return State(cells, data.how_to_get(str(folder)))


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run from the command line.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to those of
            the process.

    Raises:
        SystemExit: With status 1 if a data set that was named is incomplete.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'names', nargs='*', metavar='NAME',
        help=f'data sets; default: all of {", ".join(KNOWN_DATA)}')
    parser.add_argument(
        '--root', type=Path, default=Path('data'),
        help='folder of all data sets; default: data')
    args = parser.parse_args(argv)
    unknown = sorted(set(args.names) - set(KNOWN_DATA))
    if unknown:
        parser.error(f'unknown: {", ".join(unknown)}. Known are: '
                     f'{", ".join(KNOWN_DATA)}')
    table = PrettyTable(['data set', 'folder', *KINDS, 'class statistics'])
    table.align = 'l'
    steps = []
    for name in args.names or KNOWN_DATA:
        folder = folder_of(name, args.root)
        state = look(name, folder)
        table.add_row([name, folder, *state.cells])
        if state.step:
            steps.append(f'{name}: {state.step}')
    print('\n'.join([table.get_string(), *steps]))
    if args.names and steps:
        raise SystemExit(1)


if __name__ == '__main__':
    main()
