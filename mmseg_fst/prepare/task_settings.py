"""What a user says about a new task."""
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .file_lists import is_list

#: Default patterns of images and masks, and of images in a folder without
#: masks.
IMAGES, MASKS, ALL_IMAGES = 'images/{name}.*', 'labels/{name}.*', '{name}.*'
#: Default size of tiles.
TILE = 1024
#: Images of more pixels are cut by default: each costs seconds to load.
LARGE = 16_000_000


class TaskError(ValueError):
    """Files or settings of which no task can be made; says how to fix it."""


@dataclass(frozen=True)
class TaskSettings:
    """Folders, patterns and values of a new task.

    The options of ``tools/new_task.py`` have the same names and meanings.

    Attributes:
        name (str): Name of the task; letters, digits, ``_``, ``-``, dots.
        labeled (Path): Folder of images and masks.
        unlabeled (Path, optional): Folder of images without masks, or a list
            of images of ``labeled``. Defaults to None: its images that have
            no mask.
        classes (Path, optional): Class list. Defaults to None, for polygons.
        images (str, optional): Pattern of images with masks. Defaults to
            None: ``'images/{name}.*'``.
        masks (str): Pattern of masks, or path of a COCO file. Defaults to
            ``'labels/{name}.*'``.
        unlabeled_images (str): Pattern of images without masks. Defaults to
            ``'{name}.*'``.
        training (Path, optional): List of the training images. Defaults to
            None: all that have a mask and are in no other list.
        validation (Path, optional): Folder or list for validation. Defaults
            to None: a random part of the labeled images.
        test (Path, optional): Folder or list for tests. Defaults to None.
        validation_images (str, optional): Pattern in that folder. Defaults to
            None: ``images``.
        validation_masks (str, optional): Likewise. Defaults to None:
            ``masks``.
        test_images (str, optional): Likewise. Defaults to None: ``images``.
        test_masks (str, optional): Likewise. Defaults to None: ``masks``.
        exclude (tuple[str, ...]): Patterns of files to skip. Defaults to
            none.
        nearest (float, optional): Distance up to which other values of masks
            get the nearest class, negative for half of the smallest distance
            of two classes. Defaults to None: no other values.
        resize_masks (bool): Whether to resize masks to their images. Defaults
            to False.
        empty_is_background (bool): Whether images of a COCO file without
            annotation show background. Defaults to False.
        holdout (float): Share of the random validation part, in (0, 1).
            Defaults to 0.2.
        seed (int): Seed of that part. Defaults to 0.
        long_side (int, optional): Long side of the images that the network
            receives, at least 32. Defaults to None: chosen by the masks.
        tile (int, optional): Size of tiles, 0 for none, else at least 32.
            Defaults to None: 1024 for large images.
        overlap (int): Overlap of tiles, less than their size. Defaults to 0.
        channels (int): Channels of an image. Defaults to 3.
        stretch (tuple[float, float], optional): Values that become 0 and 255.
            Defaults to None: by the bits in use.
        adapt (bool): Whether the unlabeled images are of another domain.
            Defaults to False.
        skip_bad (bool): Whether to leave out files that have a problem.
            Defaults to False.
        workers (int): Number of threads. Defaults to 2.
    """
    name: str
    labeled: Path
    unlabeled: Optional[Path] = None
    classes: Optional[Path] = None
    images: Optional[str] = None
    masks: str = MASKS
    unlabeled_images: str = ALL_IMAGES
    training: Optional[Path] = None
    validation: Optional[Path] = None
    test: Optional[Path] = None
    validation_images: Optional[str] = None
    validation_masks: Optional[str] = None
    test_images: Optional[str] = None
    test_masks: Optional[str] = None
    exclude: tuple[str, ...] = ()
    nearest: Optional[float] = None
    resize_masks: bool = False
    empty_is_background: bool = False
    holdout: float = .2
    seed: int = 0
    long_side: Optional[int] = None
    tile: Optional[int] = None
    overlap: int = 0
    channels: int = 3
    stretch: Optional[tuple[float, float]] = None
    adapt: bool = False
    skip_bad: bool = False
    workers: int = 2

    def check(self) -> None:
        """Check the values, not the files.

        Raises:
            TaskError: If a value is out of its range; names the option.
        """
        if not re.fullmatch(r'[A-Za-z0-9][\w.-]*', self.name):
            raise TaskError(f'--name {self.name!r}: it names folders, so use '
                            'only letters, digits, _, - and dots.')
        if self.long_side is not None and self.long_side < 32:
            raise TaskError('--long-side must be 32 or more, got '
                            f'{self.long_side}.')
        if self.channels < 1:
            raise TaskError('--channels must be 1 or more, got '
                            f'{self.channels}.')
        if self.tile is not None and self.tile != 0 and self.tile < 32:
            raise TaskError(f'--tile must be 0 or at least 32, got '
                            f'{self.tile}.')
        if not 0 < self.holdout < 1:
            raise TaskError('set --holdout to a number between 0 and 1, got '
                            f'{self.holdout:g}.')
        if not 0 <= self.overlap < (self.tile or TILE):
            raise TaskError('--overlap must be at least 0 and less than '
                            f'--tile, got {self.overlap}.')
        if self.unlabeled_images != ALL_IMAGES and (
                not self.unlabeled or is_list(self.unlabeled)):
            raise TaskError('--unlabeled-images needs --unlabeled DIR.')
