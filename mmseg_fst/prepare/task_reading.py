"""From the settings of a user to a task: all files are read and checked."""
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from mmseg_fst.datasets import LoadWholeImage
from mmseg_fst.utils.counts import counted

from .file_lists import is_list
from .image_values import (
    Loading,
    choose_stretch,
    measure_normalization,
    note_channels,
)
from .mask_sources import Key, Layout, is_coco, open_sources
from .problems import group_problems
from .survey import Survey, SurveyedImage
from .task import (
    Side,
    Task,
    class_problems,
    split_validation,
    without_copies,
)
from .task_settings import ALL_IMAGES, IMAGES, TILE, TaskError, TaskSettings
from .task_sides import (
    Folder,
    Reader,
    choose_parts,
    find_unlabeled,
    note_foreign,
    note_unused,
)
from .tiles import LARGE, cut_side


def _find_layouts(settings: TaskSettings) -> dict[str, Layout]:
    """Describe the folders with masks, by part; the labeled one first."""

    def layout(part: str, root: Path) -> Layout:
        images, masks = settings.images, settings.masks
        name = ''
        if part != 'labeled':
            name = f'{part}-'
            images = getattr(settings, f'{part}_images') or images
            masks = getattr(settings, f'{part}_masks') or masks
        inside = not is_coco(masks) or (root / 'images').is_dir()
        default = IMAGES if inside else ALL_IMAGES
        return Layout(root, images or default, masks, name)

    folders = dict(labeled=settings.labeled, validation=settings.validation,
                   test=settings.test)
    return {part: layout(part, root) for part, root in folders.items()
            if root and (part == 'labeled' or not is_list(root))}


def _stop_on(surveys: Sequence[Survey], skip: bool) -> None:
    """Raise on problems; only print them if the files are to be skipped."""
    problems = [problem for survey in surveys for problem in survey.problems]
    if not problems:
        return
    text = group_problems(problems)
    if not skip:
        raise TaskError(
            f'{text}\n{counted(len(problems), "problem")}; nothing is '
            'written. Correct them, or leave these files out with '
            '--skip-bad.')
    total = len(problems) + sum(len(survey.images) for survey in surveys)
    print(f'{text}\nLeft out: {len(problems)} of {counted(total, "file")}.',
          file=sys.stderr)


def _list_unlabeled(settings: TaskSettings, folders: Sequence[Folder],
                    unlabeled: Optional[set[Key]]) -> tuple[Path, list[str]]:
    """List the images without masks: of a folder, or with given keys."""
    if unlabeled is None:
        assert settings.unlabeled is not None
        images = find_unlabeled(settings.unlabeled, settings.unlabeled_images,
                                folders, settings.exclude)
        note_foreign(settings.unlabeled, settings.unlabeled_images, folders,
                     settings.exclude)
        return settings.unlabeled, images
    images = [path for key, path in folders[0].images.items()
              if key in unlabeled]
    note_foreign(settings.labeled, folders[0].layout.images, folders,
                 settings.exclude)
    if not images:
        raise TaskError(
            f'All images of {settings.labeled} have masks, so that none is '
            'unlabeled. Name a folder of unlabeled images with --unlabeled.')
    return settings.labeled, images


def _find_folders(settings: TaskSettings,
                  reader: Reader) -> dict[str, Folder]:
    """Find images and masks of all labeled folders, by part."""
    layouts = _find_layouts(settings)
    sources = open_sources([*layouts.values()], settings.classes,
                           settings.exclude, settings.nearest,
                           settings.empty_is_background,
                           settings.resize_masks)
    return {part: reader.find(layout, source) for (part, layout), source
            in zip(layouts.items(), sources)}


def _choose_keys(settings: TaskSettings,
                 folder: Folder) -> dict[str, set[Key]]:
    """Choose the images of the labeled folder for each part."""
    named = dict(training=settings.training, validation=settings.validation,
                 test=settings.test, unlabeled=settings.unlabeled)
    lists = {part: path for part, path in named.items()
             if path and (part == 'training' or is_list(path))}
    same = settings.unlabeled is not None and (
        settings.labeled.resolve() == settings.unlabeled.resolve())
    selected = settings.unlabeled_images != ALL_IMAGES
    within = not settings.unlabeled or 'unlabeled' in lists or (
        same and not selected)
    keys = choose_parts(folder, lists, within)
    if same and selected and 'training' not in lists:
        unlabeled = find_unlabeled(
            settings.labeled, settings.unlabeled_images, [folder],
            settings.exclude)
        keys['training'] -= {key for key, path in folder.images.items()
                             if path in unlabeled}
    return keys


