"""From two folders of a user to a task that can be trained."""
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmseg_fst.datasets.rare_class import image_name
from mmseg_fst.datasets.survey import (SurveyedImage, missing_classes,
                                       read_mask)
from mmseg_fst.utils.class_list import ClassList, to_class_ids
from mmseg_fst.utils.files import (IGNORE, parallel_map, save_class_stats,
                                   save_json, save_label, save_lines)

#: Marks a folder that this module has written, and may write again.
MARK = 'task.json'
# Draws of the validation images, of which the one with most classes is taken.
_DRAWS = 100


class Side(NamedTuple):
    """Images of one use and the folder that they lie in.

    Attributes:
        root (Path): The folder.
        images (list[SurveyedImage]): The images.
    """
    root: Path
    images: list[SurveyedImage]


class Task(NamedTuple):
    """All that is written.

    Attributes:
        name (str): Of the folders and in logs.
        classes (ClassList): The classes.
        train (Side): Labelled images to train on.
        val (Side): Labelled images to score on.
        unlabeled (Side): Images without labels.
    """
    name: str
    classes: ClassList
    train: Side
    val: Side
    unlabeled: Side


def class_problems(images: Sequence[SurveyedImage],
                   classes: ClassList) -> list[str]:
    """What is wrong with the masks as a whole.

    Args:
        images (Sequence[SurveyedImage]): All images that have one.
        classes (ClassList): The classes.

    Returns:
        list[str]: A sentence for each problem.
    """
    missing = missing_classes(images, classes)
    if not missing:
        return []
    hint = ''
    if IGNORE in classes.values and any(one.ignored for one in images):
        hint = (' Pixels of id 255 are ignored; if they are a class, write '
                "its line 'NAME = 255' and give the others their ids, too.")
    return [f'No mask shows {", ".join(missing)}.{hint} Take a class that '
            'does not occur out of the class list, or correct the values.']


def draw_validation(images: Sequence[SurveyedImage], share: float,
                    seed: int) -> tuple[list[SurveyedImage], ...]:
    """Draw labelled images to score on; the others are trained on.

    Of some draws the one is taken in which most classes are seen in training
    and, of these, in validation. Copies of an image stay on one side.

    Args:
        images (Sequence[SurveyedImage]): The labelled images.
        share (float): Share of the images, in (0, 1); at least one of them.
        seed (int): Seed of the draws.

    Returns:
        tuple: Images of the training and of the validation, in their order.

    Raises:
        ValueError: If the share is out of its range, or there are too few
            images.
    """
    digests = sorted({one.digest for one in images})
    count = max(1, round(share * len(digests)))
    if not 0 < share < 1 or count >= len(digests):
        raise ValueError(
            f'A share of {share:g} of {len(digests)} different labelled '
            'images is no part to score on that leaves another to train '
            'on. Give --holdout a number between 0 and 1, add images, or name '
            'a folder of labelled images to score on with --validation.')
    rng = np.random.default_rng(seed)

    def split(chosen: set[str]) -> tuple[list[SurveyedImage], ...]:
        return ([one for one in images if one.digest not in chosen],
                [one for one in images if one.digest in chosen])

    draws = [split(set(rng.choice(digests, count, replace=False)))
             for _ in range(_DRAWS)]
    return max(draws, key=lambda sides: tuple(
        len({key for one in side for key in one.pixels}) for side in sides))


def without_copies(images: Sequence[SurveyedImage],
                   others: Sequence[SurveyedImage]) -> list[SurveyedImage]:
    """Images that have no copy among others.

    Args:
        images (Sequence[SurveyedImage]): The images.
        others (Sequence[SurveyedImage]): The others.

    Returns:
        list[SurveyedImage]: What is left.
    """
    digests = {one.digest for one in others}
    return [one for one in images if one.digest not in digests]


def count_sizes(images: Sequence[SurveyedImage]) -> str:
    """The most frequent sizes in words.

    Args:
        images (Sequence[SurveyedImage]): The images.

    Returns:
        str: Such as ``'256 x 385 (70 of 80), 300 x 400 (10)'``.
    """
    sizes = Counter(one.size for one in images).most_common()
    shown = [f'{width} x {height} ({count})'
             for (height, width), count in sizes[:3]]
    more = f' and {len(sizes) - 3} other sizes' if len(sizes) > 3 else ''
    return ', '.join(shown) + more


