"""Draw labeled and unlabeled lists for semi-supervised training.

    python tools/make_splits.py data/VOC2012/splits/train_aug.txt \\
        data/VOC2012/splits/mine_seed0 --parts 1/16 1/8 1/4
    python tools/make_splits.py data/cityscapes/leftImg8bit/train \\
        data/cityscapes/splits/mine_seed0 --parts 100 1/16 1/8 \\
        --suffix _leftImg8bit.png --stratified \\
        --stats data/cityscapes/class_stats_train.json

The images are those of a list, or all of a folder. Written for each part:
OUT/COUNT/labeled.txt and OUT/COUNT/unlabeled.txt. Parts are nested: the images
of a smaller one are among those of a larger one. A part of 1/16 is rounded
up, as in the published splits.

Without --stratified every image is as likely as another, and rare classes may
be missing. With it, the share of images that show a class is about the same
for all classes, from the first image on, and every class is there as soon as
there are as many images as classes.
"""
import argparse
import json
import math
import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Optional

from prettytable import PrettyTable

from mmseg_fst.datasets.known_data import Files, list_files
from mmseg_fst.datasets.rare_class import image_name
from mmseg_fst.utils.files import save_lines
from mmseg_fst.utils.messages import one_message


class Statistics(NamedTuple):
    """Which image shows which class.

    Attributes:
        classes (list[str]): Names of the classes.
        shown (dict[str, set[int]]): Classes by image.
    """
    classes: list[str]
    shown: dict[str, set[int]]


def read_images(path: Path, suffix: str) -> list[str]:
    """Read the ids of all images.

    Args:
        path (Path): A list of ids or a folder.
        suffix (str): How the names of images end.

    Returns:
        list[str]: The ids, sorted, so that the draw does not depend on the
        order of the list.

    Raises:
        FileNotFoundError: If there are none.
        ValueError: If one is named twice.
    """
    if path.is_dir():
        images = list_files(path, Files('', suffix))
    elif path.is_file():
        images = sorted(path.read_text().split())
    else:
        images = []
    if not images:
        raise FileNotFoundError(
            f'{path} is no list of images and no folder of images that end '
            f'with {suffix!r}')
    if len(set(images)) < len(images):
        raise ValueError(f'{path} names images twice')
    return images


