"""Create a task from your own images: check them, write lists and configs.

    python tools/new_task.py --labeled DIR --unlabeled DIR --classes FILE

The --labeled folder contains images and masks, by default images/NAME.* and
labels/NAME.*. All images of the --unlabeled folder are used. FILE has one
class on each line: 'name', or 'name = VALUE, ...' with the ids or the colors
(R G B) of its pixels. 'ignore = VALUE' excludes pixels.

Every file is read. If a file has a problem, nothing is written and the exit
status is 1; --skip-bad leaves such files out instead. Otherwise writes
data/NAME (lists, masks with converted values, class statistics) and
configs/own/NAME, and prints the training command.
"""
import argparse
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from prettytable import PrettyTable

from mmseg_fst.apis import (
    Side,
    Task,
    choose_view,
    class_problems,
    config_texts,
    count_sizes,
    split_validation,
    without_copies,
    write_task,
)
from mmseg_fst.datasets import LoadWholeImage
from mmseg_fst.prepare.class_list import ClassList, read_class_list
from mmseg_fst.prepare.image_values import (
    Loading,
    choose_stretch,
    measure_normalization,
    note_channels,
)
from mmseg_fst.prepare.schedule import choose_schedules, describe_schedules
from mmseg_fst.prepare.survey import (
    Survey,
    missing_classes,
    survey_images,
    survey_pairs,
)
from mmseg_fst.prepare.view import class_widths, describe_view
from mmseg_fst.utils.file_patterns import find_by_pattern
from mmseg_fst.utils.messages import one_message

BASES = Path(__file__).resolve().parents[1] / 'configs' / '_base_'
WEIGHTS = Path('checkpoints/mobilenetv2_100.pth')
MAX_SHOWN = 10


