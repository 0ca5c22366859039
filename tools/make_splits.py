r"""Sample labeled and unlabeled lists for semi-supervised training.

    python tools/make_splits.py data/VOC2012/splits/train_aug.txt \
        data/VOC2012/splits/mine_seed0 --parts 1/16 1/8 1/4
    python tools/make_splits.py data/cityscapes/leftImg8bit/train \
        data/cityscapes/splits/mine_seed0 --parts 100 1/16 1/8 \
        --suffix _leftImg8bit.png --stratified \
        --stats data/cityscapes/class_stats_train.json

The images come from a list or a folder. For each part, OUT/COUNT/labeled.txt
and OUT/COUNT/unlabeled.txt are written. Parts are nested: a larger part
contains all images of a smaller part. Fractions such as 1/16 are rounded up,
as in the published splits. Part 0 has an unlabeled.txt alone, of all images.

Without --stratified, images are sampled uniformly and rare classes may be
missing. With it, the share of labeled images among the images that show a
class is about the same for all classes at every count, and every class is
present once there are as many labeled images as classes.
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

from mmseg_fst.datasets.image_names import counts_of, name_in_folder
from mmseg_fst.datasets.known_data import Files, list_files
from mmseg_fst.utils.files import read_lines, save_lines
from mmseg_fst.utils.messages import one_message


class Statistics(NamedTuple):
    """The classes that each image shows.

    Attributes:
        classes (list[str]): Names of the classes.
        shown (dict[str, set[int]]): Class ids by image.
    """
    classes: list[str]
    shown: dict[str, set[int]]


def read_images(path: Path, suffix: str) -> list[str]:
    """Read the ids of all images.

    Args:
        path (Path): A list of ids or a folder.
        suffix (str): Suffix of the image names.

    Returns:
        list[str]: The ids, sorted, so that the sample does not depend on the
        order of the list.

    Raises:
        FileNotFoundError: If there are no images.
        ValueError: If an image is listed twice.
    """
    if path.is_dir():
        images = list_files(path, Files('', suffix))
    elif path.is_file():
        images = sorted(read_lines(path))
    else:
        images = []
    if not images:
        raise FileNotFoundError(
            f'{path} must be a list of images or a folder of images that '
            f'end with {suffix!r}; correct the path or --suffix')
    if len(set(images)) < len(images):
        raise ValueError(f'{path} lists an image twice; remove duplicates')
    return images


def read_statistics(path: Path, images: Sequence[str],
                    suffix: str) -> Statistics:
    """Read the classes that each image shows.

    Args:
        path (Path): JSON file of a converter or of ``tools/class_stats.py``.
        images (Sequence[str]): The images.
        suffix (str): Suffix of the image names.

    Returns:
        Statistics: The statistics of these images.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If an image is not in the file.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} is missing. A converter writes it, or: python '
            'tools/class_stats.py YOUR_CONFIG')
    content = json.loads(path.read_text())
    names = [name_in_folder(f'{image}{suffix}') for image in images]
    try:
        counts = counts_of(names, content['pixels'], str(path))
    except ValueError as error:
        raise ValueError(f'{error}. Is --suffix {suffix!r} right?') from error
    return Statistics(content['classes'], {
        image: {int(index) for index in found}
        for image, found in zip(images, counts)
    })


def stratified(images: Sequence[str],
               shown: Mapping[str, set[int]]) -> list[str]:
    """Order images so that every prefix is balanced over the classes.

    Iterative stratification: the next image always shows the class with the
    smallest share of selected images, and among equals the rarest class.

    Args:
        images (Sequence[str]): The images, shuffled.
        shown (Mapping[str, set[int]]): Classes by image.

    Returns:
        list[str]: The images in a new order.
    """
    # Images without any class form the extra class -1.
    by_class: dict[int, list[str]] = {}
    for image in reversed(images):  # they are taken from the end
        for index in shown[image] or {-1}:
            by_class.setdefault(index, []).append(image)
    totals = {index: len(names) for index, names in by_class.items()}
    selected = dict.fromkeys(by_class, 0)
    order: dict[str, None] = {}
    while len(order) < len(images):
        rarest = min(
            (index for index in by_class if selected[index] < totals[index]),
            key=lambda index: (selected[index] / totals[index],
                               totals[index], index))
        image = by_class[rarest].pop()
        if image in order:
            continue
        order[image] = None
        for index in shown[image] or {-1}:
            selected[index] += 1
    return list(order)


def count_of(part: str, total: int) -> int:
    """Return the number of images of a part.

    Args:
        part (str): A number or a fraction, such as 1/16.
        total (int): Number of all images.

    Returns:
        int: At least 0 and less than ``total``.

    Raises:
        ValueError: If the number is not in that range.
    """
    count = math.ceil(Fraction(part) * (total if '/' in part else 1))
    if not 0 <= count < total:
        raise ValueError(f'--parts {part} selects {count} of {total} images; '
                         f'it must select from 0 to {total - 1}')
    return count


def write_lists(lists: Mapping[Path, Sequence[str]]) -> None:
    """Write lists without overwriting different ones.

    Args:
        lists (Mapping[Path, Sequence[str]]): Ids by file.

    Raises:
        FileExistsError: If a file has other ids. Nothing is written then.
    """
    for path, names in lists.items():
        if path.is_file() and read_lines(path) != list(names):
            raise FileExistsError(
                f'{path} lists other images. It is not overwritten, because '
                'published scores may depend on it: name another folder, or '
                'remove it first')
    for path, names in lists.items():
        save_lines(path, names)


def describe(counts: Sequence[int], order: Sequence[str],
             statistics: Optional[Statistics]) -> str:
    """Format a table of the sampled parts.

    Args:
        counts (Sequence[int]): Number of labeled images of each part.
        order (Sequence[str]): All images; each part is a prefix.
        statistics (Statistics, optional): The classes of each image.

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
                sum(index in statistics.shown[name] for name in order[:count])
                for index in range(len(statistics.classes))
            ]
            fewest = min(range(len(images)), key=images.__getitem__)
            row += [f'{sum(map(bool, images))}/{len(images)}',
                    f'{statistics.classes[fewest]} ({images[fewest]})']
        table.add_row(row)
    return table.get_string()


def make_splits(args: argparse.Namespace) -> str:
    """Sample and write the lists.

    Args:
        args (argparse.Namespace): The command line.

    Returns:
        str: A table of the parts.

    Raises:
        OSError: If a file is missing or has another list.
        ValueError: If a file or a part is invalid.
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
        if count:
            lists[folder / 'labeled.txt'] = sorted(order[:count])
        lists[folder / 'unlabeled.txt'] = sorted(order[count:])
    write_lists(lists)
    return describe(counts, order, statistics)


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run from the command line.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to
            ``sys.argv[1:]``.
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
        help='suffix of the image names, which ids leave out; default: .jpg')
    parser.add_argument(
        '--stratified', action='store_true',
        help='sample classes evenly; needs --stats')
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
