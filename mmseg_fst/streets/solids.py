"""Cars, buildings, fences and hedges of the street scenes."""
from typing import List, Tuple

import numpy as np

from .shapes import (
    BUILDING,
    CAR,
    FENCE,
    NO_CASTER,
    VEGETATION,
    Face,
    Place,
    Thing,
    Variant,
    panel,
    sample_variant,
    wall,
)

EYE = np.array([0.0, 1.5, 0.0])
# Windows further away than this are smaller than a pixel.
DETAIL_DEPTH = 70.0

# Per kind of car: length, half width, sill, waist, roof (meters), then the
# cabin's back and front at the waist and at the roof, as shares of length.
CARS = {
    'saloon': (4.5, .88, .26, .86, 1.42, -.40, .20, -.26, .03),
    'hatchback': (3.9, .84, .26, .88, 1.48, -.48, .22, -.42, .04),
    'offroad': (4.5, .93, .34, 1.02, 1.74, -.49, .22, -.45, .08),
    'van': (5.0, .96, .30, 1.12, 2.1, -.50, .40, -.49, .28)}


def _prism(lower: Tuple[float, ...], upper: Tuple[float, ...]) -> dict:
    """Outer quads of a block between two rectangles, in (along, across, up).

    Each rectangle is (back, front, half width, height).
    """
    def rect(back, front, half, height):
        return np.array([[back, -half, height], [back, half, height],
                         [front, half, height], [front, -half, height]])
    low, high = rect(*lower), rect(*upper)
    quads = {'top': high}
    names = ('back', 'right', 'front', 'left')
    for i, name in enumerate(names):
        j = (i + 1) % 4
        quads[name] = np.stack([low[i], low[j], high[j], high[i]])
    return quads


def _visible(quad: np.ndarray, middle: np.ndarray) -> bool:
    """Whether the outside of a solid's quad faces the camera."""
    # The camera and the solid's middle then lie on different sides of it.
    edges = [quad[1] - quad[0], quad[3] - quad[0]]
    inside, outside = np.linalg.det([[*edges, middle - quad[0]],
                                     [*edges, EYE - quad[0]]])
    return inside * outside < 0


class _CarFrame:
    """Axes of a car: maps (along, across, up) to the world."""

    def __init__(self, place: Place, yaw: float) -> None:
        along = np.array([np.sin(yaw), 0, np.cos(yaw)])
        across = np.array([np.cos(yaw), 0, -np.sin(yaw)])
        self.axes = np.stack([along, across, [0, 1, 0]])
        self.origin = np.asarray(place, dtype=float)

    def __call__(self, local: np.ndarray) -> np.ndarray:
        return self.origin + np.asarray(local) @ self.axes


def _car_details(name: str, quad: np.ndarray,
                 variant: Variant) -> List[Face]:
    """Lights, plate and bumper of a car's front or back."""
    if name not in ('front', 'back'):
        return []
    lamp = 'lamp_red' if name == 'back' else 'lamp_white'
    spots = [((.04, .58, .24, .86), lamp), ((.76, .58, .96, .86), lamp),
             ((0, 0, 1, .26), 'trim'), ((.36, .32, .64, .5), 'plate')]
    if name == 'front':
        spots.append(((.27, .55, .73, .75), 'trim'))
    return [Face(panel(quad, *spot), CAR, material, variant)
            for spot, material in spots]


def _wheels(frame: _CarFrame, length: float, half: float,
            variant: Variant) -> List[Face]:
    """Wheels on both sides of a car, with rims."""
    angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    ring = np.stack([np.cos(angle), 0 * angle, np.sin(angle)], axis=1)
    faces = []
    for across in (-half, half):
        for along in (-.31 * length, .31 * length):
            hub = np.array([along, across, .32])
            for radius, material in ((.34, 'tyre'), (.2, 'rim')):
                faces.append(Face(frame(hub + radius * ring), CAR, material,
                                  variant))
    return faces


