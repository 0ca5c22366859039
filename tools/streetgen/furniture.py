"""Lamps, traffic lights, road signs, fences and other street furniture.

``facing`` is -1 towards the camera and 1 away from it; ``side`` is -1 left and
1 right of the road.
"""
import numpy as np

from .labels import Label, Material
from .mesh import Mesh, Surface
from .placement import Point
from .sampling import hsv, pick

LAMP_COLORS = ((.3, .32, .33), (.08, .1, .1), (.55, .56, .55), (.12, .2, .15))
LAMP_GLOBE = Surface((.8, .8, .75), Material.PLAIN, Label.POLE)
LIGHT_POLE = Surface((.2, .2, .2), Material.PLAIN, Label.POLE)
LIGHT_CASE = Surface((.02, .02, .02), Material.PLAIN, Label.SIGN)
LIGHT_COLORS = ((.9, .05, .03), (.9, .6, .05), (.05, .8, .3))
SIGN_POLE = Surface((.45, .45, .46), Material.PLAIN, Label.POLE)
SIGN_COLORS = ((.7, .03, .03), (.05, .15, .6), (.85, .85, .85),
               (.05, .35, .15), (.85, .6, .05))
SIGN_CENTER = (.85, .85, .83)
SIGN_SHAPES = ('round', 'triangle', 'board')
BOLLARD = Surface((.05, .05, .05), Material.PLAIN, Label.POLE)
LITTER_BIN = Surface((.05, .08, .06), Material.PLAIN, Label.IGNORE)
FENCE_KINDS = ('bars', 'planks', 'hedge', 'rail')
FENCE_WEIGHTS = (.4, .25, .2, .15)
FENCE_COLORS = ((.05, .05, .06), (.5, .5, .5), (.1, .25, .2))
RAIL_COLOR = (.55, .56, .56)


def add_lamp(mesh: Mesh, x: float, y: float, side: int) -> None:
    """Add a street lamp.

    Args:
        mesh: The mesh to add to.
        x: Position across the street.
        y: Position along the street.
        side: Side of the road.
    """
    rng = mesh.rng
    height = rng.uniform(5, 9)
    metal = Surface(pick(rng, LAMP_COLORS), Material.PLAIN, Label.POLE)
    mesh.cylinder((x, y, 0), (x, y, 1.1), (.1, .09), metal, sides=8)
    mesh.cylinder((x, y, 1.1), (x, y, height), (.065, .045), metal, sides=6)
    if rng.random() < .7:
        head = (x - side * rng.uniform(.8, 2.), y, height + .35)
        mesh.cylinder((x, y, height), head, (.045, .035), metal, sides=5)
        mesh.box(head, (.6, .2, .12), metal, bottom=True)
    else:
        mesh.ball((x, y, height + .15), .22, LAMP_GLOBE, (8, 6))


def add_traffic_light(mesh: Mesh, x: float, y: float) -> None:
    """Add a traffic light that faces the camera.

    Args:
        mesh: The mesh to add to.
        x: Position across the street.
        y: Position along the street.
    """
    mesh.cylinder((x, y, 0), (x, y, 3.), (.06, .05), LIGHT_POLE, sides=6)
    mesh.box((x, y, 2.75), (.32, .28, .95), LIGHT_CASE)
    lit = mesh.rng.integers(3)
    for i, color in enumerate(LIGHT_COLORS):
        color = np.array(color) * (1. if i == lit else .15)
        mesh.ball((x, y - .15, 3.03 - .28 * i), (.1, .06, .1),
                  Surface(color, Material.PLAIN, Label.SIGN), (7, 5))