@contextmanager
def _whole_folder(path: Path, overwrite: bool) -> Iterator[Path]:
    """Let a folder appear whole or not at all."""
    if path.exists() and not (overwrite and (path / MARK).is_file()):
        raise ValueError(f'{path} is there already. Choose another --name'
                         + ('; --overwrite takes only folders that '
                            'new_task.py has written.' if overwrite else
                            ', or add --overwrite.'))
    temporary = path.with_name(f'.{path.name}.{os.getpid()}.tmp')
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_labels(folder: Path, side: Side, task: Task,
                  workers: int) -> None:
    """Write masks whose pixels are not the ids trained on."""

    def convert(one: SurveyedImage) -> None:
        mask, _ = read_mask(side.root / one.label, task.classes.colored)
        ids, _ = to_class_ids(mask, task.classes)
        save_label(folder / f'{one.image}.png', ids, palette_of(task.classes),
                   optimize=False)

    parallel_map(convert, side.images, workers, 'Writing masks')


def palette_of(classes: ClassList) -> list[list[int]]:
    """Colours to show classes in: their own, or else some that differ.

    Args:
        classes (ClassList): The classes.

    Returns:
        list[list[int]]: RGB, one for each class.
    """
    count = len(classes.names)
    if classes.colored:
        first = {target: value for value, target in
                 reversed(classes.values.items())}
        return [[first[one] >> 16, first[one] >> 8 & 255, first[one] & 255]
                for one in range(count)]
    # The scheme of Pascal VOC: the bits of the id, spread over the channels.
    palette = []
    for one in range(count):
        color = [0, 0, 0]
        for place in range(8):
            for channel in range(3):
                color[channel] |= (one >> (3 * place + channel) & 1) << (
                    7 - place)
        palette.append(color)
    return palette


def _write_data(folder: Path, task: Task, converted: bool,
                workers: int) -> None:
    """Write lists, masks and statistics."""
    for name, side in (('train', task.train), ('val', task.val)):
        save_lines(folder / f'{name}.txt', (
            f'{one.image}\t' + (f'{one.image}.png' if converted else one.label)
            for one in side.images))
        if converted:
            _write_labels(folder / 'labels' / name, side, task, workers)
    save_lines(folder / 'unlabeled.txt',
               (one.image for one in task.unlabeled.images))
    pixels = {image_name(one.image): one.pixels for one in task.train.images}
    if len(pixels) == len(task.train.images):  # read by the name of the file
        save_class_stats(folder / 'class_stats_train.json',
                         task.classes.names, pixels)
    save_json(folder / MARK, dict(
        name=task.name, classes=task.classes.names,
        train=len(task.train.images), val=len(task.val.images),
        unlabeled=len(task.unlabeled.images)))


def needs_conversion(task: Task) -> bool:
    """Whether some mask has other values than the ids trained on.

    Args:
        task (Task): The task.

    Returns:
        bool: True if masks are to be written.
    """
    return not all(one.as_is for side in (task.train, task.val)
                   for one in side.images)


def write_task(task: Task,
               data: Path,
               configs: Path,
               texts: dict[str, str],
               overwrite: bool = False,
               workers: int = 2) -> None:
    """Write lists, masks, statistics and configs, all of them or nothing.

    Args:
        task (Task): The task.
        data (Path): Folder for all but the configs.
        configs (Path): Folder for the configs.
        texts (dict[str, str]): The configs by file name.
        overwrite (bool): Whether folders of an earlier call may be replaced.
            Defaults to False.
        workers (int): Number of threads. Defaults to 2.

    Raises:
        ValueError: If a folder is there and may not be replaced.
    """
    with _whole_folder(data, overwrite) as new_data, \
            _whole_folder(configs, overwrite) as new_configs:
        _write_data(new_data, task, needs_conversion(task), workers)
        for name, text in texts.items():
            (new_configs / name).write_text(text, encoding='utf-8')
        save_json(new_configs / MARK, dict(name=task.name))


