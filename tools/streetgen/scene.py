"""A random street: geometry, camera and light.

The order of the random numbers determines the output; see :mod:`.mesh`.
"""
import math
from dataclasses import dataclass, field

import numpy as np

from .buildings import add_building
from .camera import Camera, sample_camera
from .furniture import (
    add_bollard,
    add_fence,
    add_lamp,
    add_litter_bin,
    add_road_sign,
    add_traffic_light,
)
from .labels import Label, Material
from .light import Light, sample_light
from .mesh import Color, Mesh, Surface
from .people import add_cyclist, add_person
from .plants import add_tree
from .sampling import hsv
from .vehicles import add_vehicle

# The street begins behind the camera and ends at trees and houses.
Y_BEGIN, Y_END = -12., 130.
CURB_HEIGHT = .12
SIDE_ROAD = Surface((.17, .17, .17), Material.ASPHALT, Label.ROAD)
YELLOW = (.75, .6, .1)


@dataclass
class Street:
    """The layout shared by all parts of a street.

    Args:
        mesh: The mesh to add parts to.
        half_width: Half the width of the road.
        parked: Whether cars park on the left and on the right.
        sidewalk_widths: Width of the left and of the right sidewalk.
        crossings: Begin and end of side roads along the street.
    """
    mesh: Mesh
    half_width: float
    parked: np.ndarray
    sidewalk_widths: np.ndarray
    crossings: list[tuple[float, float]] = field(default_factory=list)

    @property
    def rng(self) -> np.random.Generator:
        """The random generator of the scene."""
        return self.mesh.rng

    def sidewalk(self, side: int) -> tuple[float, float]:
        """Return the extent of a sidewalk across the street.

        Args:
            side: -1 left and 1 right of the road.

        Returns:
            The edge at the road and the edge at the houses.
        """
        width = self.sidewalk_widths[max(side, 0)]
        return side * self.half_width, side * (self.half_width + width)


def sample_scene(rng: np.random.Generator) -> tuple[Mesh, Camera, Light]:
    """Sample a random street.

    Args:
        rng: The random generator, which determines the street.

    Returns:
        The geometry, the camera and the light.
    """
    street = Street(
        Mesh(rng),
        half_width=rng.uniform(3., 5.2),
        parked=rng.random(2) < .55,
        sidewalk_widths=rng.uniform(1.6, 4.2, 2))
    _add_ground(street)
    _add_road_marks(street)
    if rng.random() < .45:
        begin = rng.uniform(14, 60)
        street.crossings = [(begin, begin + rng.uniform(6, 9))]
    paving = np.full(3, rng.uniform(.28, .5)) * (1., .98, .94)
    for side in (-1, 1):
        _add_sidewalk(street, side, paving)
        _add_houses(street, side)
        _add_furniture(street, side)
        _add_pedestrians(street, side)
        if street.parked[max(side, 0)]:
            _add_parked_cars(street, side)
    _add_traffic_lights(street)
    lane = _lane_center(street)
    # Left-hand or right-hand traffic.
    drive_side = rng.choice([-1, 1])
    _add_traffic(street, lane, drive_side)
    _add_street_end(street)
    camera = sample_camera(rng, drive_side * lane)
    return street.mesh, camera, sample_light(rng)


def _flat(x_range: tuple[float, float], y_range: tuple[float, float],
          z: float) -> tuple:
    """Return the corners of a horizontal rectangle that faces upwards."""
    (left, right), (near, far) = x_range, y_range
    return ((left, near, z), (right, near, z), (right, far, z),
            (left, far, z))


def _add_ground(street: Street) -> None:
    rng, half = street.rng, street.half_width
    gray = np.full(3, rng.uniform(.1, .26)) * (1, .99, .97)
    street.mesh.quad(
        _flat((-half, half), (Y_BEGIN, Y_END), 0),
        Surface(gray, Material.ASPHALT, Label.ROAD))
    street.mesh.quad(
        _flat((-90, 90), (Y_BEGIN, Y_END + 60), -.03),
        Surface(hsv(.27, .35, .25), Material.GRASS, Label.TREE))


