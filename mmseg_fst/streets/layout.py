"""Random layout of street scenes: a camera, a road and its objects."""
from typing import List, Tuple

import numpy as np

from .objects import make_bicycle, make_lamp, make_person, make_sign, make_tree
from .perspective import OVERSAMPLING, Camera, Road, Scene
from .shapes import (
    BUILDING,
    IGNORE,
    NO_CASTER,
    ROAD,
    SIDEWALK,
    SKY,
    VEGETATION,
    Face,
    Thing,
    disc,
    rectangle,
    sample_variant,
    upright,
    wall,
)
from .solids import make_building, make_car, make_fence, make_hedge

NEAR, FAR = 1.0, 140.0
KERB_HEIGHT = 0.12
SEGMENTS = ('building', 'house', 'hedge', 'green', 'junction')
SEGMENT_LENGTHS = {'building': (8, 20), 'house': (10, 18), 'hedge': (6, 14),
                   'green': (8, 16), 'junction': (6, 9)}


def sample_scene(rng: np.random.Generator, size: Tuple[int, int]) -> Scene:
    """Sample a street scene.

    Args:
        rng (np.random.Generator): Source of randomness.
        size (tuple[int, int]): Width and height of the final image in pixels.

    Returns:
        Scene: The scene.
    """
    width, rows = (OVERSAMPLING * extent for extent in size)
    camera = Camera(width, rows, width * rng.uniform(.72, 1.02),
                    rows * rng.uniform(.36, .5), rng.uniform(1.25, 2.0))
    road, parking = _sample_road(rng)
    ground = _ground_faces(rng, road)
    things, rooflines = _backdrop(rng), np.zeros((2, int(FAR) + 1))
    urban = rng.random() < .55
    for side in (-1, 1):
        segments = _sample_segments(rng, urban)
        for kind, start, end in segments:
            if kind == 'junction':
                ground.append(_side_road(rng, road, side, start, end))
                continue
            height = rng.uniform(5, 16) if urban else rng.uniform(3.5, 8)
            things += _segment(rng, road, side, kind, start, end, height)
            if kind == 'building':
                line = rooflines[(side + 1) // 2]
                line[int(start):int(end) + 1] = height
        things += _furniture(rng, road, side) + _walkers(rng, road, side)
        if parking and rng.random() < .75:
            things += _parked_cars(rng, road, side)
    things += _traffic(rng, road)
    things.sort(key=lambda thing: -thing.depth)
    sky = upright(rectangle(-400, 0, 400, 400), (0, 0, FAR + 30))
    faces = [Face(sky, SKY, 'sky', sample_variant(rng)), *ground]
    faces += [face for thing in things for face in thing.faces]
    faces += _bonnet(rng, camera)
    casters = [thing.caster for thing in things if len(thing.caster)]
    return Scene(camera, road, faces, casters, rooflines)


def _sample_road(rng: np.random.Generator) -> Tuple[Road, bool]:
    """Sample the road, and whether cars park along it."""
    lane, parking = rng.uniform(2.9, 4.2), rng.random() < .6
    half = lane + (2.2 if parking else 0)
    # One country in seven drives on the left.
    side = 1 if rng.random() < .86 else -1
    offset = -side * lane * .5 + rng.uniform(-.7, .7)
    walks = tuple(rng.uniform(1.8, 4.4, 2))
    return Road(offset, rng.uniform(-.09, .09), rng.uniform(-.0011, .0011),
                lane, half, walks), parking


def _strip(road: Road, left: float, right: float, start: float, end: float,
           height: float = 0.0) -> np.ndarray:
    """Outline of a stretch of ground between two distances from the middle."""
    steps = int(np.clip(8 * np.log2(max(end / start, 1.02)), 1, 40))
    depth = np.geomspace(start, end, steps + 1)
    middle = road.middle(depth)
    left_edge = np.stack([middle + left, 0 * depth + height, depth], axis=1)
    right_edge = np.stack([middle + right, 0 * depth + height, depth], axis=1)
    return np.concatenate([left_edge, right_edge[::-1]])


def _ground_faces(rng: np.random.Generator, road: Road) -> List[Face]:
    """Lawn, sidewalks, road with its marks, patches and litter."""
    lawn = np.array([[-300, 0, NEAR], [300, 0, NEAR], [300, 0, FAR + 20],
                     [-300, 0, FAR + 20]], dtype=float)
    tar, stone = sample_variant(rng), sample_variant(rng)
    faces = [Face(lawn, VEGETATION, 'grass', sample_variant(rng)),
             Face(_strip(road, -road.half, road.half, NEAR, FAR), ROAD,
                  'asphalt', tar)]
    for side in (-1, 1):
        kerb, front = side * road.half, side * road.front(side)
        faces.append(Face(_strip(road, kerb, front, NEAR, FAR, KERB_HEIGHT),
                          SIDEWALK, 'paving', stone))
        corners = [road.at(kerb, depth) for depth in np.geomspace(NEAR, FAR,
                                                                  16)]
        faces += [Face(wall(near, far, 0, KERB_HEIGHT), SIDEWALK, 'kerb',
                       stone) for near, far in zip(corners, corners[1:])]
    return faces + _marks(rng, road) + _stains(rng, road)


def _marks(rng: np.random.Generator, road: Road) -> List[Face]:
    """Lane marks and zebra crossings."""
    paint, strips = sample_variant(rng), []
    style = rng.choice(['dashed', 'solid', 'none'], p=[.6, .2, .2])
    if style == 'solid':
        strips.append((-.07, .07, NEAR, FAR))
    elif style == 'dashed':
        strips += [(-.07, .07, start, start + 2.5)
                   for start in np.arange(rng.uniform(1, 5), 80, 5)]
    if rng.random() < .5:
        strips += [(side * road.lane - .06, side * road.lane + .06, NEAR,
                    FAR) for side in (-1, 1)]
    if rng.random() < .4:
        start = rng.uniform(5, 22)
        strips += [(left, left + .5, start, start + 3) for left in
                   np.arange(-road.half + .3, road.half - .6, 1.0)]
    return [Face(_strip(road, *strip), ROAD, 'marking', paint)
            for strip in strips]


def _stains(rng: np.random.Generator, road: Road) -> List[Face]:
    """Patches of other tar, manholes and a little litter."""
    faces = []
    for _ in range(rng.poisson(1.5)):
        left, start = rng.uniform(-road.lane, road.lane - 1), \
            rng.uniform(4, 30)
        faces.append(Face(_strip(road, left, left + rng.uniform(.6, 1.6),
                                 start, start + rng.uniform(1, 8)), ROAD,
                          'asphalt', sample_variant(rng), .88))
    for _ in range(rng.poisson(.8)):
        hub = road.at(rng.uniform(-2.5, 2.5), rng.uniform(5, 20))
        ring = np.insert(disc((0, 0), .38), 1, 0, axis=1)
        faces.append(Face(hub + ring, ROAD, 'manhole', sample_variant(rng)))
    for _ in range(rng.poisson(.5)):
        spot = road.at(rng.uniform(-road.half, road.half),
                       rng.uniform(5, 15))
        faces.append(Face(spot + rng.uniform(-.25, .25, (5, 3)) * [1, 0, 1],
                          IGNORE, 'litter', sample_variant(rng)))
    return faces


def _sample_segments(rng: np.random.Generator, urban: bool) -> List[tuple]:
    """Divide a side of the street into segments (kind, start, end)."""
    chances = (.70, .08, .05, .07, .10) if urban else \
        (.18, .45, .15, .12, .10)
    segments, start = [], NEAR
    while start < FAR - 8:
        kind = rng.choice(SEGMENTS, p=chances)
        end = min(start + rng.uniform(*SEGMENT_LENGTHS[kind]), FAR)
        segments.append((kind, start, end))
        start = end
    return segments


def _segment(rng: np.random.Generator, road: Road, side: int, kind: str,
             start: float, end: float, height: float) -> List[Thing]:
    """Objects behind the sidewalk along one segment."""
    line = side * road.front(side)
    near, far = road.at(line, start), road.at(line, end)
    if kind == 'building':
        return [make_building(rng, near, far, side, height)]
    if kind == 'hedge':
        return [make_hedge(rng, near, far, side)] + _trees(
            rng, road, side, start, end, int(rng.integers(3)))
    things = []
    if kind == 'house':
        back = np.array([side * rng.uniform(3, 7), 0, 0])
        inset = np.array([0, 0, rng.uniform(.5, 2)])
        house = make_building(rng, near + back + inset, far + back - inset,
                              side, rng.uniform(3.5, 7))
        things += [house._replace(depth=end + 2),
                   make_fence(rng, near, far)]
        return things + _trees(rng, road, side, start, end,
                               int(rng.integers(3)))
    if rng.random() < .5:
        things.append(make_fence(rng, near, far))
    return things + _trees(rng, road, side, start, end, 4)


def _trees(rng: np.random.Generator, road: Road, side: int, start: float,
           end: float, count: int) -> List[Thing]:
    """Trees behind the sidewalk."""
    line = road.front(side)
    return [make_tree(rng, road.at(side * (line + rng.uniform(1.5, 5)),
                                   rng.uniform(start, end) + .5))
            for _ in range(count)]


def _side_road(rng: np.random.Generator, road: Road, side: int, start: float,
               end: float) -> Face:
    """A side street that crosses the sidewalk."""
    left, right = sorted((side * (road.half - .3), side * 60))
    outline = _strip(road, left, right, start + .6, end - .6, .04)
    return Face(outline, ROAD, 'asphalt', sample_variant(rng))


def _furniture(rng: np.random.Generator, road: Road,
               side: int) -> List[Thing]:
    """Lamps, trees, signs and parked bicycles on a sidewalk."""
    things, depth = [], rng.uniform(5, 12)
    while depth < 80:
        spot = road.at(side * (road.half + .5), depth, KERB_HEIGHT)
        kind = rng.random()
        if kind < .25:
            things.append(make_lamp(rng, spot, side))
        elif kind < .47:
            things.append(make_tree(rng, spot))
        elif kind < .74:
            things.append(make_sign(rng, spot))
        depth += rng.uniform(4, 11)
    if rng.random() < .5:
        lateral = rng.choice([road.half + .7, road.front(side) - .5])
        start = rng.uniform(8, 22)
        things += [make_bicycle(rng, road.at(side * lateral, start + 1.3 * i,
                                             KERB_HEIGHT), False)
                   for i in range(rng.integers(1, 4))]
    return things


def _walkers(rng: np.random.Generator, road: Road, side: int) -> List[Thing]:
    """People on a sidewalk."""
    spots = [(rng.uniform(road.half + .5, road.front(side) - .3),
              7 + 28 * rng.random() ** 1.6) for _ in range(rng.poisson(1.7))]
    return [make_person(rng, road.at(side * lateral, depth, KERB_HEIGHT))
            for lateral, depth in spots]


def _parked_cars(rng: np.random.Generator, road: Road,
                 side: int) -> List[Thing]:
    """A row of parked cars with gaps."""
    things, turn = [], 0 if rng.random() < .7 else np.pi
    for depth in np.arange(rng.uniform(6, 14), 75, rng.uniform(5.3, 7)):
        if rng.random() < .6:
            spot = road.at(side * (road.half - 1.05), depth)
            things.append(make_car(rng, spot, road.yaw(depth) + turn
                                   + rng.normal(0, .02)))
    return things


def _traffic(rng: np.random.Generator, road: Road) -> List[Thing]:
    """Driving cars, cyclists and people who cross."""
    side = 1 if road.offset < 0 else -1
    cars = [(-side * road.lane * .5, depth, np.pi)
            for depth in rng.uniform(9, 70, rng.integers(0, 4))]
    if rng.random() < .5:
        cars.append((side * road.lane * .5, rng.uniform(10, 45), 0))
    if rng.random() < .15:
        cars.append((rng.uniform(-4, 4), rng.uniform(14, 40),
                     rng.choice([-1, 1]) * np.pi / 2))
    things = [make_car(rng, road.at(lateral, depth),
                       road.yaw(depth) + turn) for lateral, depth, turn in
              cars]
    for _ in range(rng.poisson(.55)):
        lateral = rng.choice([-1, 1]) * (road.lane - .6)
        spot = road.at(lateral, rng.uniform(7, 24))
        things.append(make_bicycle(rng, spot, True))
    for _ in range(rng.integers(1, 4) if rng.random() < .25 else 0):
        spot = road.at(rng.uniform(-road.half, road.half),
                       rng.uniform(9, 25))
        things.append(make_person(rng, spot))
    return things


def _backdrop(rng: np.random.Generator) -> List[Thing]:
    """Distant houses and woods that close the view."""
    things, left = [], -160.0
    while left < 160:
        right, tall = left + rng.uniform(8, 30), rng.uniform(4, 15)
        variant, place = sample_variant(rng), (0, 0, FAR + 15)
        if rng.random() < .5:
            outline, label, material = rectangle(left, 0, right, tall), \
                BUILDING, 'plaster'
        else:
            crest = np.linspace(right + 2, left - 2, 14)
            top = tall * .6 * rng.uniform(.8, 1.2, 14)
            outline = np.concatenate([[[left - 2, 0], [right + 2, 0]],
                                      np.stack([crest, top], axis=1)])
            label, material = VEGETATION, 'leaf'
        things.append(Thing(FAR + 15, [Face(upright(outline, place), label,
                                            material, variant)], NO_CASTER))
        left = right
    return things


def _bonnet(rng: np.random.Generator, camera: Camera) -> List[Face]:
    """The bonnet of the camera's own car, in a few scenes."""
    if rng.random() > .06:
        return []
    meter = camera.focal / 1.5
    low = camera.height - (camera.rows - camera.horizon) / meter
    rise = rng.uniform(.03, .07) * camera.rows / meter
    share = np.linspace(-1, 1, 15)
    crest = np.stack([share * .75 * camera.width / meter,
                      low + rise * (1 - share ** 2) - .004], axis=1)
    return [Face(upright(crest, (0, 0, 1.5)), IGNORE, 'bonnet',
                 sample_variant(rng))]
