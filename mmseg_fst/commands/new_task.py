"""Create a task from your own images: check them, write lists and configs.

    mmseg-fst new-task --labeled DIR --unlabeled DIR --classes FILE
    mmseg-fst new-task --labeled DIR --masks '{name}.json' --name cells

The --labeled folder contains images and masks, by default images/NAME.* and
labels/NAME.*. All images of the --unlabeled folder are used; without it, the
images of the --labeled folder that have no mask. FILE has one class on each
line: 'name', or 'name = VALUE, ...' with the ids, ranges of ids (128-255) or
colors (R G B) of its pixels. 'ignore = VALUE' excludes pixels. Masks may also
be polygons: --masks FILE.json (COCO) or --masks '{name}.json' (LabelMe).

Every file is read. If a file has a problem, nothing is written and the exit
status is 1; --skip-bad leaves such files out instead. Otherwise writes
data/NAME (lists, masks with converted values, tiles of large images, class
statistics) and configs/own/NAME, and prints the training command.
"""
import argparse
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from mmseg_fst.prepare.task_settings import (
    ALL_IMAGES,
    IMAGES,
    LARGE,
    MASKS,
    TILE,
    TaskError,
    TaskSettings,
)
from mmseg_fst.utils.arguments import WrongOptions
from mmseg_fst.utils.programs import program

WEIGHTS = Path('checkpoints/mobilenetv2_100.pth')


def add_files(add: Callable[..., object]) -> None:
    """Add the options that name folders, lists and patterns.

    Args:
        add (Callable): ``add_argument`` of the parser.
    """
    add('--labeled', type=Path, required=True, metavar='DIR',
        help='folder of images and masks')
    add('--unlabeled', type=Path, metavar='DIR|LIST',
        help='folder of images without masks, or a list of images of the '
        '--labeled folder; default: its images that have no mask')
    add('--classes', type=Path, metavar='FILE',
        help='text file of the classes; polygons do without: background and '
        'all categories')
    add('--images', metavar='PATTERN',
        help='images with masks; {name} matches any text; default: '
        f"'{IMAGES}'")
    add('--masks', default=MASKS, metavar='PATTERN',
        help='masks, with the same {name}, or the path of a COCO file; '
        "masks beside the folder: '../labels/{name}.png'; default: "
        "'%(default)s'")
    add('--unlabeled-images', default=ALL_IMAGES, metavar='PATTERN',
        help="images without masks; default: '%(default)s', all images")
    add('--training', type=Path, metavar='LIST',
        help='list of the training images in the --labeled folder: .csv, '
        '.yaml or .json, else text with one image on each line; default: all '
        'that have a mask and are in no other list')
    add('--validation', type=Path, metavar='DIR|LIST',
        help='folder of images and masks for validation, or a list of images '
        'of the --labeled folder; default: a random part of the labeled '
        'images')
    add('--test', type=Path, metavar='DIR|LIST',
        help='likewise for a test split, which is scored by: mmseg-fst test '
        'RUN --split test')
    for option in ('--validation-images', '--validation-masks',
                   '--test-images', '--test-masks'):
        add(option, metavar='PATTERN',
            help='of that folder; default: as for the --labeled folder')
    add('--exclude', nargs='+', default=[], metavar='PATTERN',
        help="files and folders to skip, such as 'drafts' or '*_old.*'; "
        'hidden ones are always skipped')


