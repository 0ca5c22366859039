"""Cars, vans, buses and trucks."""
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .labels import Label, Material
from .mesh import Color, Mesh, Surface
from .placement import Placement
from .sampling import pick

KINDS = ('hatch', 'saloon', 'suv', 'van', 'bus', 'truck')
KIND_WEIGHTS = (.34, .28, .18, .1, .05, .05)
# Length, width, height in meters.
CAR_SIZES = dict(
    hatch=(3.9, 1.7, 1.45), saloon=(4.5, 1.78, 1.42), suv=(4.5, 1.85, 1.72))
GROUND_CLEARANCE = .22

PAINTS = ((.75, .76, .78), (.12, .12, .13), (.85, .85, .85), (.45, .05, .06),
          (.08, .14, .35), (.35, .37, .4), (.1, .3, .2), (.6, .5, .1),
          (.2, .4, .6))
BUS_PAINTS = ((.6, .05, .05), (.1, .35, .15), (.85, .85, .82), (.1, .2, .5))
CARGO_PAINTS = ((.8, .8, .78), (.5, .45, .3), (.2, .3, .45))

GLASS = Surface((.03, .035, .045), Material.GLASS, Label.CAR)
TIRE = Surface((.02, .02, .02), Material.PLAIN, Label.CAR)
HUB = Surface((.45, .45, .47), Material.GLOSS, Label.CAR)
# Surface, fraction of the wheel radius, extent inwards and outwards from the
# side of the vehicle, number of faces around.
WHEEL_PARTS = ((TIRE, 1., .2, .01, 10), (HUB, .55, .1, .02, 8))
TAIL_LIGHT = Surface((.5, .02, .02), Material.PLAIN, Label.CAR)
HEAD_LIGHT = Surface((.85, .85, .8), Material.PLAIN, Label.CAR)
NUMBER_PLATE = Surface((.8, .7, .1), Material.PLAIN, Label.CAR)


class Chassis(NamedTuple):
    """Measures of a vehicle for its wheels and lights.

    Args:
        length: Length of the vehicle.
        width: Width of the vehicle.
        axles: Distance of each axle ahead of the middle.
        wheel_radius: Radius of the wheels.
        light_height: Height of the lights above the ground.
    """
    length: float
    width: float
    axles: tuple[float, ...]
    wheel_radius: float
    light_height: float


def add_vehicle(mesh: Mesh, x: float, y: float, yaw: float) -> float:
    """Add a random vehicle.

    Args:
        mesh: The mesh to add to.
        x: Position across the street.
        y: Position along the street.
        yaw: Heading.

    Returns:
        The length of the vehicle.
    """
    kind = pick(mesh.rng, KINDS, KIND_WEIGHTS)
    paint = pick(mesh.rng, PAINTS)
    placement = Placement((x, y, 0.), yaw)
    if kind in CAR_SIZES:
        chassis = _add_car_body(mesh, placement, paint, kind)
    else:
        chassis = BODIES[kind](mesh, placement, paint)
    _add_wheels(mesh, placement, chassis)
    _add_lights(mesh, placement, chassis)
    return chassis.length


def _painted(paint: Color) -> Surface:
    return Surface(paint, Material.GLOSS, Label.CAR)


def _add_car_body(mesh: Mesh, placement: Placement, paint: Color,
                  kind: str) -> Chassis:
    length, width, height = CAR_SIZES[kind]
    length *= mesh.rng.uniform(.95, 1.06)
    half = length / 2
    belt = height * .58
    low = GROUND_CLEARANCE
    saloon = kind == 'saloon'
    # A saloon has a trunk, so its rear window begins further ahead.
    rear = -half + (.75 if saloon else .1)
    body = [(-half, low + .12), (-half + .1, low), (half - .12, low),
            (half, low + .15), (half - .03, belt * .82), (half - 1.05, belt),
            (-half + .05, belt * 1.02), (-half, belt * .8)]
    windows = [(half - 1.1, belt - .02), (half - 1.85, height - .02),
               (rear + (.6 if saloon else .45), height), (rear, belt - .02)]
    roof = [(half - 1.83, height - .015), (half - 1.9, height + .03),
            (rear + .5, height + .04), (rear + .44, height - .01)]
    mesh.prism(body, width, placement, _painted(paint))
    mesh.prism(windows, width - .06, placement, GLASS, inset=.16)
    mesh.prism(roof, width - .32, placement, _painted(paint))
    return Chassis(length, width, (half - .75, -half + .75), .31, .75)


