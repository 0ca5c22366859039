"""Show which data sets are complete, and how to complete the others.

    mmseg-fst check-data [NAME ...] [--root data]
    mmseg-fst check-data --config CONFIG

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
import sys
from pathlib import Path

from mmseg_fst.utils.arguments import WrongOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument(
        'names', nargs='*', metavar='NAME',
        help='data sets to check; default: all that are known')
    parser.add_argument(
        '--root', type=Path, default=Path('data'),
        help='folder of all data sets; default: data')
    parser.add_argument('--config', help='read all data of this config')


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
    from mmengine.registry import init_default_scope

    from mmseg_fst.apis import read_config
    from mmseg_fst.datasets.scan import Limits, data_problems
    from mmseg_fst.registry import DATASETS

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


def run(args: argparse.Namespace) -> int:
    """Check and print.

    Args:
        args (Namespace): The options.

    Returns:
        int: 1 if a named data set is incomplete, or the data of the config
        have a problem.

    Raises:
        WrongOptions: If a data set is not known.
    """
    if args.config:
        problems = read_all(args.config)
        print('\n'.join(problems) or f'{args.config}: no problem was found')
        return int(bool(problems))
    from prettytable import PrettyTable

    from mmseg_fst.datasets.completeness import (
        KINDS,
        folder_of,
        inspect_data_set,
    )
    from mmseg_fst.datasets.known_data import KNOWN_DATA

    unknown = sorted(set(args.names) - set(KNOWN_DATA))
    if unknown:
        raise WrongOptions(f'unknown: {", ".join(unknown)}. Known are: '
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
    return int(bool(args.names and steps))