def parse_args(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add('--labeled', type=Path, required=True, metavar='DIR',
        help='folder of images and masks')
    add('--unlabeled', type=Path, required=True, metavar='DIR',
        help='folder of images without masks')
    add('--classes', type=Path, required=True, metavar='FILE',
        help='text file of the classes')
    add('--name', help='name of the task; default: the name of the folder')
    add('--images', default='images/{name}.*', metavar='PATTERN',
        help='images with masks; {name} matches any text; default: '
        "'%(default)s'")
    add('--masks', default='labels/{name}.*', metavar='PATTERN',
        help="masks, with the same {name}; default: '%(default)s'")
    add('--unlabeled-images', default='{name}.*', metavar='PATTERN',
        help="images without masks; default: '%(default)s', all images")
    add('--validation', type=Path, metavar='DIR',
        help='folder of images and masks for validation, with the same '
        'patterns; default: a random part of the labeled images')
    add('--holdout', type=float, default=.2, metavar='SHARE',
        help='size of that part; default: %(default)s')
    add('--seed', type=int, default=0,
        help='seed of that random part; default: 0')
    add('--long-side', type=int, metavar='PIXELS',
        help='long side of the images that the network reads; default: 320, '
        'for a CPU, or more if thin classes would not be visible')
    add('--channels', type=int, default=3, metavar='N',
        help='channels of an image: 1 for gray, 3 for RGB, or all of the '
        'file; default: %(default)s')
    add('--stretch', type=float, nargs=2, metavar=('LOW', 'HIGH'),
        help='values that become 0 and 255; default: images of 8 bits as '
        'they are, all bits in use of others')
    add('--adapt', action='store_true',
        help='the unlabeled images are of another domain')
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
    args = parser.parse_args(argv)
    args.name = args.name or args.labeled.resolve().name
    if not re.fullmatch(r'[A-Za-z0-9][\w.-]*', args.name):
        parser.error(f'--name {args.name!r}: it names folders, so use only '
                     'letters, digits, _, - and dots.')
    if args.long_side is not None and args.long_side < 32:
        parser.error(f'--long-side must be 32 or more, got {args.long_side}.')
    if args.channels < 1:
        parser.error(f'--channels must be 1 or more, got {args.channels}.')
    return args


def survey_labeled(root: Path, args: argparse.Namespace,
                   classes: ClassList) -> Survey:
    """Check the images and masks of a folder."""
    return survey_pairs(
        root, find_by_pattern(root, args.images, '--images'),
        find_by_pattern(root, args.masks, '--masks'), classes, args.workers,
        args.channels)


def survey_unlabeled(args: argparse.Namespace) -> Survey:
    """Check the images without masks, ignoring masks in the same folder."""
    root = args.unlabeled
    found = find_by_pattern(root, args.unlabeled_images, '--unlabeled-images')
    masks = {
        (folder / path).resolve()
        for folder in filter(None, (args.labeled, args.validation))
        for path in find_by_pattern(folder, args.masks, '--masks').values()
    }
    return survey_images(
        root, [path for path in found.values()
               if (root / path).resolve() not in masks], args.workers,
        args.channels)


def stop_on(problems: Sequence[str], skip: bool = False) -> None:
    """Print problems, and exit unless the files are to be skipped."""
    if not problems:
        return
    print('\n'.join([*problems[:MAX_SHOWN]]), file=sys.stderr)
    if len(problems) > MAX_SHOWN:
        print(f'... and {len(problems) - MAX_SHOWN} more.', file=sys.stderr)
    if skip:
        print(f'{len(problems)} problems: files left out.', file=sys.stderr)
    else:
        sys.exit(f'{len(problems)} problems; nothing is written. Correct '
                 'them, or leave these files out with --skip-bad.')


def read_task(args: argparse.Namespace) -> Task:
    """Check all files and split them into training and validation."""
    classes = read_class_list(args.classes)
    labeled = survey_labeled(args.labeled, args, classes)
    val = args.validation and survey_labeled(args.validation, args, classes)
    unlabeled = survey_unlabeled(args)
    stop_on([problem for survey in (labeled, val, unlabeled) if survey
             for problem in survey.problems], args.skip_bad)
    problems = class_problems(
        labeled.images + (val.images if val else []), classes)
    if problems:
        sys.exit(' '.join(problems))
    if val:
        train, scored = labeled.images, val.images
    else:
        train, scored = split_validation(labeled.images, args.holdout,
                                        args.seed)
    unique = without_copies(unlabeled.images, train + scored)
    if len(unique) < len(unlabeled.images):
        print(f'{len(unlabeled.images) - len(unique)} unlabeled images are '
              'copies of labeled images: left out.')
    if not unique:
        sys.exit(f'No image is left of {args.unlabeled}: all are unreadable '
                 'or copies of labeled images. Name another --unlabeled '
                 'folder.')
    root = (args.validation or args.labeled).resolve()
    return Task(args.name, classes, Side(args.labeled.resolve(), train),
                Side(root, scored), Side(args.unlabeled.resolve(), unique))


def read_loading(task: Task, args: argparse.Namespace) -> Loading:
    """Find out how the images are to be loaded, and say so."""
    values = [item.values for side in (task.train, task.val, task.unlabeled)
              for item in side.images]
    stretch, notes = choose_stretch(
        values, args.stretch and tuple(args.stretch))
    for note in [*notes, *note_channels(values, args.channels)]:
        print(note)
    loading = Loading(args.channels, stretch)
    if args.channels == 3:
        return loading
    loader = LoadWholeImage(channels=args.channels, stretch=stretch)
    mean, std = measure_normalization(
        [task.train.root / item.image for item in task.train.images], loader,
        args.workers)
    return loading._replace(mean=mean, std=std)


def show(task: Task) -> None:
    """Print the images and class statistics of a task."""
    sides = dict(training=task.train, validation=task.val,
                 unlabeled=task.unlabeled)
    for name, side in sides.items():
        print(f'{name:>10}: {len(side.images)} images of {side.root}, '
              f'{count_sizes(side.images)}')
    table = PrettyTable(['class', 'images, training', 'percent of pixels',
                         'images, validation'])
    table.align = 'r'
    images, pixels = {}, Counter()
    for name in ('training', 'validation'):
        images[name] = Counter(key for image in sides[name].images
                               for key in image.pixels)
    for image in task.train.images:
        pixels.update(image.pixels)
    for index, name in enumerate(task.classes.names):
        key = str(index)
        table.add_row([name, images['training'][key],
                       f'{100 * pixels[key] / pixels.total():.2f}',
                       images['validation'][key]])
    print(table)
    for name in ('training', 'validation'):
        missing = missing_classes(sides[name].images, task.classes)
        if missing:
            print(f'No {name} image shows {", ".join(missing)}: add some, or '
                  'sample again with another --seed.')
    if len(without_copies(task.train.images, task.val.images)) < len(
            task.train.images):
        print('Some training images are also validation images: scores will '
              'be too high. Remove the copies from --labeled or '
              '--validation.')


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run from the command line.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to
            ``sys.argv[1:]``.
    """
    args = parse_args(argv)
    data, configs = args.data_root / args.name, args.config_root / args.name
    with one_message():
        task = read_task(args)
        widths = class_widths(task.train.images)
        view = choose_view([image.size for image in task.train.images],
                           args.long_side, min(widths.values()))
        loading = read_loading(task, args)
        texts = config_texts(task, view, str(data), configs, BASES,
                             args.adapt, loading)
        show(task)
        print('\n'.join(describe_view(view, task.classes.names, widths)))
        backups = write_task(task, data, configs, texts, args.overwrite,
                             args.workers)
    for path in backups:
        print(f'Backup of the previous files: {path}')
    print(f'\nWritten: {data}, {configs}\nTrain:')
    if not WEIGHTS.is_file():
        print(f'    sh tools/download_checkpoints.sh {WEIGHTS.stem}')
    print(f'    sh train.sh {configs}/supervised.py {configs}/fst.py')
    print('To try it first, append --debug: 4 iterations of each config.')
    print('\n'.join(describe_schedules(
        choose_schedules(len(task.train.images)), view.crop)))
    print('Table of all methods, with equal computation:\n'
          f'    python run_experiments.py --grid '
          f'{configs}/table_{args.name}.py --seeds 0 1 2')


if __name__ == '__main__':
    main()