def _add_van_body(mesh: Mesh, placement: Placement, paint: Color) -> Chassis:
    length, width, height = 5., 1.95, 2.3
    half = length / 2
    body = [(-half, .3), (half - .1, .3), (half, .9), (half - .7, 1.1),
            (half - 1.2, height), (-half, height)]
    front_window = [(half - .66, 1.12), (half - 1.1, height - .2),
                    (half - 1.9, height - .2), (half - 1.9, 1.12)]
    rear_window = [(-half - .02, 1.3), (-half + .05, 1.3),
                   (-half + .05, height - .3), (-half - .02, height - .3)]
    mesh.prism(body, width, placement, _painted(paint))
    mesh.prism(front_window, width + .02, placement, GLASS)
    mesh.prism(rear_window, width * .7, placement, GLASS)
    return Chassis(length, width, (half - .9, -half + .9), .34, .75)


def _add_bus_body(mesh: Mesh, placement: Placement, paint: Color) -> Chassis:
    # A bus has the color of its operator; the sampled paint is unused.
    del paint
    length, width, height = 9.5, 2.5, pick(mesh.rng, (3., 4.3))
    half = length / 2
    body = [(-half, .35), (half, .35), (half, height), (-half, height)]
    mesh.prism(body, width, placement, _painted(pick(mesh.rng, BUS_PAINTS)))
    for sill in np.arange(1.3, height - .8, 1.9):
        windows = [(-half - .02, sill), (half + .02, sill),
                   (half + .02, sill + .85), (-half - .02, sill + .85)]
        mesh.prism(windows, width + .03, placement, GLASS)
    return Chassis(length, width, (half - 1.6, -half + 2.), .48, 1.)


def _add_truck_body(mesh: Mesh, placement: Placement,
                    paint: Color) -> Chassis:
    length, width, height = 7., 2.4, 3.2
    half = length / 2
    cargo = [(-half, .7), (half - 2., .7), (half - 2., height),
             (-half, height)]
    cab = [(half - 1.9, .4), (half, .4), (half, 1.3), (half - .2, 2.5),
           (half - 1.9, 2.5)]
    window = [(half + .01, 1.35), (half - .16, 2.3), (half - .9, 2.3),
              (half - .9, 1.35)]
    mesh.prism(cargo, width, placement,
               _painted(pick(mesh.rng, CARGO_PAINTS)))
    mesh.prism(cab, width - .1, placement, _painted(paint))
    mesh.prism(window, width - .06, placement, GLASS)
    return Chassis(length, width, (half - .9, -half + 1.2), .46, 1.)


BODIES: dict[str, Callable[[Mesh, Placement, Color], Chassis]] = dict(
    van=_add_van_body, bus=_add_bus_body, truck=_add_truck_body)


def _add_wheels(mesh: Mesh, placement: Placement, chassis: Chassis) -> None:
    radius, half_width = chassis.wheel_radius, chassis.width / 2
    for axle in chassis.axles:
        for side in (-1, 1):
            for surface, scale, inner, outer, faces in WHEEL_PARTS:
                mesh.cylinder(
                    placement.at(side * (half_width - inner), axle, radius),
                    placement.at(side * (half_width + outer), axle, radius),
                    (radius * scale, radius * scale),
                    surface,
                    sides=faces,
                    caps=True)


def _add_lights(mesh: Mesh, placement: Placement, chassis: Chassis) -> None:
    half, half_width = chassis.length / 2, chassis.width / 2
    height = chassis.light_height
    for side in (-1, 1):
        mesh.box(
            placement.at(side * (half_width - .2), -half, height),
            (.28, .08, .2), TAIL_LIGHT, placement.yaw)
        mesh.box(
            placement.at(side * (half_width - .25), half - .02, height - .08),
            (.34, .1, .16), HEAD_LIGHT, placement.yaw)
    mesh.box(
        placement.at(0, -half - .01, .5), (.5, .04, .12), NUMBER_PLATE,
        placement.yaw)
