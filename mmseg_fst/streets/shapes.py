"""Faces in meters, of which street scenes are made.

The world has X to the right, Y up and Z ahead of the camera, in meters. An
object is a list of faces painted in order; it knows its classes and its
materials, and leaves the colors to the domain (``street_appearance``).
"""
from functools import lru_cache
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

CLASSES = ('road', 'sidewalk', 'building', 'fence', 'pole', 'sign',
           'vegetation', 'sky', 'person', 'car', 'bicycle')
PALETTE = [[128, 64, 128], [244, 35, 232], [70, 70, 70], [190, 153, 153],
           [153, 153, 153], [220, 220, 0], [107, 142, 35], [70, 130, 180],
           [220, 20, 60], [0, 0, 142], [119, 11, 32]]
(ROAD, SIDEWALK, BUILDING, FENCE, POLE, SIGN, VEGETATION, SKY, PERSON, CAR,
 BICYCLE) = range(len(CLASSES))
IGNORE = 255

Variant = Tuple[float, float, float]
Place = Tuple[float, float, float]


class Face(NamedTuple):
    """One flat polygon of the scene.

    Attributes:
        points: Corners in meters, float array (N, 3).
        label: Class index in 0..10, or 255.
        material: Key of the domains' material tables.
        variant: Three numbers in [0, 1) that choose among a material's
            colors.
        shade: Factor on the brightness, around 1.
        drawn: False for what counts in the label but is seen through, like
            the space between spokes.
    """
    points: np.ndarray
    label: int
    material: str
    variant: Variant
    shade: float = 1.0
    drawn: bool = True


class Thing(NamedTuple):
    """Faces that are painted together.

    Attributes:
        depth: Distance ahead in meters by which things are ordered.
        faces: Faces in painting order.
        caster: Points (N, 3) whose hull casts a shadow on the ground; N may
            be 0.
    """
    depth: float
    faces: List[Face]
    caster: np.ndarray


NO_CASTER = np.zeros((0, 3))


def draw_variant(rng: np.random.Generator) -> Variant:
    """Draw the three numbers that choose a color.

    Args:
        rng: Source of randomness.

    Returns:
        Three floats in [0, 1).
    """
    return tuple(rng.random(3))


def upright(outline: np.ndarray, place: Place,
            stretch: float = 1.0) -> np.ndarray:
    """Stand a flat outline up, facing the camera.

    Args:
        outline: Corners (N, 2) in meters, right and up from ``place``.
        place: Foot point (x, y, z).
        stretch: Factor on the widths, below 1 for a turned object.

    Returns:
        Float array (N, 3).
    """
    outline = np.asarray(outline, dtype=float)
    return np.stack([place[0] + stretch * outline[:, 0],
                     place[1] + outline[:, 1],
                     np.full(len(outline), float(place[2]))], axis=1)


def limb(start: Sequence[float], end: Sequence[float],
         width: float) -> np.ndarray:
    """Outline of a straight bar.

    Args:
        start: One end (right, up) in meters.
        end: The other end.
        width: Thickness in meters.

    Returns:
        Float array (4, 2).
    """
    start, end = np.asarray(start, float), np.asarray(end, float)
    along = (end - start) / max(np.linalg.norm(end - start), 1e-6)
    across = np.array([-along[1], along[0]]) * width / 2
    return np.stack([start + across, end + across, end - across,
                     start - across])


def disc(center: Sequence[float], radius: float, count: int = 14,
         squash: float = 1.0) -> np.ndarray:
    """Outline of a disc.

    Args:
        center: Middle (right, up) in meters.
        radius: Radius in meters, a number or an array (``count``,).
        count: Number of corners.
        squash: Factor on the widths.

    Returns:
        Float array (count, 2).
    """
    cosine, sine = _circle(count)
    return np.stack([center[0] + squash * radius * cosine,
                     center[1] + radius * sine], axis=1)


@lru_cache(maxsize=None)
def _circle(count: int) -> Tuple[np.ndarray, np.ndarray]:
    """Cosines and sines of ``count`` even directions."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.cos(angle), np.sin(angle)


def rectangle(left: float, bottom: float, right: float,
              top: float) -> np.ndarray:
    """Outline of an upright rectangle.

    Args:
        left: Left end in meters.
        bottom: Lower end in meters.
        right: Right end in meters.
        top: Upper end in meters.

    Returns:
        Float array (4, 2).
    """
    return np.array([[left, bottom], [right, bottom], [right, top],
                     [left, top]])


def block(place: Place, half_width: float, height: float,
          half_depth: float) -> np.ndarray:
    """Corners of an upright box, as a shadow caster.

    Args:
        place: Middle of its base (x, y, z).
        half_width: Half of its extent in X, in meters.
        height: Its height in meters.
        half_depth: Half of its extent in Z, in meters.

    Returns:
        Float array (8, 3).
    """
    corners = np.array([[i, j, k] for i in (-1, 1) for j in (0, 1)
                        for k in (-1, 1)], dtype=float)
    return corners * [half_width, height, half_depth] + np.asarray(place)


def panel(quad: np.ndarray, left: float, bottom: float, right: float,
          top: float) -> np.ndarray:
    """Part of a quadrilateral, like a window of a wall.

    Args:
        quad: Corners (4, 3): bottom left, bottom right, top right, top left.
        left: Left end as a share of the width, in [0, 1].
        bottom: Lower end as a share of the height, in [0, 1].
        right: Right end.
        top: Upper end.

    Returns:
        Float array (4, 3).
    """
    across = np.array([left, right, right, left])[:, None]
    up = np.array([bottom, bottom, top, top])[:, None]
    low = quad[0] * (1 - across) + quad[1] * across
    high = quad[3] * (1 - across) + quad[2] * across
    return low * (1 - up) + high * up


def wall(start: np.ndarray, end: np.ndarray, bottom: float,
         top: float) -> np.ndarray:
    """Upright quadrilateral over a line on the ground.

    Args:
        start: One end (x, y, z); its height is not used.
        end: Other end.
        bottom: Height of the lower edge in meters.
        top: Height of the upper edge in meters.

    Returns:
        Float array (4, 3), ordered as ``panel`` wants it.
    """
    quad = np.stack([start, end, end, start]).astype(float)
    quad[:, 1] = [bottom, bottom, top, top]
    return quad