def add_road_sign(mesh: Mesh, x: float, y: float, facing: int) -> None:
    """Add a round, triangular or text road sign on a pole.

    Args:
        mesh: The mesh to add to.
        x: Position across the street.
        y: Position along the street.
        facing: Direction of the front.
    """
    rng = mesh.rng
    height = rng.uniform(2., 2.9)
    mesh.cylinder((x, y, 0), (x, y, height + .3), (.04, .04),
                  SIGN_POLE,
                  sides=6)
    color = pick(rng, SIGN_COLORS)
    center = (x, y + facing * .05, height)
    shape = SIGN_SHAPES[rng.integers(3)]
    radius = rng.uniform(.28, .42)
    if shape == 'board':
        size = (rng.uniform(.4, 1.3), rng.uniform(.4, .9))
        _add_text_board(mesh, center, size, facing,
                           Surface(color, Material.BOARD, Label.SIGN))
        return
    corners = 14 if shape == 'round' else 3
    # A colored rim, with a smaller light plate slightly in front of it.
    plates = ((radius, 0, color), (radius * .72, .012, SIGN_CENTER))
    for size, offset, tint in plates:
        middle = (x, center[1] + facing * offset, height)
        _add_disc(mesh, middle, size, corners, facing,
                  Surface(tint, Material.PLAIN, Label.SIGN))


def _add_text_board(mesh: Mesh, center: Point, size: tuple[float, float],
                       facing: int, surface: Surface) -> None:
    x, y, z = center
    left, right = x - size[0] / 2, x + size[0] / 2
    low, high = z - size[1] / 2, z + size[1] / 2
    if facing > 0:
        left, right = right, left
    mesh.quad(((left, y, low), (right, y, low), (right, y, high),
               (left, y, high)), surface)


def _add_disc(mesh: Mesh, center: Point, radius: float, corners: int,
              facing: int, surface: Surface) -> None:
    angles = np.linspace(0, 2 * np.pi, corners + 1) + np.pi / 2
    x, y, z = center
    rim = np.stack([
        x + radius * np.cos(angles),
        np.full(corners + 1, y), z + radius * np.sin(angles)
    ], 1)
    middles = np.broadcast_to(center, (corners, 3))
    fan = np.stack([middles, rim[:-1], rim[1:]], 1)
    mesh.triangles(fan.reshape(-1, 3), (0, facing, 0), 0, surface)


def add_fence(mesh: Mesh,
              x: float,
              y_begin: float,
              y_end: float,
              side: int,
              kind: str | None = None) -> None:
    """Add a fence, railing or hedge along the street.

    Args:
        mesh: The mesh to add to.
        x: Position across the street.
        y_begin: Begin of the fence along the street.
        y_end: End of the fence along the street.
        side: Side of the road.
        kind: 'bars', 'planks', 'hedge' or 'rail'. Defaults to a random kind.
    """
    rng = mesh.rng
    kind = kind or pick(rng, FENCE_KINDS, FENCE_WEIGHTS)
    height = rng.uniform(.9, 1.9)
    if kind == 'hedge':
        green = hsv(.3, .5, rng.uniform(.1, .25))
        mesh.box((x, (y_begin + y_end) / 2, height / 2),
                 (.7, y_end - y_begin, height),
                 Surface(green, Material.GRASS, Label.TREE))
        return
    # All colors are sampled, so that the kind does not shift the random
    # numbers that follow.
    colors = dict(
        bars=pick(rng, FENCE_COLORS),
        planks=hsv(.08, .4, rng.uniform(.15, .45)),
        rail=RAIL_COLOR)
    material = Material.PLAIN if kind == 'planks' else Material.BARS
    surface = Surface(colors[kind], material, Label.FENCE)
    height = 1. if kind == 'rail' else height
    near, far = (y_begin, y_end) if side < 0 else (y_end, y_begin)
    back = x + .02
    mesh.quad(((x, far, .05), (x, near, .05), (x, near, height),
               (x, far, height)), surface)
    mesh.quad(((back, near, .05), (back, far, .05), (back, far, height),
               (back, near, height)), surface)


def add_bollard(mesh: Mesh, x: float, y: float) -> None:
    """Add a bollard.

    Args:
        mesh: The mesh to add to.
        x: Position across the street.
        y: Position along the street.
    """
    mesh.cylinder((x, y, 0), (x, y, .95), (.07, .06), BOLLARD, caps=True)


def add_litter_bin(mesh: Mesh, x: float, y: float) -> None:
    """Add a litter bin, the only object without a class.

    Args:
        mesh: The mesh to add to.
        x: Position across the street.
        y: Position along the street.
    """
    mesh.cylinder((x, y, 0), (x, y, 1.), (.28, .3),
                  LITTER_BIN,
                  sides=9,
                  caps=True)