def make_car(rng: np.random.Generator, place: Place, yaw: float) -> Thing:
    """A car of one of four kinds.

    Args:
        rng (np.random.Generator): Source of randomness.
        place (Place): Middle of its base (x, y, z).
        yaw (float): Heading in radians; 0 drives away from the camera.

    Returns:
        Thing: The car.
    """
    kind = rng.choice(list(CARS), p=[.3, .35, .2, .15])
    length, half, sill, waist, roof, *cabin = CARS[kind]
    paint, dark = sample_variant(rng), sample_variant(rng)
    frame, ends = _CarFrame(place, yaw), (-length / 2, length / 2)
    low_back, low_front, high_back, high_front = np.array(cabin) * length
    under = _prism((ends[0] + .25, ends[1] - .25, half - .06, .05),
                   (ends[0] + .2, ends[1] - .2, half - .06, sill))
    body = _prism((*ends, half, sill),
                  (ends[0] + .06, ends[1] - .12, half - .05, waist))
    top = _prism((low_back, low_front, half - .07, waist),
                 (high_back, high_front, half - .22, roof))
    faces = []
    for part, quads in (('under', under), ('body', body), ('cabin', top)):
        middle = frame(np.mean([q for q in quads.values()], axis=(0, 1)))
        for name, local in quads.items():
            quad = frame(local)
            if not _visible(quad, middle):
                continue
            material = 'tyre' if part == 'under' else 'paint'
            faces.append(Face(quad, CAR, material, paint))
            if part == 'body':
                faces += _car_details(name, quad, dark)
            elif part == 'cabin' and name != 'top':
                faces.append(Face(panel(quad, .07, .1, .93, .88), CAR,
                                  'car_glass', dark))
                if name in ('left', 'right'):
                    faces.append(Face(panel(quad, .46, .1, .52, .88), CAR,
                                      'paint', paint))
    middle = frame(np.array([0, 0, .5]))
    wheels = [wheel for wheel in _wheels(frame, length, half, dark)
              if _visible(wheel.points[[0, 4, 7, 10]], middle)]
    outline = frame(np.concatenate([body['top'], under['top'], top['top']]))
    feet = frame(np.array([[i, j, 0] for i in ends for j in (-half, half)]))
    return Thing(place[2], faces + wheels, np.concatenate([outline, feet]))


def _windows(rng: np.random.Generator, quad: np.ndarray, length: float,
             height: float, first: float) -> List[Face]:
    """A grid of windows on a wall, above the height ``first``."""
    floor, pitch = rng.uniform(2.8, 3.5), rng.uniform(1.9, 3.2)
    wide, tall = rng.uniform(.4, .62), rng.uniform(.42, .62)
    glass, trim = sample_variant(rng), sample_variant(rng)
    columns = max(1, int(length / pitch))
    faces = []
    reach = 3 + .4 * quad[:, 2].max()
    for level in np.arange(first, min(height - 2.2, reach), floor):
        for column in range(columns):
            left = (column + .5 - wide / 2) / columns
            right = (column + .5 + wide / 2) / columns
            low = (level + .28 * floor) / height
            high = low + tall * floor / height
            rim, sill = .1 / length, .12 / height
            faces.append(Face(panel(quad, left - rim, low - sill,
                                    right + rim, high + sill), BUILDING,
                              'trim_light', trim))
            pane = (*glass[:2], rng.random())
            faces.append(Face(panel(quad, left, low, right, high), BUILDING,
                              'glass', pane))
    return faces


def _ground_floor(rng: np.random.Generator, quad: np.ndarray, length: float,
                  height: float) -> List[Face]:
    """Doors, or shop windows under a colored board."""
    faces, bays = [], max(1, int(length / 5))
    shop = rng.random() < .45
    board = sample_variant(rng)
    for bay in range(bays):
        left, width = (bay + .08) / bays, .84 / bays
        door = left + rng.uniform(.1, .7) * width
        if shop:
            faces.append(Face(panel(quad, left, .25 / height, left + width,
                                    2.6 / height), BUILDING, 'glass',
                              sample_variant(rng), .8))
            faces.append(Face(panel(quad, left, 2.65 / height, left + width,
                                    3.2 / height), BUILDING, 'shop', board))
        if shop or rng.random() < .6:
            faces.append(Face(panel(quad, door, .1 / height,
                                    door + 1.1 / length, 2.3 / height),
                              BUILDING, 'door', sample_variant(rng)))
    return faces


