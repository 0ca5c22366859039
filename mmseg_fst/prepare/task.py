"""A task on a custom data set: training, validation and unlabeled images."""
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from mmseg_fst.utils.files import IGNORE

from .class_list import ClassList
from .mask_sources import MaskSource
from .survey import SurveyedImage, missing_classes

# Number of random splits, of which the one with the most classes is chosen.
_NUM_SPLITS = 100


class Side(NamedTuple):
    """Images for one purpose, and their folder.

    Attributes:
        root (Path): The folder.
        images (list[SurveyedImage]): The images.
        source (MaskSource, optional): Their masks. Defaults to None: images
            without masks.
    """
    root: Path
    images: list[SurveyedImage]
    source: Optional[MaskSource] = None

    @property
    def is_cut(self) -> bool:
        """Whether there are tiles."""
        return any(image.tile for image in self.images)


class Task(NamedTuple):
    """A task to be written to disk.

    Attributes:
        name (str): Name of the folders, and in logs.
        classes (ClassList): The classes.
        train (Side): Labeled training images.
        val (Side): Labeled validation images.
        unlabeled (Side): Images without labels.
        test (Side, optional): Labeled test images. Defaults to None.
    """
    name: str
    classes: ClassList
    train: Side
    val: Side
    unlabeled: Side
    test: Optional[Side] = None

    @property
    def labeled(self) -> dict[str, Side]:
        """Sides with masks, by the name of their list."""
        sides = dict(train=self.train, val=self.val)
        return sides if self.test is None else {**sides, 'test': self.test}

    @property
    def sides(self) -> dict[str, Side]:
        """All sides, by the name of their list."""
        return {**self.labeled, 'unlabeled': self.unlabeled}


def class_problems(images: Sequence[SurveyedImage], classes: ClassList,
                   from_annotations: bool = False) -> list[str]:
    """Check that every class occurs in a mask.

    Args:
        images (Sequence[SurveyedImage]): All images with masks that are used.
        classes (ClassList): The classes.
        from_annotations (bool): Whether the classes are all categories of
            the annotations, also of images that are not used. Defaults to
            False: they come from a class list.

    Returns:
        list[str]: A sentence for each problem.
    """
    missing = missing_classes(images, classes)
    if not missing:
        return []
    if from_annotations:
        lines = ', '.join(name for name in classes.names
                          if name not in missing)
        return [f'The classes {", ".join(missing)} have no pixel in the '
                'images that are used: their annotations are on images in no '
                'list, or are left out. Add such images to a list, or give '
                'the other classes as a text file, a line each, with '
                f'--classes FILE: {lines}.']
    hint = ''
    if IGNORE in classes.values and any(image.ignored for image in images):
        hint = (' Pixels of id 255 are ignored; if they are a class, write '
                "the line 'NAME = 255' and give ids to the other classes, "
                'too.')
    return [f'No mask shows {", ".join(missing)}.{hint} Remove classes that '
            'do not occur from the class list, or correct the values.']


def split_validation(images: Sequence[SurveyedImage], share: float,
                     seed: int) -> tuple[list[SurveyedImage], ...]:
    """Split labeled images into training and validation images.

    Of 100 random splits, the one with the most classes in training is chosen,
    and among equal ones the one with the most classes in validation. Copies
    of an image are never on both sides.

    Args:
        images (Sequence[SurveyedImage]): The labeled images.
        share (float): Fraction of validation images, in (0, 1); at least one
            image.
        seed (int): Seed of the splits.

    Returns:
        tuple: Training images and validation images, in their order.

    Raises:
        ValueError: If the fraction is out of range, or there are too few
            images.
    """
    digests = sorted({image.digest for image in images})
    count = max(1, round(share * len(digests)))
    if not 0 < share < 1 or count >= len(digests):
        raise ValueError(
            f'A fraction of {share:g} of {len(digests)} different labeled '
            'images cannot be split off for validation. Set --holdout to a '
            'number between 0 and 1, add images, or give a folder of labeled '
            'validation images with --validation.')
    rng = np.random.default_rng(seed)

    def split(chosen: set[str]) -> tuple[list[SurveyedImage], ...]:
        return ([image for image in images if image.digest not in chosen],
                [image for image in images if image.digest in chosen])

    splits = [split(set(rng.choice(digests, count, replace=False)))
              for _ in range(_NUM_SPLITS)]
    return max(splits, key=lambda sides: tuple(
        len({key for image in side for key in image.pixels})
        for side in sides))


def without_copies(images: Sequence[SurveyedImage],
                   others: Iterable[SurveyedImage],
                   rejected: Iterable[str] = ()) -> list[SurveyedImage]:
    """Remove images that have a copy among others.

    Args:
        images (Sequence[SurveyedImage]): The images.
        others (Iterable[SurveyedImage]): The other images.
        rejected (Iterable[str]): Digests of further images. Defaults to none.

    Returns:
        list[SurveyedImage]: Images without a copy, in their order.
    """
    digests = {image.digest for image in others}.union(rejected)
    return [image for image in images if image.digest not in digests]


def count_sizes(images: Sequence[SurveyedImage]) -> str:
    """Describe the most frequent image sizes.

    Args:
        images (Sequence[SurveyedImage]): The images.

    Returns:
        str: Text such as ``'385 x 256 (70), 400 x 300 (10)'``: width, height
        and number of images.
    """
    sizes = Counter(image.size for image in images).most_common()
    shown = [f'{width} x {height} ({count})'
             for (height, width), count in sizes[:3]]
    more = f' and {len(sizes) - 3} other sizes' if len(sizes) > 3 else ''
    return ', '.join(shown) + more
