"""Show which data sets are complete, and how to complete the others.

    python tools/check_data.py [NAME ...] [--root data]
    python tools/check_data.py --config CONFIG

With a config, all images and labels of its training and validation are read,
of which a run reads some when it starts: labels with ids that are not classes,
classes without a label, images that are damaged, constant or nearly black. The
exit status is 1 if there is a problem.

Images, labels and converted labels are shown as found/expected. With names,
the exit status is 1 if a named data set is incomplete. An environment variable
such as GTA_ROOT overrides the folder of a data set.
"""
import argparse
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from mmengine.registry import init_default_scope
from prettytable import PrettyTable

from mmseg_fst.apis import read_config
from mmseg_fst.datasets.known_data import KNOWN_DATA, Files, list_files
from mmseg_fst.datasets.scan import Limits, data_problems
from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.messages import one_message

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
    parts = [(expected, files) for expected, files in parts if files]
    if not parts:
        return '-', True
    found = [len(list_files(folder, files)) for _, files in parts]
    complete = all(number >= expected
                   for number, (expected, _) in zip(found, parts))
    return (f'{sum(found)}/{sum(expected for expected, _ in parts)}',
            complete)


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


def read_all(path: str) -> list[str]:
    """Read all data of a config.

    Args:
        path (str): The config.

    Returns:
        list[str]: A sentence for each problem.

    Raises:
        OSError: If a file is missing or damaged.
        ValueError: If a label has an id that is not a class, or does not fit
            its image.
    """
    cfg = read_config(path)
    init_default_scope('mmseg_fst')
    training = cfg.train_dataloader.dataset
    if training.get('rare_class_sampling'):  # its statistics may be missing
        training.rare_class_sampling = None
    validation = cfg.get('val_dataloader')
    return data_problems(
        getattr(DATASETS.build(training), 'sides', {}),
        validation and DATASETS.build(validation.dataset),
        Limits(sys.maxsize, sys.maxsize, math.inf))


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run from the command line.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to
            ``sys.argv[1:]``.

    Raises:
        SystemExit: With status 1 if a named data set is incomplete, or the
            data of a config have a problem.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'names', nargs='*', metavar='NAME',
        help=f'data sets to check; default: all, {", ".join(KNOWN_DATA)}')
    parser.add_argument(
        '--root', type=Path, default=Path('data'),
        help='folder of all data sets; default: data')
    parser.add_argument('--config', help='read all data of this config')
    args = parser.parse_args(argv)
    if args.config:
        with one_message():
            problems = read_all(args.config)
        print('\n'.join(problems) or f'{args.config}: no problem was found')
        raise SystemExit(1 if problems else 0)
    unknown = sorted(set(args.names) - set(KNOWN_DATA))
    if unknown:
        parser.error(f'unknown: {", ".join(unknown)}. Known are: '
                     f'{", ".join(KNOWN_DATA)}')
    table = PrettyTable(['data set', 'folder', *KINDS, 'class statistics'])
    table.align = 'l'
    steps = []
    for name in args.names or KNOWN_DATA:
        folder = folder_of(name, args.root)
        state = inspect_data_set(name, folder)
        table.add_row([name, folder, *state.cells])
        if state.next_step:
            steps.append(f'{name}: {state.next_step}')
    print('\n'.join([table.get_string(), *steps]))
    if args.names and steps:
        raise SystemExit(1)


if __name__ == '__main__':
    main()
