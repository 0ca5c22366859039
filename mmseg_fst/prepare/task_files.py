"""The files of a task: lists, masks, statistics and configs."""
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
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

#: Marks a folder that this module has written, and may put aside.
MARK = 'task.json'


def _check_free(path: Path, overwrite: bool) -> None:
    """Raise on a folder, or a link, that may not be put aside."""
    if os.path.lexists(path) and not (
            overwrite and (path / MARK).is_file()):
        raise ValueError(f'{path} is there already. Choose another --name'
                         + ('; --overwrite takes only folders that '
                            'new_task.py has written.' if overwrite else
                            ', or add --overwrite.'))


def _old_names(paths: Sequence[Path]) -> list[Path]:
    """Free names of one ending for folders that are put aside."""
    for number in count(1):
        ending = '.old' if number == 1 else f'.old.{number}'
        names = [path.with_name(path.name + ending) for path in paths]
        if not any(map(os.path.lexists, names)):
            return names


@contextmanager
def _new_folders(paths: Sequence[Path],
                 aside: dict[Path, Path]) -> Iterator[list[Path]]:
    """Let folders appear whole, and all of them or none.

    Those in their places are renamed as ``aside`` says; of a link it is the
    link that is renamed, not what it leads to.
    """
    temporary = [path.with_name(f'.{path.name}.{os.getpid()}.tmp')
                 for path in paths]
    try:
        for folder in temporary:
            folder.mkdir(parents=True)
        yield temporary
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
    """Write masks whose pixels are not the ids trained on."""

    def convert(one: SurveyedImage) -> None:
        mask, _ = read_mask(side.root / one.label, task.classes.colored)
        ids, _ = to_class_ids(mask, task.classes)
        save_label(folder / f'{one.image}.png', ids, palette_of(task.classes),
                   optimize=False)

    parallel_map(convert, side.images, workers, 'Writing masks')


def palette_of(classes: ClassList) -> list[list[int]]:
    """Colors to show classes in: their own, or else some that differ.

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
               workers: int = 2) -> list[Path]:
    """Write lists, masks, statistics and configs, all of them or nothing.

    Args:
        task (Task): The task.
        data (Path): Folder for all but the configs.
        configs (Path): Folder for the configs.
        texts (dict[str, str]): The configs by file name.
        overwrite (bool): Whether folders of an earlier call may be put aside,
            as ``NAME.old``, ``NAME.old.2`` and so on; nothing is deleted.
            Defaults to False.
        workers (int): Number of threads. Defaults to 2.

    Returns:
        list[Path]: The folders that were put aside, under their new names.

    Raises:
        ValueError: If a folder is there and may not be put aside.
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