def read_statistics(path: Path, images: Sequence[str],
                    suffix: str) -> Statistics:
    """Read which image shows which class.

    Args:
        path (Path): JSON file of a converter or of ``tools/class_stats.py``.
        images (Sequence[str]): The images.
        suffix (str): How their names end.

    Returns:
        Statistics: For these images.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it does not know an image.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} is missing. A converter writes it, or: python '
            'tools/class_stats.py YOUR_CONFIG')
    content = json.loads(path.read_text())
    shown = {}
    for image in images:
        name = image_name(f'{image}{suffix}')
        if name not in content['pixels']:
            raise ValueError(f'{path} knows no image {name!r}; is --suffix '
                             f'{suffix!r} right?')
        shown[image] = {int(one) for one in content['pixels'][name]}
    return Statistics(content['classes'], shown)


def stratified(images: Sequence[str],
               shown: Mapping[str, set[int]]) -> list[str]:
    """Order images so that classes come evenly (iterative stratification).

    The next image is always one of the class that is most behind, of the
    rarest if there are several.

    Args:
        images (Sequence[str]): The images, shuffled.
        shown (Mapping[str, set[int]]): Classes by image.

    Returns:
        list[str]: The images in a new order.
    """
    # An image without any class is of a class of its own, -1.
    by_class: dict[int, list[str]] = {}
    for image in reversed(images):  # they are taken from the end
        for one in shown[image] or {-1}:
            by_class.setdefault(one, []).append(image)
    totals = {one: len(names) for one, names in by_class.items()}
    drawn = dict.fromkeys(by_class, 0)
    order: dict[str, None] = {}
    while len(order) < len(images):
        behind = min(
            (one for one in by_class if drawn[one] < totals[one]),
            key=lambda one: (drawn[one] / totals[one], totals[one], one))
        image = by_class[behind].pop()
        if image in order:
            continue
        order[image] = None
        for one in shown[image] or {-1}:
            drawn[one] += 1
    return list(order)


def count_of(part: str, total: int) -> int:
    """Number of images of a part.

    Args:
        part (str): A number or a fraction, such as 1/16.
        total (int): Number of all images.

    Returns:
        int: At least 1 and less than ``total``.

    Raises:
        ValueError: If it is not in that range.
    """
    count = math.ceil(Fraction(part) * (total if '/' in part else 1))
    if not 0 < count < total:
        raise ValueError(f'a part of {part} is {count} of {total} images; it '
                         'must be at least 1, and not all')
    return count


def write_lists(lists: Mapping[Path, Sequence[str]]) -> None:
    """Write lists, none of them over another one.

    Args:
        lists (Mapping[Path, Sequence[str]]): Ids by file.

    Raises:
        FileExistsError: If a file holds other ids; then none is written.
    """
    for path, names in lists.items():
        if path.is_file() and path.read_text().split() != list(names):
            raise FileExistsError(
                f'{path} holds other images. Scores may have been published '
                'with it, so it is left as it is: name another folder, or '
                'remove it first')
    for path, names in lists.items():
        save_lines(path, names)


def describe(counts: Sequence[int], order: Sequence[str],
             statistics: Optional[Statistics]) -> str:
    """Make the table of what was drawn.

    Args:
        counts (Sequence[int]): Labeled images by part.
        order (Sequence[str]): All images; a part is its beginning.
        statistics (Statistics, optional): Which image shows which class.

    Returns:
        str: The table.
    """
    columns = ['labeled', 'unlabeled', 'share']
    if statistics:
        columns += ['classes', 'class in fewest images']
    table = PrettyTable(columns)
    table.align = 'r'
    for count in counts:
        row = [count, len(order) - count, f'{count / len(order):.2%}']
        if statistics:
            images = [
                sum(one in statistics.shown[name] for name in order[:count])
                for one in range(len(statistics.classes))
            ]
            fewest = min(range(len(images)), key=images.__getitem__)
            row += [f'{sum(map(bool, images))}/{len(images)}',
                    f'{statistics.classes[fewest]} ({images[fewest]})']
        table.add_row(row)
    return table.get_string()


def make_splits(args: argparse.Namespace) -> str:
    """Draw and write the lists.

    Args:
        args (argparse.Namespace): The command line.

    Returns:
        str: A table of them.

    Raises:
        OSError: If a file is missing, or holds another list.
        ValueError: If a file or a part does not fit.
    """
    images = read_images(args.images, args.suffix)
    counts = sorted({count_of(part, len(images)) for part in args.parts})
    statistics = None
    if args.stats:
        statistics = read_statistics(args.stats, images, args.suffix)
    order = list(images)
    random.Random(args.seed).shuffle(order)
    if args.stratified:
        order = stratified(order, statistics.shown)
    lists = {}
    for count in counts:
        folder = args.out / str(count)
        lists[folder / 'labeled.txt'] = sorted(order[:count])
        lists[folder / 'unlabeled.txt'] = sorted(order[count:])
    write_lists(lists)
    return describe(counts, order, statistics)


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run from the command line.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to those of
            the process.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('images', type=Path, help='list or folder of images')
    parser.add_argument('out', type=Path, help='folder to write to')
    parser.add_argument(
        '--parts', nargs='+', default=['1/16', '1/8', '1/4'], metavar='PART',
        help='fractions or numbers of images; default: 1/16 1/8 1/4')
    parser.add_argument('--seed', type=int, default=0, help='default: 0')
    parser.add_argument(
        '--suffix', default='.jpg',
        help='how names of images end, which ids leave out; default: .jpg')
    parser.add_argument(
        '--stratified', action='store_true',
        help='draw classes evenly; needs --stats')
    parser.add_argument(
        '--stats', type=Path, metavar='JSON', help='class statistics')
    args = parser.parse_args(argv)
    if args.stratified and not args.stats:
        parser.error('--stratified needs --stats')
    with one_message():
        print(make_splits(args))
    print(f'Written to {args.out}')


if __name__ == '__main__':
    main()