def _roof(rng: np.random.Generator, front: np.ndarray, flank: np.ndarray,
          inward: np.ndarray) -> List[Face]:
    """A sloping roof with its gable, or a cornice."""
    variant = sample_variant(rng)
    if rng.random() < .45:
        return [Face(panel(front, 0, .95, 1, 1), BUILDING, 'trim_light',
                     variant, .85)]
    ridge = inward * 4 + [0, rng.uniform(2, 3.5), 0]
    slope = np.stack([front[3], front[2], front[2] + ridge,
                      front[3] + ridge])
    gable = np.stack([flank[3], flank[2], front[3] + ridge])
    return [Face(gable, BUILDING, 'plaster', variant, .9),
            Face(slope, BUILDING, 'roof', variant)]


def make_building(rng: np.random.Generator, near: np.ndarray,
                  far: np.ndarray, side: int, height: float) -> Thing:
    """A building whose front stands along the street.

    Args:
        rng (np.random.Generator): Source of randomness.
        near (np.ndarray): Near end of its front on the ground (x, y, z).
        far (np.ndarray): Far end of its front.
        side (int): Side of the road, -1 or 1.
        height (float): Height of its front in meters.

    Returns:
        Thing: The building.
    """
    inward = np.array([side, 0.0, 0.0])
    material = rng.choice(['plaster', 'brick', 'concrete'], p=[.5, .3, .2])
    variant, length = sample_variant(rng), float(np.linalg.norm(far - near))
    front = wall(near, far, 0, height)
    flank = wall(near, near + inward * 8, 0, height)
    faces = [Face(flank, BUILDING, material, variant, .92),
             Face(front, BUILDING, material, variant)]
    if near[2] < DETAIL_DEPTH:
        faces += _windows(rng, flank, 8, height, 0)
        faces.append(Face(panel(front, 0, 0, 1, .6 / height), BUILDING,
                          'concrete', variant, .8))
        faces += _windows(rng, front, length, height, 3.2)
        faces += _ground_floor(rng, front, length, height)
    faces += _roof(rng, front, flank, inward)
    return Thing(far[2], faces, NO_CASTER)


def make_fence(rng: np.random.Generator, near: np.ndarray,
               far: np.ndarray) -> Thing:
    """A fence of boards, a railing or a low wall along the street.

    Args:
        rng (np.random.Generator): Source of randomness.
        near (np.ndarray): Near end on the ground (x, y, z).
        far (np.ndarray): Far end.

    Returns:
        Thing: The fence.
    """
    kind = rng.choice(['boards', 'railing', 'wall'], p=[.4, .35, .25])
    tall, length = rng.uniform(.9, 1.9), float(np.linalg.norm(far - near))
    variant, quad = sample_variant(rng), wall(near, far, 0, tall)
    if kind == 'wall':
        faces = [Face(quad, FENCE, 'masonry', variant),
                 Face(panel(quad, 0, .88, 1, 1), FENCE, 'concrete', variant)]
        return Thing(far[2], faces, quad)
    material = 'wood' if kind == 'boards' else 'railing'
    fill = .8 if kind == 'boards' else .28
    count = int(length / (.3 if near[2] < 25 else .6))
    faces = [Face(quad, FENCE, material, variant, drawn=False)]
    faces += [Face(panel(quad, i / count, .04, (i + fill) / count, 1), FENCE,
                   material, variant, rng.uniform(.88, 1.08))
              for i in range(count)]
    faces += [Face(panel(quad, 0, low, 1, low + .08), FENCE, material,
                   variant, .85) for low in (.14, .8)]
    return Thing(far[2], faces, quad)


def make_hedge(rng: np.random.Generator, near: np.ndarray, far: np.ndarray,
               side: int) -> Thing:
    """A hedge along the street, with a ragged top.

    Args:
        rng (np.random.Generator): Source of randomness.
        near (np.ndarray): Near end on the ground (x, y, z).
        far (np.ndarray): Far end.
        side (int): Side of the road, -1 or 1.

    Returns:
        Thing: The hedge.
    """
    tall, variant = rng.uniform(.9, 2.4), sample_variant(rng)
    count = max(4, int(np.linalg.norm(far - near) / .5))
    share = np.linspace(1, 0, count)[:, None]
    crest = near * (1 - share) + far * share
    crest[:, 1] = tall * rng.uniform(.88, 1.08, count)
    flank = wall(near, near + [side * 1.2, 0, 0], 0, tall * .95)
    faces = [Face(flank, VEGETATION, 'leaf', variant, .85),
             Face(np.concatenate([[near, far], crest]), VEGETATION, 'leaf',
                  variant)]
    return Thing(far[2], faces, wall(near, far, 0, tall))
