"""The files of a task: lists, masks, statistics and configs."""
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain, count
from pathlib import Path

import numpy as np

from mmseg_fst.datasets.image_names import name_in_folder
from mmseg_fst.utils.files import (
    parallel_map,
    save_class_stats,
    save_json,
    save_label,
    save_lines,
)

from .class_list import to_class_ids
from .palette import palette_of
from .survey import SurveyedImage
from .task import Side, Task
from .tiles import group_tiles, write_tiles

#: File that marks a folder written by this module, which it may rename.
MARK = 'task.json'


def check_free(paths: Sequence[Path], overwrite: bool) -> None:
    """Raise if a folder or a link exists that must not be renamed.

    Args:
        paths (Sequence[Path]): Folders that are to be written.
        overwrite (bool): Whether folders of an earlier call may be renamed.

    Raises:
        ValueError: If one exists.
    """
    for path in paths:
        if os.path.lexists(path) and not (
                overwrite and (path / MARK).is_file()):
            raise ValueError(f'{path} exists already. Choose another --name'
                             + ('; --overwrite replaces only folders written '
                                'by new_task.py.' if overwrite else
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
    """Convert masks to train ids, and cut them like their images."""
    source = side.source
    assert source is not None
    palette = palette_of(task)
    names = _mask_names(side)

    def convert(images: list[SurveyedImage]) -> None:
        first = images[0]
        raw = source.read(side.root, first.label,
                          first.tile.whole if first.tile else first.size)
        ids = to_class_ids(raw.values, task.classes).ids
        for image in images:
            part = image.tile.cut(ids) if image.tile else ids
            save_label(folder / names[image.path],
                       np.ascontiguousarray(part), palette, optimize=False)

    parallel_map(convert, group_tiles(side.images), workers, 'Writing masks')


def _mask_names(side: Side) -> dict[str, str]:
    """Names of converted masks by the path of their images."""
    unique = has_unique_names(side)
    return {
        image.path: f'{name_in_folder(image.path) if unique else image.path}'
                    '.png' for image in side.images
    }


def _lines_of(side: Side, converted: bool) -> Iterator[str]:
    """Lines of a list; beside tiles, other images have an absolute path."""
    names, is_cut = _mask_names(side), side.is_cut
    for image in side.images:
        path = image.path
        if is_cut and not image.tile:
            path = str(side.root / path)
        if side.source is None:
            yield path
        else:
            label = names[image.path] if converted else image.label
            yield f'{path}\t{label}'


def _write_data(folder: Path, task: Task, converted: bool, channels: int,
                workers: int) -> None:
    """Write lists, tiles, masks and statistics."""
    for name, side in task.sides.items():
        save_lines(folder / f'{name}.txt', _lines_of(side, converted))
        write_tiles(folder / 'images' / name, side, channels, workers)
    for name, side in task.labeled.items():
        if converted:
            _write_labels(folder / 'labels' / name, side, task, workers)
    pixels = {
        name_in_folder(image.path): image.pixels for image in task.train.images
    }
    if has_unique_names(task.train):
        save_class_stats(folder / 'class_stats_train.json',
                         task.classes.names, pixels)
    save_json(folder / MARK, dict(
        name=task.name, classes=task.classes.names,
        **{name: len(side.images) for name, side in task.sides.items()}))


def has_unique_names(side: Side) -> bool:
    """Whether class statistics, which go by file name, can be used.

    Args:
        side (Side): Images.

    Returns:
        bool: False if two of them differ only in the ending of the file.
    """
    names = {name_in_folder(image.path) for image in side.images}
    return len(names) == len(side.images)


def needs_conversion(task: Task) -> bool:
    """Whether some mask has values other than the train ids.

    Args:
        task (Task): The task.

    Returns:
        bool: True if masks must be converted.
    """
    return not all(image.as_is for side in task.labeled.values()
                   for image in side.images)


def write_task(task: Task,
               data: Path,
               configs: Path,
               texts: dict[str, str],
               overwrite: bool = False,
               workers: int = 2,
               channels: int = 3) -> list[Path]:
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
        channels (int): Number of channels of tiles. Defaults to 3.

    Returns:
        list[Path]: New names of the renamed folders.

    Raises:
        ValueError: If a folder exists and must not be renamed.
    """
    targets = [data, configs]
    check_free(targets, overwrite)
    there = [path for path in targets if path.exists()]
    aside = dict(zip(there, _old_names(there)))
    with _new_folders(targets, aside) as (new_data, new_configs):
        _write_data(new_data, task, needs_conversion(task), channels,
                    workers)
        for name, text in texts.items():
            (new_configs / name).write_text(text, encoding='utf-8')
        save_json(new_configs / MARK, dict(name=task.name))
    return list(aside.values())
