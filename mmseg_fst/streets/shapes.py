"""Polygons in meters, from which street scenes are built.

The world has X to the right, Y up and Z ahead of the camera, in meters. An
object is a list of faces in painting order. Faces have a class and a
material; the domain assigns the colors (``appearance.py``).
"""
from functools import lru_cache
from typing import List, NamedTuple, Sequence, Tuple, Union

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
# Points in two and in three dimensions.
Point = Union[Sequence[float], np.ndarray]
Place = Union[Tuple[float, float, float], np.ndarray]


class Face(NamedTuple):
    """One flat polygon of the scene.

    Attributes:
        points (np.ndarray): Corners in meters, float array (N, 3).
        label (int): Class index in 0..10, or 255.
        material (str): Key of the domains' material tables.
        variant (Variant): Three numbers in [0, 1) that choose among a
            material's colors.
        shade (float): Factor on the brightness, around 1.
        drawn (bool): False for a face that is in the label but transparent,
            like the space between spokes.
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
        depth (float): Distance ahead in meters by which things are ordered.
        faces (list[Face]): Faces in painting order.
        caster (np.ndarray): Points (N, 3) whose hull casts a shadow on the
            ground; N may be 0.
    """
    depth: float
    faces: List[Face]
    caster: np.ndarray


NO_CASTER = np.zeros((0, 3))


def sample_variant(rng: np.random.Generator) -> Variant:
    """Sample the three numbers that select a color.

    Args:
        rng (np.random.Generator): Source of randomness.

    Returns:
        Variant: Three floats in [0, 1).
    """
    return tuple(rng.random(3))


def upright(outline: np.ndarray, place: Place,
            stretch: float = 1.0) -> np.ndarray:
    """Convert a flat outline to an upright one that faces the camera.

    Args:
        outline (np.ndarray): Corners (N, 2) in meters, right and up from
            ``place``.
        place (Place): Foot point (x, y, z).
        stretch (float): Factor on the widths, below 1 for a turned object.

    Returns:
        np.ndarray: Float array (N, 3).
    """
    outline = np.asarray(outline, dtype=float)
    return np.stack([place[0] + stretch * outline[:, 0],
                     place[1] + outline[:, 1],
                     np.full(len(outline), float(place[2]))], axis=1)


def limb(start: Point, end: Point, width: float) -> np.ndarray:
    """Outline of a straight bar.

    Args:
        start (Point): One end (right, up) in meters.
        end (Point): The other end.
        width (float): Thickness in meters.

    Returns:
        np.ndarray: Float array (4, 2).
    """
    first, last = np.asarray(start, float), np.asarray(end, float)
    along = (last - first) / max(np.linalg.norm(last - first), 1e-6)
    across = np.array([-along[1], along[0]]) * width / 2
    return np.stack([first + across, last + across, last - across,
                     first - across])


def disc(center: Point, radius: Union[float, np.ndarray], count: int = 14,
         squash: float = 1.0) -> np.ndarray:
    """Outline of a disc.

    Args:
        center (Point): Middle (right, up) in meters.
        radius (float | np.ndarray): Radius in meters, a number or an array
            (``count``,).
        count (int): Number of corners.
        squash (float): Factor on the widths.

    Returns:
        np.ndarray: Float array (count, 2).
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
        left (float): Left end in meters.
        bottom (float): Lower end in meters.
        right (float): Right end in meters.
        top (float): Upper end in meters.

    Returns:
        np.ndarray: Float array (4, 2).
    """
    return np.array([[left, bottom], [right, bottom], [right, top],
                     [left, top]])


def block(place: Place, half_width: float, height: float,
          half_depth: float) -> np.ndarray:
    """Corners of an upright box, as a shadow caster.

    Args:
        place (Place): Middle of its base (x, y, z).
        half_width (float): Half of its extent in X, in meters.
        height (float): Its height in meters.
        half_depth (float): Half of its extent in Z, in meters.

    Returns:
        np.ndarray: Float array (8, 3).
    """
    corners = np.array([[i, j, k] for i in (-1, 1) for j in (0, 1)
                        for k in (-1, 1)], dtype=float)
    return corners * [half_width, height, half_depth] + np.asarray(place)


def panel(quad: np.ndarray, left: float, bottom: float, right: float,
          top: float) -> np.ndarray:
    """Part of a quadrilateral, like a window of a wall.

    Args:
        quad (np.ndarray): Corners (4, 3): bottom left, bottom right, top
            right, top left.
        left (float): Left end as a share of the width, in [0, 1].
        bottom (float): Lower end as a share of the height, in [0, 1].
        right (float): Right end.
        top (float): Upper end.

    Returns:
        np.ndarray: Float array (4, 3).
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
        start (np.ndarray): One end (x, y, z); its height is not used.
        end (np.ndarray): Other end.
        bottom (float): Height of the lower edge in meters.
        top (float): Height of the upper edge in meters.

    Returns:
        np.ndarray: Float array (4, 3), in the order that ``panel`` expects.
    """
    quad = np.stack([start, end, end, start]).astype(float)
    quad[:, 1] = [bottom, bottom, top, top]
    return quad
