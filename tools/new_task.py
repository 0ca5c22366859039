"""Create a task from your own images: check them, write lists and configs.

    python tools/new_task.py --labeled DIR --unlabeled DIR --classes FILE

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
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
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
from mmseg_fst.prepare.file_lists import is_list
from mmseg_fst.prepare.image_values import (
    Loading,
    choose_stretch,
    measure_normalization,
    note_channels,
)
from mmseg_fst.prepare.mask_sources import Key, Layout, is_coco, open_sources
from mmseg_fst.prepare.nearest_values import describe_nearest
from mmseg_fst.prepare.problems import group_problems
from mmseg_fst.prepare.schedule import choose_schedules, describe_schedules
from mmseg_fst.prepare.survey import Survey, SurveyedImage, missing_classes
from mmseg_fst.prepare.task_files import check_free
from mmseg_fst.prepare.task_sides import (
    Folder,
    Reader,
    choose_parts,
    find_unlabeled,
    note_foreign,
    note_unused,
)
from mmseg_fst.prepare.tiles import LARGE, cut_side
from mmseg_fst.prepare.view import class_widths, describe_view
from mmseg_fst.utils.counts import counted
from mmseg_fst.utils.messages import one_message

BASES = Path(__file__).resolve().parents[1] / 'configs' / '_base_'
WEIGHTS = Path('checkpoints/mobilenetv2_100.pth')
# Patterns of images and masks, and of images without a folder for them.
IMAGES, MASKS, ALL_IMAGES = 'images/{name}.*', 'labels/{name}.*', '{name}.*'
TILE = 1024
TITLES = dict(train='training', val='validation')


def add_files(add: Callable[..., object]) -> None:
    """Add the options that name folders, lists and patterns."""
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
        help='likewise for a test split, which is scored by: sh test.sh RUN '
        '--split test')
    for option in ('--validation-images', '--validation-masks',
                   '--test-images', '--test-masks'):
        add(option, metavar='PATTERN',
            help='of that folder; default: as for the --labeled folder')
    add('--exclude', nargs='+', default=[], metavar='PATTERN',
        help="files and folders to skip, such as 'drafts' or '*_old.*'; "
        'hidden ones are always skipped')


def add_values(add: Callable[..., object]) -> None:
    """Add the options on what files contain, and how they are used."""
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


def parse_args(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
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
    args = parser.parse_args(argv)
    args.name = args.name or args.labeled.resolve().name
    check_args(parser, args)
    return args


def check_args(parser: argparse.ArgumentParser,
               args: argparse.Namespace) -> None:
    """Exit with a message if an option has a wrong value."""
    if not re.fullmatch(r'[A-Za-z0-9][\w.-]*', args.name):
        parser.error(f'--name {args.name!r}: it names folders, so use only '
                     'letters, digits, _, - and dots.')
    if args.long_side is not None and args.long_side < 32:
        parser.error(f'--long-side must be 32 or more, got {args.long_side}.')
    if args.channels < 1:
        parser.error(f'--channels must be 1 or more, got {args.channels}.')
    if args.tile is not None and args.tile != 0 and args.tile < 32:
        parser.error(f'--tile must be 0 or at least 32, got {args.tile}.')
    if not 0 < args.holdout < 1:
        parser.error('set --holdout to a number between 0 and 1, got '
                     f'{args.holdout:g}.')
    if not 0 <= args.overlap < (args.tile or TILE):
        parser.error('--overlap must be at least 0 and less than --tile, got '
                     f'{args.overlap}.')
    if args.unlabeled_images != ALL_IMAGES and (
            not args.unlabeled or is_list(args.unlabeled)):
        parser.error('--unlabeled-images needs --unlabeled DIR.')


def find_layouts(args: argparse.Namespace) -> dict[str, Layout]:
    """Describe the folders with masks, by part; the labeled one first."""

    def layout(part: str, root: Path) -> Layout:
        images, masks = args.images, args.masks
        name = ''
        if part != 'labeled':
            name = f'{part}-'
            images = getattr(args, f'{part}_images') or images
            masks = getattr(args, f'{part}_masks') or masks
        inside = not is_coco(masks) or (root / 'images').is_dir()
        default = IMAGES if inside else ALL_IMAGES
        return Layout(root, images or default, masks, name)

    folders = dict(labeled=args.labeled, validation=args.validation,
                   test=args.test)
    return {part: layout(part, root) for part, root in folders.items()
            if root and (part == 'labeled' or not is_list(root))}


def stop_on(surveys: Sequence[Survey], skip: bool) -> None:
    """Print problems, and exit unless the files are to be skipped."""
    problems = [problem for survey in surveys for problem in survey.problems]
    if not problems:
        return
    print(group_problems(problems), file=sys.stderr)
    if not skip:
        sys.exit(f'{counted(len(problems), "problem")}; nothing is written. '
                 'Correct them, or leave these files out with --skip-bad.')
    total = len(problems) + sum(len(survey.images) for survey in surveys)
    print(f'Left out: {len(problems)} of {counted(total, "file")}.',
          file=sys.stderr)


def list_unlabeled(args: argparse.Namespace, folders: Sequence[Folder],
                   unlabeled: Optional[set[Key]]) -> tuple[Path, list[str]]:
    """List the images without masks: of a folder, or with given keys."""
    if unlabeled is None:
        images = find_unlabeled(args.unlabeled, args.unlabeled_images,
                                folders, args.exclude)
        note_foreign(args.unlabeled, args.unlabeled_images, folders,
                     args.exclude)
        return args.unlabeled, images
    images = [path for key, path in folders[0].images.items()
              if key in unlabeled]
    note_foreign(args.labeled, folders[0].layout.images, folders,
                 args.exclude)
    if not images:
        sys.exit(f'All images of {args.labeled} have masks, so that none is '
                 'unlabeled. Name a folder of unlabeled images with '
                 '--unlabeled.')
    return args.labeled, images


def find_folders(args: argparse.Namespace,
                 reader: Reader) -> dict[str, Folder]:
    """Find images and masks of all labeled folders, by part."""
    layouts = find_layouts(args)
    sources = open_sources([*layouts.values()], args.classes, args.exclude,
                           args.nearest, args.empty_is_background,
                           args.resize_masks)
    return {part: reader.find(layout, source) for (part, layout), source
            in zip(layouts.items(), sources)}


def choose_keys(args: argparse.Namespace,
                folder: Folder) -> dict[str, set[Key]]:
    """Choose the images of the labeled folder for each part."""
    named = dict(training=args.training, validation=args.validation,
                 test=args.test, unlabeled=args.unlabeled)
    lists = {part: path for part, path in named.items()
             if path and (part == 'training' or is_list(path))}
    same = args.unlabeled and (
        args.labeled.resolve() == args.unlabeled.resolve())
    selected = args.unlabeled_images != ALL_IMAGES
    within = not args.unlabeled or 'unlabeled' in lists or (
        same and not selected)
    keys = choose_parts(folder, lists, within)
    if same and selected and 'training' not in lists:
        unlabeled = find_unlabeled(args.unlabeled, args.unlabeled_images,
                                   [folder], args.exclude)
        keys['training'] -= {key for key, path in folder.images.items()
                             if path in unlabeled}
    return keys


def tile_limit(args: argparse.Namespace) -> float:
    """Number of pixels above which images are cut."""
    if args.tile is None:
        return LARGE
    return args.tile**2 or math.inf


def is_mosaic(side: Side, args: argparse.Namespace) -> bool:
    """Whether a side has a single image, which is cut into tiles."""
    return len(side.images) == 1 and (
        math.prod(side.images[0].size) > tile_limit(args))


def choose_sides(args: argparse.Namespace, folders: dict[str, Folder],
                 keys: dict[str, set[Key]],
                 surveys: dict[str, Survey]) -> dict[str, Side]:
    """Make the labeled sides; without validation images, split some off."""
    sides = {part: folder.side(surveys[part])
             for part, folder in folders.items() if part != 'labeled'}
    labeled = folders['labeled']
    for part in set(keys) - {'unlabeled'}:
        sides[part] = labeled.side(
            surveys['labeled'], {labeled.images[key] for key in keys[part]})
    train = sides['training']
    if 'validation' not in sides and is_mosaic(train, args):
        sides['validation'] = train  # cut_task divides its tiles
    elif 'validation' not in sides:
        for part, images in zip(('training', 'validation'), split_validation(
                train.images, args.holdout, args.seed)):
            sides[part] = train._replace(images=images)
    return sides


def read_task(args: argparse.Namespace) -> Task:
    """Check all files and choose training and validation images."""
    reader = Reader(args.exclude, args.channels, args.workers)
    folders = find_folders(args, reader)
    keys = choose_keys(args, folders['labeled'])
    root, images = list_unlabeled(args, [*folders.values()],
                                  keys.get('unlabeled'))
    note_unused(folders['labeled'], keys, {root / path for path in images})
    with_masks = set().union(*(some for part, some in keys.items()
                               if part != 'unlabeled'))
    surveys = {
        part: reader.read_pairs(folder,
                                with_masks if part == 'labeled' else None)
        for part, folder in folders.items()
    }
    unlabeled = reader.read_images(root, images)
    stop_on([*surveys.values(), unlabeled], args.skip_bad)
    classes = folders['labeled'].source.classes
    problems = class_problems(
        [image for survey in surveys.values() for image in survey.images],
        classes, args.classes is None)
    if problems:
        sys.exit(' '.join(problems))
    sides = choose_sides(args, folders, keys, surveys)
    unique = find_unique(root, unlabeled, [*surveys.values()])
    return Task(args.name, classes, sides['training'], sides['validation'],
                Side(root.resolve(), unique), sides.get('test'))


def find_unique(root: Path, unlabeled: Survey,
                surveys: Sequence[Survey]) -> list[SurveyedImage]:
    """Unlabeled images without copies of labeled images, also of bad ones."""
    unique = without_copies(
        unlabeled.images,
        [image for survey in surveys for image in survey.images],
        [digest for survey in surveys for digest in survey.rejected])
    if len(unique) < len(unlabeled.images):
        copies = counted(len(unlabeled.images) - len(unique),
                         'unlabeled image')
        print(f'Left out: {copies} with a labeled copy.')
    if not unique:
        sys.exit(f'No image is left of {root}: all are unreadable or copies '
                 'of labeled images. Name another --unlabeled folder.')
    return unique


def read_loading(task: Task, args: argparse.Namespace) -> Loading:
    """Find out how the images are to be loaded, and say so."""
    values = [item.values for side in task.sides.values()
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


def cut_task(task: Task, args: argparse.Namespace) -> Task:
    """Replace large images by tiles, and say so."""
    size = args.tile or TILE

    def cut(side: Side, start: float = 0., end: float = 1.) -> Side:
        return cut_side(side, size, args.overlap, args.channels,
                        tile_limit(args), args.workers, (start, end))

    border = 1.
    divided = task.train.images == task.val.images and is_mosaic(
        task.train, args)
    if divided:
        border = 1 - args.holdout
        print(f'A single image is labeled: its lower {args.holdout:.0%} is '
              'used for validation. Scores are too high, because it resembles '
              'the upper part; another image with --validation is better.')
    train = cut(task.train, 0., border)
    val = cut(task.val, border if divided else 0.)
    if divided and not (train.images and val.images):
        sys.exit('A part of the only labeled image shows no class. Name '
                 'another image with --validation, or change --holdout.')
    tiled = task._replace(
        train=train, val=val, unlabeled=cut(task.unlabeled),
        test=task.test and cut(task.test))
    count = sum(image.tile is not None for side in tiled.sides.values()
                for image in side.images)
    if count:
        print(f'Large images are cut into {count} tiles of {size} x {size} '
              'pixels at their native scale. Change this with --tile.')
    return tiled


def show(task: Task) -> None:
    """Print the images and class statistics of a task."""
    for name, side in task.sides.items():
        print(f'{TITLES.get(name, name):>10}: '
              f'{counted(len(side.images), "image")} of {side.root}, '
              f'{count_sizes(side.images)}')
    table = PrettyTable(['class', 'images, training', 'percent of pixels',
                         'images, validation'])
    table.align = 'r'
    images = {name: Counter(key for image in task.labeled[name].images
                            for key in image.pixels)
              for name in ('train', 'val')}
    pixels = Counter()
    for image in task.train.images:
        pixels.update(image.pixels)
    for index, name in enumerate(task.classes.names):
        key = str(index)
        table.add_row([name, images['train'][key],
                       f'{100 * pixels[key] / pixels.total():.2f}',
                       images['val'][key]])
    print(table)
    show_notes(task)


def show_notes(task: Task) -> None:
    """Print what users may want to change."""
    for name, side in task.labeled.items():
        missing = missing_classes(side.images, task.classes)
        if missing:
            print(f'No {TITLES.get(name, name)} image shows '
                  f'{", ".join(missing)}: add some, or sample again with '
                  'another --seed.')
    images = [image for side in task.labeled.values()
              for image in side.images]
    for line in describe_nearest(images, task.classes):
        print(line)
    ignored = sum(image.ignored for image in images)
    if ignored:
        masks = counted(sum(image.ignored > 0 for image in images), 'mask')
        print(f'Ignored: {counted(ignored, "pixel")} of {masks}.')
    note_copies(task)


def note_copies(task: Task) -> None:
    """Print which two sides with masks contain copies of an image."""
    # A single mosaic is divided, which was said before.
    divided = task.train.is_cut and task.train.root == task.val.root and {
        image.image for image in task.train.images} == {
        image.image for image in task.val.images}
    options = dict(train='labeled', val='validation', test='test')
    for pair in combinations(task.labeled, 2):
        if divided and pair == ('train', 'val'):
            continue
        first, second = (task.labeled[name].images for name in pair)
        if len(without_copies(first, second)) < len(first):
            some, others = (TITLES.get(name, name) for name in pair)
            print(f'Some {some} images are also {others} images: scores will '
                  'be too high. Remove the copies from '
                  f'--{options[pair[0]]} or --{options[pair[1]]}.')


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run from the command line.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to
            ``sys.argv[1:]``.
    """
    args = parse_args(argv)
    data, configs = args.data_root / args.name, args.config_root / args.name
    with one_message():
        check_free([data, configs], args.overwrite)
        task = read_task(args)
        loading = read_loading(task, args)
        task = cut_task(task, args)
        widths = class_widths(task.train.images)
        view = choose_view([image.size for image in task.train.images],
                           args.long_side, min(widths.values()))
        texts = config_texts(task, view, str(data), configs, BASES,
                             args.adapt, loading)
        show(task)
        print('\n'.join(describe_view(view, task.classes.names, widths)))
        backups = write_task(task, data, configs, texts, args.overwrite,
                             args.workers, args.channels)
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