def _add_road_marks(street: Street) -> None:
    """Add a center line, edge lines and a zebra crossing at random."""
    rng, half = street.rng, street.half_width
    white = np.full(3, rng.uniform(.55, .85))

    def mark(x_range: tuple[float, float],
             y_range: tuple[float, float],
             color: Color = white) -> None:
        # Slightly above the road, to avoid z-fighting.
        street.mesh.quad(
            _flat(x_range, y_range, .012),
            Surface(color, Material.PLAIN, Label.ROAD))

    # Two styles of center line, or none.
    style = rng.integers(3)
    if style < 2:
        gap, length = ((9., 2.), (6., 3.))[style]
        for y in np.arange(Y_BEGIN, Y_END, gap):
            mark((-.06, .06), (y, y + length))
    if rng.random() < .5:
        for side in (-1, 1):
            x = side * (half - .3)
            color = YELLOW if rng.random() < .6 else white
            mark((x - .05, x + .05), (Y_BEGIN, Y_END), color)
    if rng.random() < .35:
        y = rng.uniform(6, 30)
        for x in np.arange(-half + .3, half - .4, 1.):
            mark((x, x + .5), (y, y + 3.))


def _add_sidewalk(street: Street, side: int, paving: np.ndarray) -> None:
    """Add a sidewalk with a curb, interrupted by the side roads."""
    mesh = street.mesh
    inner, outer = street.sidewalk(side)
    width, x = abs(outer - inner), (inner + outer) / 2
    stones = Surface(paving, Material.PAVING, Label.SIDEWALK)
    curb = Surface(paving * 1.15, Material.PLAIN, Label.SIDEWALK)
    cuts = [Y_BEGIN, *(y for cut in street.crossings for y in cut), Y_END]
    for begin, end in zip(cuts[::2], cuts[1::2]):
        y, length = (begin + end) / 2, end - begin
        mesh.box((x, y, .06), (width, length, CURB_HEIGHT), stones)
        mesh.box((inner + side * .08, y, .065), (.16, length, .135), curb)
    for crossing in street.crossings:
        mesh.quad(
            _flat(sorted((inner, side * 70.)), crossing, 0.), SIDE_ROAD)


def _add_houses(street: Street, side: int) -> None:
    """Line one side with houses, and gardens in the gaps between."""
    rng = street.rng
    edge = street.sidewalk(side)[1]
    y = Y_BEGIN - rng.uniform(0, 10)
    density = rng.choice([.95, .8, .5], p=[.42, .3, .28])
    setback = rng.choice([0., rng.uniform(1., 5.)], p=[.6, .4])
    while y < Y_END:
        width = rng.uniform(5, 17)
        blocking = [(begin, end) for begin, end in street.crossings
                    if y < end and y + width > begin]
        if blocking:
            begin, end = blocking[0]
            if y >= begin - 4:
                y = end
                continue
            width = begin - y
        if rng.random() < density:
            _add_plot(street, side, edge, setback, y, width)
        else:
            _add_garden(street, side, edge, y, width)
        y += width + (rng.uniform(0, 3) if rng.random() < .3 else 0)


def _add_plot(street: Street, side: int, edge: float, setback: float,
              y: float, width: float) -> None:
    """Add a house and, at random, a fence and a tree in front of it."""
    mesh, rng = street.mesh, street.rng
    add_building(mesh, side, edge + side * (setback + .02), y, y + width)
    if setback > .8 and rng.random() < .8:
        add_fence(mesh, edge + side * .1, y, y + width * .8, side)
    if setback > 2 and rng.random() < .4:
        add_tree(mesh, edge + side * setback * .5, y + width / 2, scale=.6)


def _add_garden(street: Street, side: int, edge: float, y: float,
                width: float) -> None:
    mesh, rng = street.mesh, street.rng
    if rng.random() < .75:
        add_fence(mesh, edge + side * .1, y, y + width, side)
    for _ in range(rng.integers(1, 5)):
        add_tree(
            mesh,
            edge + side * rng.uniform(2, 12),
            y + rng.uniform(0, width),
            scale=1.2)


