"""Colors of the classes of a task."""
from pathlib import Path

import numpy as np
import pytest

from mmseg_fst.prepare.class_list import ClassList
from mmseg_fst.prepare.image_values import Values
from mmseg_fst.prepare.mask_files import RawMask
from mmseg_fst.prepare.palette import (
    OKABE_ITO,
    color_distance,
    distinct_colors,
    palette_of,
)
from mmseg_fst.prepare.survey import SurveyedImage
from mmseg_fst.prepare.task import Side, Task

COLORS = [list(color) for color in OKABE_ITO]
BLACK = [0, 0, 0]


class Masks:
    """A source of masks with a palette, or without."""

    def __init__(self, palette):
        self.palette = palette

    def read(self, root, label, size):
        assert label == 'rare.png'
        palette = self.palette and np.array(self.palette, np.uint8)
        return RawMask(np.zeros(size, np.uint8), palette=palette)


def task_of(names, pixels=(40, 30, 30), palette=None, values=None,
            colored=False):
    """A task with two images, of which one shows the last class."""
    values = values or range(len(names))
    ids = dict(zip(values, range(len(names))))
    counts = {str(index): count for index, count in enumerate(pixels)}
    image = SurveyedImage('a.jpg', (4, 4), '',
                          Values('uint8', 3, 0, 255, 0, 255))
    images = [image._replace(label='common.png', pixels={'0': 1}),
              image._replace(label='rare.png', pixels=counts)]
    side = Side(Path(), images, Masks(palette))
    return Task('a', ClassList(names, colored, ids), side, side, side)


@pytest.mark.parametrize('count', [2, 7, 20, 60])
def test_colors_are_told_apart(count):
    colors = np.array(distinct_colors(count))
    assert len(colors) == count and colors.min() >= 0 and colors.max() < 256
    least = min(color_distance(np.delete(colors, index, 0), color).min()
                for index, color in enumerate(colors))
    # A just noticeable difference is about 2; plain red and green have 10.
    assert least > (15 if count <= 20 else 7)
    green = color_distance(colors, np.array([70, 110, 40]))
    assert green[:4].min() > 35 and green.min() > 7


def test_distances_are_those_of_cielab_and_of_color_blind_readers():
    white, gray = np.array([255, 255, 255]), np.array([[119, 119, 119]])
    assert color_distance(gray, white) == pytest.approx(50, abs=1)
    red, green = np.array([[150, 60, 0]]), np.array([90, 90, 0])
    assert color_distance(red, green) < 25
    assert color_distance(red, np.array([0, 90, 200])) > 50


@pytest.mark.parametrize('names, pixels, expected', [
    (('soil', 'crop', 'weed'), (90, 5, 5), [BLACK, *COLORS[:2]]),
    (('road', 'car', 'sky'), (40, 30, 30), COLORS[:3]),
    (('car', 'sky', 'Background'), (40, 30, 30), [*COLORS[:2], BLACK])])
def test_the_background_is_black(names, pixels, expected):
    assert palette_of(task_of(names, pixels)) == expected


def test_a_palette_of_the_masks_is_used():
    palette = [[90, 70, 50], [0, 170, 0], [220, 0, 0], [1, 2, 3]]
    task = task_of(('soil', 'crop', 'weed'), palette=palette)
    assert palette_of(task) == palette[:3]
    task = task_of(('soil', 'crop', 'weed'), palette=palette,
                   values=(2, 0, 1))
    assert palette_of(task) == [palette[2], *palette[:2]]


@pytest.mark.parametrize('palette', [
    [[9, 9, 9], [200, 0, 0]],  # too short
    [[index] * 3 for index in range(256)]])  # shades of gray
def test_a_palette_that_shows_no_classes_is_not_used(palette):
    task = task_of(('road', 'car', 'sky'), palette=palette)
    assert palette_of(task) == COLORS[:3]


def test_classes_given_by_colors_keep_them():
    task = task_of(('road', 'car'), (50, 50), values=(0x102030, 0xff0080),
                   colored=True)
    assert palette_of(task) == [[16, 32, 48], [255, 0, 128]]