def _tile_limit(settings: TaskSettings) -> float:
    """Number of pixels above which images are cut."""
    if settings.tile is None:
        return LARGE
    return settings.tile**2 or math.inf


def _is_mosaic(side: Side, settings: TaskSettings) -> bool:
    """Whether a side has a single image, which is cut into tiles."""
    return len(side.images) == 1 and (
        math.prod(side.images[0].size) > _tile_limit(settings))


def _choose_sides(settings: TaskSettings, folders: dict[str, Folder],
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
    if 'validation' not in sides and _is_mosaic(train, settings):
        sides['validation'] = train  # cut_task divides its tiles
    elif 'validation' not in sides:
        for part, images in zip(('training', 'validation'), split_validation(
                train.images, settings.holdout, settings.seed)):
            sides[part] = train._replace(images=images)
    return sides


def read_task(settings: TaskSettings) -> Task:
    """Check all files and choose training and validation images.

    Args:
        settings (TaskSettings): What the user says.

    Returns:
        Task: The task; notes on what is left out are printed.

    Raises:
        OSError: If a folder, a list or all files of a pattern are missing.
        ValueError: If files cannot be used, unless they are to be skipped,
            or too few are left.
    """
    reader = Reader(settings.exclude, settings.channels, settings.workers)
    folders = _find_folders(settings, reader)
    keys = _choose_keys(settings, folders['labeled'])
    root, images = _list_unlabeled(settings, [*folders.values()],
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
    _stop_on([*surveys.values(), unlabeled], settings.skip_bad)
    classes = folders['labeled'].source.classes
    problems = class_problems(
        [image for survey in surveys.values() for image in survey.images],
        classes, settings.classes is None)
    if problems:
        raise TaskError(' '.join(problems))
    sides = _choose_sides(settings, folders, keys, surveys)
    unique = _find_unique(root, unlabeled, [*surveys.values()])
    return Task(settings.name, classes, sides['training'], sides['validation'],
                Side(root.resolve(), unique), sides.get('test'))


def _find_unique(root: Path, unlabeled: Survey,
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
        raise TaskError(
            f'No image is left of {root}: all are unreadable or copies of '
            'labeled images. Name another --unlabeled folder.')
    return unique


def read_loading(task: Task, settings: TaskSettings) -> Loading:
    """Find out how the images are to be loaded, and print it.

    Args:
        task (Task): Of :func:`read_task`.
        settings (TaskSettings): What the user says.

    Returns:
        Loading: How images are loaded and normalized.
    """
    values = [item.values for side in task.sides.values()
              for item in side.images]
    stretch, notes = choose_stretch(values, settings.stretch)
    for note in [*notes, *note_channels(values, settings.channels)]:
        print(note)
    loading = Loading(settings.channels, stretch)
    if settings.channels == 3:
        return loading
    loader = LoadWholeImage(channels=settings.channels, stretch=stretch)
    mean, std = measure_normalization(
        [task.train.root / item.image for item in task.train.images], loader,
        settings.workers)
    return loading._replace(mean=mean, std=std)


def cut_task(task: Task, settings: TaskSettings) -> Task:
    """Replace large images by tiles, and print their number.

    Args:
        task (Task): Of :func:`read_task`.
        settings (TaskSettings): What the user says.

    Returns:
        Task: The same without large images.

    Raises:
        TaskError: If a part of the only labeled image shows no class.
    """
    size = settings.tile or TILE

    def cut(side: Side, start: float = 0., end: float = 1.) -> Side:
        return cut_side(side, size, settings.overlap, settings.channels,
                        _tile_limit(settings), settings.workers, (start, end))

    border = 1.
    divided = task.train.images == task.val.images and _is_mosaic(
        task.train, settings)
    if divided:
        border = 1 - settings.holdout
        print('A single image is labeled: its lower '
              f'{settings.holdout:.0%} is used for validation. Scores are too '
              'high, because it resembles the upper part; another image with '
              '--validation is better.')
    train = cut(task.train, 0., border)
    val = cut(task.val, border if divided else 0.)
    if divided and not (train.images and val.images):
        raise TaskError(
            'A part of the only labeled image shows no class. Name another '
            'image with --validation, or change --holdout.')
    tiled = task._replace(
        train=train, val=val, unlabeled=cut(task.unlabeled),
        test=task.test and cut(task.test))
    count = sum(image.tile is not None for side in tiled.sides.values()
                for image in side.images)
    if count:
        print(f'Large images are cut into {count} tiles of {size} x {size} '
              'pixels at their native scale. Change this with --tile.')
    return tiled
