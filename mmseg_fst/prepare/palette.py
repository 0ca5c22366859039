"""Colors of the classes of a task."""
from collections import Counter

import cv2
import numpy as np

from mmseg_fst.utils.tinting import is_background

from .class_list import ClassList
from .task import Task

#: Palette of Okabe and Ito for color-blind readers, without black. Green is
#: last, since photos of plants are green.
OKABE_ITO = ((230, 159, 0), (86, 180, 233), (240, 228, 66), (0, 114, 178),
             (213, 94, 0), (204, 121, 167), (0, 158, 115))
_NEUTRAL = (0, 0, 0)
# Other colors keep away from these: neutral and ignored pixels, and photos.
_AVOIDED = (_NEUTRAL, (255, 255, 255), (128, 128, 128), (70, 110, 40),
            (120, 95, 70))
# Linear RGB as people without green and without red cones see it (Machado,
# Oliveira and Fernandes 2009, severity 1).
_DEFICIENCIES = np.array([
    [[.367322, .860646, -.227968], [.280085, .672501, .047413],
     [-.011820, .042940, .968881]],
    [[.152286, 1.052583, -.204868], [.114503, .786281, .099216],
     [-.003882, -.048116, 1.051998]]])
# Levels of each channel of the candidates for more than seven colors.
_LEVELS = np.linspace(0, 255, 13).round()
# Least lightness in CIELAB: darker colors are invisible in shadows.
_LIGHTNESS = 35
# Smallest difference of two usable colors in a channel.
_DIFFERENCE = 24


def color_distance(colors: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How well two colors are told apart.

    The smallest of the Euclidean distances in CIELAB (CIE76) as seen with
    normal vision, deuteranopia and protanopia.

    Args:
        colors (np.ndarray): RGB of shape (N, 3), in [0, 255].
        other (np.ndarray): RGB of shape (3,), in [0, 255].

    Returns:
        np.ndarray: Distances of shape (N,), float32.
    """
    both = _as_seen(np.concatenate([colors, other[None]]))
    return np.linalg.norm(both[:, :-1] - both[:, -1:], axis=-1).min(0)


def _as_seen(colors: np.ndarray) -> np.ndarray:
    """CIELAB (3, N, 3) of RGB (N, 3): normal vision, and two deficiencies."""
    values = colors / 255
    linear = np.where(values <= .04045, values / 12.92,
                      ((values + .055) / 1.055)**2.4)
    simulated = np.concatenate(
        [linear[None], linear @ _DEFICIENCIES.transpose(0, 2, 1)])
    return cv2.cvtColor(simulated.clip(0, 1).astype(np.float32),
                        cv2.COLOR_LRGB2Lab)


def distinct_colors(count: int) -> list[list[int]]:
    """Colors that are told apart on photos, also by color-blind readers.

    The first seven are ``OKABE_ITO``. Each other one has the largest distance
    to all before it, as Glasbey et al. (2007) choose colors.

    Args:
        count (int): Number of colors.

    Returns:
        list[list[int]]: RGB.
    """
    chosen = [list(color) for color in OKABE_ITO[:count]]
    if count <= len(chosen):
        return chosen
    candidates = np.stack(np.meshgrid(*[_LEVELS] * 3), -1).reshape(-1, 3)
    candidates = candidates[_as_seen(candidates)[0, :, 0] >= _LIGHTNESS]
    distances = np.full(len(candidates), np.inf)
    new = [list(color) for color in _AVOIDED] + chosen
    while True:
        for color in new:
            np.minimum(distances, color_distance(
                candidates, np.array(color)), out=distances)
        if len(chosen) == count:
            return chosen
        chosen.append(candidates[distances.argmax()].astype(int).tolist())
        new = chosen[-1:]


def palette_of(task: Task) -> list[list[int]]:
    """Colors of the classes of a task.

    The colors or the palette of the masks, else :func:`distinct_colors`, with
    black for the background: a class of such a name, or the first class if it
    covers most pixels.

    Args:
        task (Task): The task.

    Returns:
        list[list[int]]: RGB, one for each class.
    """
    if task.classes.colored:
        first = _first_values(task.classes)
        return [[value >> 16, value >> 8 & 255, value & 255]
                for value in first]
    return _palette_of_masks(task) or _default_palette(task)


def _first_values(classes: ClassList) -> list[int]:
    """The first pixel value of each class."""
    first = {target: value for value, target in
             reversed(classes.values.items())}
    return [first[index] for index in range(len(classes.names))]


def _palette_of_masks(task: Task) -> list[list[int]] | None:
    """Colors of the ids in masks with a palette, if they are distinct."""
    source = task.train.source
    assert source is not None
    # Some programs write a palette only up to the largest id of the mask.
    image = max(task.train.images,
                key=lambda image: max(map(int, image.pixels)))
    colors = source.read(
        task.train.root, image.label,
        image.tile.whole if image.tile else image.size).palette
    values = _first_values(task.classes)
    if colors is None or max(values) >= len(colors) or min(values) < 0:
        return None
    found = colors[values].astype(int)
    difference = abs(found[:, None] - found).max(-1)
    np.fill_diagonal(difference, _DIFFERENCE)
    return found.tolist() if difference.min() >= _DIFFERENCE else None


def _default_palette(task: Task) -> list[list[int]]:
    """Distinct colors, and black for the background."""
    names = task.classes.names
    pixels = Counter[str]()
    for image in task.train.images:
        pixels.update(image.pixels)
    background = next(
        (index for index, name in enumerate(names) if is_background(name)),
        0 if 2 * pixels['0'] > pixels.total() else None)
    if background is None:
        return distinct_colors(len(names))
    colors = distinct_colors(len(names) - 1)
    return [*colors[:background], [*_NEUTRAL], *colors[background:]]