def add_values(add: Callable[..., object]) -> None:
    """Add the options on what files contain, and how they are used.

    Args:
        add (Callable): ``add_argument`` of the parser.
    """
    add('--nearest', type=float, nargs='?', const=-1., metavar='DISTANCE',
        help='pixels of antialiased or JPEG masks get the class of the '
        'nearest value, up to this distance; default distance: half of the '
        'smallest distance of two classes')
    add('--resize-masks', action='store_true',
        help='resize masks of another size, but the same aspect ratio, to '
        'their images')
    add('--empty-is-background', action='store_true',
        help='images of a COCO file without annotation show background; '
        'default: they are not labeled')
    add('--holdout', type=float, default=.2, metavar='SHARE',
        help='size of the random validation part; default: %(default)s')
    add('--seed', type=int, default=0,
        help='seed of that random part; default: 0')
    add('--long-side', type=int, metavar='PIXELS',
        help='long side of the images that the network reads; default: 320, '
        'for a CPU, or more if thin classes would not be visible')
    add('--tile', type=int, metavar='PIXELS',
        help='cut images into tiles of this size at their native scale; 0: '
        f'never; default: {TILE} for images of more than '
        f'{LARGE // 10**6} megapixels')
    add('--overlap', type=int, default=0, metavar='PIXELS',
        help='overlap of tiles; default: 0')
    add('--channels', type=int, default=3, metavar='N',
        help='channels of an image: 1 for gray, 3 for RGB, or all of the '
        'file; default: %(default)s')
    add('--stretch', type=float, nargs=2, metavar=('LOW', 'HIGH'),
        help='values that become 0 and 255; default: images of 8 bits as '
        'they are, all bits in use of others')
    add('--adapt', action='store_true',
        help='the unlabeled images are of another domain')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    add = parser.add_argument
    add('--name', help='name of the task; default: the name of the folder')
    add_files(add)
    add_values(add)
    add('--skip-bad', action='store_true',
        help='leave out files that have a problem')
    add('--overwrite', action='store_true',
        help='replace a task of that name; its folders are renamed to '
        'NAME.old')
    add('--data-root', type=Path, default=Path('data'), metavar='DIR',
        help='folder of lists and masks; default: data')
    add('--config-root', type=Path, default=Path('configs/own'),
        metavar='DIR', help='folder of configs; default: configs/own')
    add('--workers', type=int, default=2, help='threads; default: 2')


def settings_of(args: argparse.Namespace) -> TaskSettings:
    """What the user says about the task.

    Args:
        args (Namespace): The options.

    Returns:
        TaskSettings: The same.
    """
    values = {**vars(args), 'name': args.name or args.labeled.resolve().name,
              'stretch': args.stretch and tuple(args.stretch)}
    return TaskSettings(**{field.name: values[field.name]
                           for field in fields(TaskSettings)})


def check(args: argparse.Namespace) -> None:
    """Check the values of the options.

    Args:
        args (Namespace): The options.

    Raises:
        WrongOptions: If one of them cannot be used.
    """
    try:
        settings_of(args).check()
    except TaskError as error:
        raise WrongOptions(str(error)) from error


def run(args: argparse.Namespace) -> None:
    """Create the task.

    Args:
        args (Namespace): The options.

    Raises:
        SystemExit: If no task can be made of the files.
    """
    from mmseg_fst.config.base_configs import base_configs
    from mmseg_fst.prepare.schedule import choose_schedules, describe_schedules
    from mmseg_fst.prepare.task_creation import create_task

    settings = settings_of(args)
    data = args.data_root / settings.name
    configs = args.config_root / settings.name
    try:
        created = create_task(settings, data, configs, base_configs(),
                              args.overwrite)
    except TaskError as error:
        sys.exit(str(error))
    for path in created.backups:
        print(f'Backup of the previous files: {path}')
    print(f'\nWritten: {data}, {configs}')
    print('\n'.join(next_steps(
        configs, describe_schedules(
            choose_schedules(len(created.task.train.images)),
            created.view.crop))))


def next_steps(configs: Path, schedules: list[str]) -> list[str]:
    """What to do with a new task.

    Args:
        configs (Path): Folder of its configs.
        schedules (list[str]): Sentences about the length of the runs.

    Returns:
        list[str]: Lines with the commands.
    """
    lines = ['Train:']
    if not WEIGHTS.is_file():
        lines.append(f'    {program("download checkpoints")} {WEIGHTS.stem}')
    return [
        *lines,
        f'    {program("train")} {configs}/supervised.py {configs}/fst.py',
        'To try it first, append --debug: 4 iterations of each config.',
        *schedules, 'Table of all methods, with equal computation:',
        f'    {program("train --grid")} {configs}/table_{configs.name}.py '
        '--seeds 0 1 2'
    ]
