"""Make a task of your own images: check them, write lists and configs.

    python tools/new_task.py --labeled DIR --unlabeled DIR --classes FILE

DIR of --labeled holds images and masks, by default images/NAME.* and
labels/NAME.*; of the unlabeled folder every image is taken. FILE has a class
in each line, 'name', or 'name = VALUE, ...' with the ids or the colors
(R G B) of its pixels; 'ignore = VALUE' leaves pixels out.

Every file is read. If something is wrong with one, nothing is written and the
exit status is 1; --skip-bad goes on without such files. Else writes
data/NAME (lists, masks whose values had to change, class statistics) and
configs/own/NAME, and says how to train.
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
from mmseg_fst.prepare.class_list import ClassList, read_class_list
from mmseg_fst.prepare.survey import (
    Survey,
    missing_classes,
    survey_images,
    survey_pairs,
)
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
    add('--name', help='name of the task; default: that of the folder')
    add('--images', default='images/{name}.*', metavar='PATTERN',
        help="images with masks; {name} is any text; default: '%(default)s'")
    add('--masks', default='labels/{name}.*', metavar='PATTERN',
        help="their masks, the same {name}; default: '%(default)s'")
    add('--unlabeled-images', default='{name}.*', metavar='PATTERN',
        help="images without masks; default: '%(default)s', all")
    add('--validation', type=Path, metavar='DIR',
        help='folder of images and masks to score on, of the same patterns; '
        'default: a part of the labeled ones')
    add('--holdout', type=float, default=.2, metavar='SHARE',
        help='that part; default: %(default)s')
    add('--seed', type=int, default=0, help='seed of its draw; default: 0')
    add('--long-side', type=int, default=320, metavar='PIXELS',
        help='long side at which the network sees images; default: '
        '%(default)s, for a CPU')
    add('--adapt', action='store_true',
        help='the unlabeled images are of another domain')
    add('--skip-bad', action='store_true',
        help='leave out files that have a problem')
    add('--overwrite', action='store_true',
        help='take the place of a task of that name; its folders are kept as '
        'NAME.old')
    add('--data-root', type=Path, default=Path('data'), metavar='DIR',
        help='where lists and masks go; default: data')
    add('--config-root', type=Path, default=Path('configs/own'),
        metavar='DIR', help='where configs go; default: configs/own')
    add('--workers', type=int, default=2, help='threads; default: 2')
    args = parser.parse_args(argv)
    args.name = args.name or args.labeled.resolve().name
    if not re.fullmatch(r'[A-Za-z0-9][\w.-]*', args.name):
        parser.error(f'--name {args.name!r}: give letters, digits, _, - and '
                     'dots, for folders.')
    if args.long_side < 32:
        parser.error(f'--long-side {args.long_side}: give 32 or more.')
    return args


def survey_labeled(root: Path, args: argparse.Namespace,
                   classes: ClassList) -> Survey:
    """Look at images and masks of a folder."""
    return survey_pairs(
        root, find_by_pattern(root, args.images, '--images'),
        find_by_pattern(root, args.masks, '--masks'), classes, args.workers)


def survey_unlabeled(args: argparse.Namespace) -> Survey:
    """Look at the images without masks; masks that lie there are none."""
    root = args.unlabeled
    found = find_by_pattern(root, args.unlabeled_images, '--unlabeled-images')
    masks = {
        (folder / path).resolve()
        for folder in filter(None, (args.labeled, args.validation))
        for path in find_by_pattern(folder, args.masks, '--masks').values()
    }
    return survey_images(
        root, [path for path in found.values()
               if (root / path).resolve() not in masks], args.workers)


def stop_on(problems: Sequence[str], skip: bool = False) -> None:
    """Say what is wrong; end the process unless it is to be passed over."""
    if not problems:
        return
    print('\n'.join([*problems[:MAX_SHOWN]]), file=sys.stderr)
    if len(problems) > MAX_SHOWN:
        print(f'... and {len(problems) - MAX_SHOWN} more.', file=sys.stderr)
    if skip:
        print(f'{len(problems)} problems: left out.', file=sys.stderr)
    else:
        sys.exit(f'{len(problems)} problems; nothing is written. Correct '
                 'them, or leave these files out with --skip-bad.')


def read_task(args: argparse.Namespace) -> Task:
    """Look at all files and divide them."""
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
    kept = without_copies(unlabeled.images, train + scored)
    if len(kept) < len(unlabeled.images):
        print(f'{len(unlabeled.images) - len(kept)} unlabeled images are '
              'copies of labeled ones: left out.')
    if not kept:
        sys.exit(f'No image is left of {args.unlabeled}: all are unreadable '
                 'or copies of labeled ones. Name another --unlabeled.')
    root = (args.validation or args.labeled).resolve()
    return Task(args.name, classes, Side(args.labeled.resolve(), train),
                Side(root, scored), Side(args.unlabeled.resolve(), kept))


def show(task: Task) -> None:
    """Print what was found."""
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
        images[name] = Counter(key for one in sides[name].images
                               for key in one.pixels)
    for one in task.train.images:
        pixels.update(one.pixels)
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
                  'draw again with another --seed.')
    if len(without_copies(task.train.images, task.val.images)) < len(
            task.train.images):
        print('Some training images are also scored on: scores will be too '
              'high. Take the copies out of --labeled or --validation.')


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run from the command line.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to those of
            the process.
    """
    args = parse_args(argv)
    data, configs = args.data_root / args.name, args.config_root / args.name
    with one_message():
        task = read_task(args)
        view = choose_view(
            [one.size for one in task.train.images], args.long_side)
        texts = config_texts(task, view, str(data), configs, BASES,
                             args.adapt)
        show(task)
        aside = write_task(task, data, configs, texts, args.overwrite,
                           args.workers)
    for path in aside:
        print(f'What was there is kept: {path}')
    print(f'\nWritten: {data}, {configs}\nTrain:')
    if not WEIGHTS.is_file():
        print(f'    sh tools/download_checkpoints.sh {WEIGHTS.stem}')
    print(f'    sh train.sh {configs}/supervised.py {configs}/fst.py')
    print('Try it first with --debug behind it: 4 iterations of each.')


if __name__ == '__main__':
    main()
