"""The files of a task: lists, masks, statistics and configs."""
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain, count
from pathlib import Path

from mmseg_fst.datasets.rare_class import image_name
from mmseg_fst.utils.files import (
    parallel_map,
    save_class_stats,
    save_json,
    save_label,
    save_lines,
)

from .class_list import ClassList, to_class_ids
from .survey import SurveyedImage, read_mask
from .task import Side, Task

#: File that marks a folder written by this module, which it may rename.
MARK = 'task.json'


def _check_free(path: Path, overwrite: bool) -> None:
    """Raise if a folder or a link exists that must not be renamed."""
    if os.path.lexists(path) and not (
            overwrite and (path / MARK).is_file()):
        raise ValueError(f'{path} exists already. Choose another --name'
                         + ('; --overwrite replaces only folders written by '
                            'new_task.py.' if overwrite else
                            ', or add --overwrite.'))


def _old_names(paths: Sequence[Path]) -> list[Path]:
    """Unused names, with equal suffixes, for folders that are renamed."""
    endings = chain(['.old'], map('.old.{}'.format, count(2)))
    candidates = ([path.with_name(path.name + ending) for path in paths]
                  for ending in endings)
    return next(names for names in candidates
                if not any(map(os.path.lexists, names)))


@contextmanager
def _new_folders(paths: Sequence[Path],
                 aside: dict[Path, Path]) -> Iterator[list[Path]]:
    """Create folders completely, either all of them or none.

    Existing folders are renamed according to ``aside``; of a link, the link
    itself is renamed, not its target.
    """
    temporary = [path.with_name(f'.{path.name}.{os.getpid()}.tmp')
                 for path in paths]
    try:
        for folder in temporary:
            folder.mkdir(parents=True)
        yield temporary
        # Undoes the renames in reverse order if a later one fails.
        with ExitStack() as undo:
            for path, new in zip(paths, temporary):
                if path in aside:
                    path.rename(aside[path])
                    undo.callback(aside[path].rename, path)
                new.rename(path)
                undo.callback(path.rename, new)
            undo.pop_all()
    finally:
        for folder in temporary:
            shutil.rmtree(folder, ignore_errors=True)


def _write_labels(folder: Path, side: Side, task: Task,
                  workers: int) -> None:
    """Convert masks to train ids."""

    def convert(image: SurveyedImage) -> None:
        mask, _ = read_mask(side.root / image.label, task.classes.colored)
        ids, _ = to_class_ids(mask, task.classes)
        save_label(folder / f'{image.image}.png', ids,
                   palette_of(task.classes), optimize=False)

    parallel_map(convert, side.images, workers, 'Writing masks')


def palette_of(classes: ClassList) -> list[list[int]]:
    """Palette of a class list: the colors of masks, else distinct colors.

    Args:
        classes (ClassList): The classes.

    Returns:
        list[list[int]]: RGB, one for each class.
    """
    count = len(classes.names)
    if classes.colored:
        first = {target: value for value, target in
                 reversed(classes.values.items())}
        return [[first[index] >> 16, first[index] >> 8 & 255,
                 first[index] & 255] for index in range(count)]
    # Palette of Pascal VOC: the bits of the id, distributed over channels.
    palette = []
    for index in range(count):
        color = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                color[channel] |= (index >> (3 * bit + channel) & 1) << (
                    7 - bit)
        palette.append(color)
    return palette


def _write_data(folder: Path, task: Task, converted: bool,
                workers: int) -> None:
    """Write lists, masks and statistics."""
    for name, side in (('train', task.train), ('val', task.val)):
        save_lines(folder / f'{name}.txt', (
            f'{image.image}\t'
            + (f'{image.image}.png' if converted else image.label)
            for image in side.images))
        if converted:
            _write_labels(folder / 'labels' / name, side, task, workers)
    save_lines(folder / 'unlabeled.txt',
               (image.image for image in task.unlabeled.images))
    pixels = {
        image_name(image.image): image.pixels for image in task.train.images
    }
    if has_unique_names(task.train):
        save_class_stats(folder / 'class_stats_train.json',
                         task.classes.names, pixels)
    save_json(folder / MARK, dict(
        name=task.name, classes=task.classes.names,
        train=len(task.train.images), val=len(task.val.images),
        unlabeled=len(task.unlabeled.images)))


def has_unique_names(side: Side) -> bool:
    """Whether class statistics, which go by file name, can be used.

    Args:
        side (Side): Images.

    Returns:
        bool: False if two of them have the same name, in different folders.
    """
    names = {image_name(image.image) for image in side.images}
    return len(names) == len(side.images)


def needs_conversion(task: Task) -> bool:
    """Whether some mask has values other than the train ids.

    Args:
        task (Task): The task.

    Returns:
        bool: True if masks must be converted.
    """
    return not all(image.as_is for side in (task.train, task.val)
                   for image in side.images)


def write_task(task: Task,
               data: Path,
               configs: Path,
               texts: dict[str, str],
               overwrite: bool = False,
               workers: int = 2) -> list[Path]:
    """Write lists, masks, statistics and configs, either all or nothing.

    Args:
        task (Task): The task.
        data (Path): Folder for lists, masks and statistics.
        configs (Path): Folder for the configs.
        texts (dict[str, str]): Texts of the configs by file name.
        overwrite (bool): Whether to rename folders of an earlier call to
            ``NAME.old``, ``NAME.old.2`` and so on; nothing is deleted.
            Defaults to False.
        workers (int): Number of threads. Defaults to 2.

    Returns:
        list[Path]: New names of the renamed folders.

    Raises:
        ValueError: If a folder exists and must not be renamed.
    """
    targets = [data, configs]
    for path in targets:
        _check_free(path, overwrite)
    there = [path for path in targets if path.exists()]
    aside = dict(zip(there, _old_names(there)))
    with _new_folders(targets, aside) as (new_data, new_configs):
        _write_data(new_data, task, needs_conversion(task), workers)
        for name, text in texts.items():
            (new_configs / name).write_text(text, encoding='utf-8')
        save_json(new_configs / MARK, dict(name=task.name))
    return list(aside.values())