def _add_furniture(street: Street, side: int) -> None:
    mesh, rng, half = street.mesh, street.rng, street.half_width
    for y in np.arange(rng.uniform(0, 25), Y_END, rng.uniform(18, 35)):
        add_lamp(mesh, side * (half + .45), y, side)
    if rng.random() < .5:
        for y in np.arange(rng.uniform(5, 20), 110, rng.uniform(8, 16)):
            if rng.random() < .9:
                add_tree(mesh, side * (half + .9), y, scale=1.15)
    for _ in range(rng.poisson(4.5)):
        add_road_sign(mesh, side * (half + rng.uniform(.35, .8)),
                      rng.uniform(2.5, 45), -1 if rng.random() < .75 else 1)
    if rng.random() < .5:
        for y in np.arange(
                rng.uniform(3, 15), rng.uniform(20, 60), rng.uniform(1.6, 3)):
            add_bollard(mesh, side * (half + .4), y)
    if rng.random() < .25:
        add_fence(mesh, side * (half + .3), *sorted(rng.uniform(4, 45, 2)),
                  side, 'rail')
    if rng.random() < .4:
        add_litter_bin(mesh, side * (half + .6), rng.uniform(4, 35))


def _add_pedestrians(street: Street, side: int) -> None:
    rng = street.rng
    # At least .6, so that narrow sidewalks have pedestrians as well.
    farthest = max(.6, street.sidewalk_widths[max(side, 0)] - .2)
    for _ in range(rng.poisson(4.5)):
        add_person(street.mesh,
                   side * (street.half_width + rng.uniform(.5, farthest)),
                   3 + 50 * rng.beta(1.1, 1.8),
                   rng.choice([0, math.pi]) + rng.normal(0, .3), CURB_HEIGHT)


def _add_parked_cars(street: Street, side: int) -> None:
    rng = street.rng
    x = side * (street.half_width - 1.)
    along = 0 if side < 0 else math.pi
    y = rng.uniform(4, 14)
    while y < 90:
        if rng.random() < .75:
            yaw = along if rng.random() < .8 else rng.choice([0., math.pi])
            y += add_vehicle(street.mesh, x, y, yaw) + rng.uniform(.6, 2)
        else:
            y += rng.uniform(5, 14)


def _add_traffic_lights(street: Street) -> None:
    for begin, _ in street.crossings:
        if street.rng.random() < .7:
            for side in (-1, 1):
                add_traffic_light(street.mesh, side * (street.half_width + .4),
                                  begin - .6)


def _lane_center(street: Street) -> float:
    """Return the distance of a lane's center from the road's center."""
    half = street.half_width
    # Parked cars narrow the lanes of a wide road.
    if half < 4 or not street.parked.any():
        return half / 2
    return (half - 1.9) / 2 + .1


def _add_traffic(street: Street, lane: float, drive_side: int) -> None:
    """Add moving cars, cyclists and people on the road."""
    mesh, rng, half = street.mesh, street.rng, street.half_width
    cars_per_side = ((drive_side, 0, rng.poisson(1.2)),
                     (-drive_side, math.pi, rng.poisson(1.7)))
    for side, heading, number in cars_per_side:
        y = rng.uniform(7, 22)
        for _ in range(number):
            add_vehicle(mesh, side * lane + rng.normal(0, .15), y,
                        heading + rng.normal(0, .03))
            y += rng.uniform(9, 28)
    from_curb = 2.6 if street.parked.any() else .8
    for _ in range(rng.poisson(1.3)):
        add_cyclist(mesh, rng.choice([-1, 1]) * max(.6, half - from_curb),
                    rng.uniform(3.5, 20),
                    rng.choice([0, math.pi]) + rng.normal(0, .12))
    for _ in range(rng.poisson(.5)):
        add_person(mesh, rng.uniform(-half, half), rng.uniform(7, 35),
                   rng.uniform(0, 6.28))


def _add_street_end(street: Street) -> None:
    """Close the view with trees and houses, each at random."""
    mesh, rng = street.mesh, street.rng
    if rng.random() < .6:
        for _ in range(9):
            add_tree(
                mesh,
                rng.uniform(-40, 40),
                Y_END + rng.uniform(-5, 25),
                scale=1.7)
    if rng.random() < .6:
        x = -45.
        while x < 45:
            width, height = rng.uniform(8, 18), rng.uniform(6, 16)
            color = hsv(rng.uniform(.02, .12), .3, rng.uniform(.2, .6))
            mesh.box((x + width / 2, Y_END + 20, height / 2),
                     (width, 10, height),
                     Surface(color, Material.FACADE, Label.BUILDING))
            x += width
