"""Houses with roofs and shop fronts."""
from dataclasses import dataclass

import numpy as np

from .labels import Label, Material
from .mesh import Color, Mesh, Surface
from .sampling import hsv, pick

WALL_KINDS = ('brick', 'render', 'stone')
ROOF_COLORS = ((.25, .13, .1), (.16, .16, .18), (.3, .28, .26))
CHIMNEY = Surface((.3, .16, .12), Material.BRICK, Label.BUILDING)
EAVES = .35


@dataclass
class House:
    """Extent and color of one house.

    Args:
        side: -1 left and 1 right of the road.
        front: Position of the street front across the street.
        depth: Distance from the front to the back.
        y_begin: Begin of the house along the street.
        y_end: End of the house along the street.
        height: Height of the walls.
        color: Color of the walls.
    """
    side: int
    front: float
    depth: float
    y_begin: float
    y_end: float
    height: float
    color: Color

    @property
    def x_range(self) -> tuple[float, float]:
        """Left and right end of the house across the street."""
        back = self.front + self.side * self.depth
        return min(self.front, back), max(self.front, back)

    @property
    def y_middle(self) -> float:
        """Middle of the house along the street."""
        return (self.y_begin + self.y_end) / 2

    def wall(self, material: Material) -> Surface:
        """Return a wall surface in the color of the house.

        Args:
            material: The texture.

        Returns:
            The surface.
        """
        return Surface(self.color, material, Label.BUILDING)


def add_building(mesh: Mesh, side: int, front: float, y_begin: float,
                 y_end: float) -> None:
    """Add a random house.

    Args:
        mesh: The mesh to add to.
        side: -1 left and 1 right of the road.
        front: Position of the street front across the street.
        y_begin: Begin of the house along the street.
        y_end: End of the house along the street.
    """
    rng = mesh.rng
    height = float(np.clip(rng.gamma(6, 1.7), 5.5, 26))
    depth = rng.uniform(8, 14)
    house = House(side, front, depth, y_begin, y_end, height,
                  _sample_wall_color(rng))
    seed = rng.random()
    is_shop = rng.random() < .45
    _add_walls(mesh, house, is_shop, seed)
    _add_roof(mesh, house)
    if is_shop:
        _add_shop_front(mesh, house)
    # A drain pipe.
    if rng.random() < .3:
        dark = Surface(
            np.array(house.color) * .4, Material.PLAIN, Label.BUILDING)
        mesh.box((front - side * .12, y_begin + .2, height / 2),
                 (.12, .12, height), dark)


def _sample_wall_color(rng: np.random.Generator) -> Color:
    kind = pick(rng, WALL_KINDS)
    # All colors are sampled, so that the kind does not shift the random
    # numbers that follow.
    colors = dict(
        brick=hsv(
            rng.uniform(.01, .08), rng.uniform(.25, .6), rng.uniform(.22, .5)),
        render=hsv(
            rng.uniform(.05, .16), rng.uniform(0, .3), rng.uniform(.5, .85)),
        stone=hsv(.1, rng.uniform(.05, .25), rng.uniform(.35, .65)))
    return colors[kind]


def _add_walls(mesh: Mesh, house: House, is_shop: bool, seed: float) -> None:
    """Add front and side walls; the back wall is never visible."""
    front, height = house.front, house.height
    near, far = house.y_begin, house.y_end
    left, right = house.x_range
    begin, end = (near, far) if house.side < 0 else (far, near)
    mesh.quad(((front, begin, 0), (front, end, 0), (front, end, height),
               (front, begin, height)),
              house.wall(Material.SHOP if is_shop else Material.FACADE), seed)
    windowed = mesh.rng.random() < .4
    mesh.quad(((left, near, 0), (right, near, 0), (right, near, height),
               (left, near, height)),
              house.wall(Material.FACADE if windowed else Material.BRICK),
              seed)
    mesh.quad(((right, far, 0), (left, far, 0), (left, far, height),
               (right, far, height)), house.wall(Material.BRICK), seed)


def _add_roof(mesh: Mesh, house: House) -> None:
    rng = mesh.rng
    tiles = Surface(pick(rng, ROOF_COLORS), Material.ROOF, Label.BUILDING)
    left, right = house.x_range
    middle = (left + right) / 2
    if rng.random() < .55:
        ridge = house.height + rng.uniform(1.5, 3.5)
        _add_gable_roof(mesh, house, tiles, middle, ridge)
        for _ in range(rng.integers(0, 3)):
            mesh.box((middle + rng.uniform(-1, 1),
                      rng.uniform(house.y_begin + .5, house.y_end - .5),
                      ridge), (.6, .9, 1.8), CHIMNEY)
    else:
        edge = Surface(
            np.array(house.color) * .8, Material.PLAIN, Label.BUILDING)
        mesh.box((middle, house.y_middle, house.height + .15),
                 (house.depth + .3, house.y_end - house.y_begin, .5), edge)


def _add_gable_roof(mesh: Mesh, house: House, tiles: Surface, middle: float,
                    ridge: float) -> None:
    left, right = house.x_range
    near, far = house.y_begin - .2, house.y_end + .2
    low = house.height - .1
    mesh.quad(((right + EAVES, near, low), (right + EAVES, far, low),
               (middle, far, ridge), (middle, near, ridge)), tiles)
    mesh.quad(((left - EAVES, far, low), (left - EAVES, near, low),
               (middle, near, ridge), (middle, far, ridge)), tiles)
    for y, facing in ((house.y_begin, -1), (house.y_end, 1)):
        mesh.triangles([(left, y, house.height), (right, y, house.height),
                        (middle, y, ridge)], (0, facing, 0), 0,
                       house.wall(Material.BRICK))


def _add_shop_front(mesh: Mesh, house: House) -> None:
    """Add the beam above the shop window and up to two shop signs."""
    rng = mesh.rng
    near, far = house.y_begin, house.y_end
    color = hsv(rng.random(), rng.uniform(.2, .8), rng.uniform(.1, .7))
    mesh.box((house.front - house.side * .08, house.y_middle, 3.05),
             (.2, (far - near) * .96, .55),
             Surface(color, Material.PLAIN, Label.BUILDING))
    if rng.random() < .65:
        begin = rng.uniform(near + .5, max(near + .6, far - 4))
        width = min(rng.uniform(1.5, 4), far - begin - .2)
        _add_flat_sign(mesh, house, begin, begin + width)
    # A sign that projects over the sidewalk.
    if rng.random() < .5:
        y, z = rng.uniform(near + .5, far - .5), rng.uniform(2.6, 4.2)
        size = (.8, .1, rng.uniform(.5, .9))
        mesh.box((house.front - house.side * .55, y, z), size,
                 _sample_sign_surface(rng, .6))


def _add_flat_sign(mesh: Mesh, house: House, begin: float,
                   end: float) -> None:
    x = house.front - house.side * .2
    if house.side > 0:
        begin, end = end, begin
    mesh.quad(((x, begin, 2.82), (x, end, 2.82), (x, end, 3.28),
               (x, begin, 3.28)), _sample_sign_surface(mesh.rng, .7))


def _sample_sign_surface(rng: np.random.Generator,
                       saturation: float) -> Surface:
    color = hsv(rng.random(), saturation, rng.uniform(.2, .8))
    return Surface(color, Material.BOARD, Label.SIGN)
