"""A task of a user's own images: what is trained and scored on."""
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmseg_fst.utils.files import IGNORE

from .class_list import ClassList
from .survey import SurveyedImage, missing_classes

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
        train (Side): Labeled images to train on.
        val (Side): Labeled images to score on.
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
    """Draw labeled images to score on; the others are trained on.

    Of some draws the one is taken in which most classes are seen in training
    and, of these, in validation. Copies of an image stay on one side.

    Args:
        images (Sequence[SurveyedImage]): The labeled images.
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
            f'A share of {share:g} of {len(digests)} different labeled '
            'images is no part to score on that leaves another to train '
            'on. Give --holdout a number between 0 and 1, add images, or name '
            'a folder of labeled images to score on with --validation.')
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
