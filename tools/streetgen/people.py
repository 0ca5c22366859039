"""Pedestrians and cyclists."""
import math
from dataclasses import dataclass

import numpy as np

from .labels import Label, Material
from .mesh import Color, Mesh, Surface
from .placement import Placement
from .sampling import hsv, pick

SKINS = ((.75, .55, .43), (.6, .42, .3), (.35, .22, .15), (.82, .64, .52))
HAIR = ((.05, .04, .03), (.2, .12, .06), (.5, .38, .2), (.35, .35, .35))
SHOES = (.03, .03, .03)

# Tubes of a bicycle: pairs of points (forward, up).
BICYCLE_FRAME = (((-.52, .34), (0, .36)), ((0, .36), (.42, .85)),
                 ((-.15, .85), (.42, .85)), ((0, .36), (-.17, .95)),
                 ((-.52, .34), (-.15, .85)), ((.52, .34), (.4, 1.02)))
SADDLE_FORWARD = -.18
# Forward offset of the shoulders of a rider.
RIDER_LEAN = .32


@dataclass
class Figure:
    """Measures and colors of one person.

    Args:
        placement: Position of the feet and heading of the person.
        label: Pedestrian or bicyclist.
        riding: Whether the person sits on a bicycle.
        height: Body height.
        skin: Color of face and hands.
        top: Color of the upper clothes.
        trousers: Color of the lower clothes.
        hair: Color of the hair.
        stride: Distance from the hip to each foot while walking.
    """
    placement: Placement
    label: Label
    riding: bool
    height: float
    skin: Color
    top: Color
    trousers: Color
    hair: Color
    stride: float

    @property
    def hip(self) -> float:
        """Height of the hips."""
        return .52 * self.height

    @property
    def shoulder(self) -> float:
        """Height of the shoulders."""
        return .82 * self.height

    @property
    def lean(self) -> float:
        """Distance of the shoulders ahead of the hips."""
        return RIDER_LEAN if self.riding else 0.

    def surface(self, color: Color) -> Surface:
        """Return the surface of cloth, skin or hair.

        Args:
            color: The color.

        Returns:
            A plain surface with the label of the person.
        """
        return Surface(color, Material.PLAIN, self.label)


def sample_figure(rng: np.random.Generator, placement: Placement, label: Label,
                riding: bool) -> Figure:
    """Sample a random person.

    Args:
        rng: The random generator.
        placement: Position of the feet and heading of the person.
        label: Pedestrian or bicyclist.
        riding: Whether the person sits on a bicycle.

    Returns:
        The person.
    """
    return Figure(
        placement,
        label,
        riding,
        height=rng.normal(1.72, .09),
        skin=pick(rng, SKINS),
        top=hsv(rng.random(), rng.uniform(0, .7), rng.uniform(.04, .7)),
        trousers=hsv(
            rng.uniform(.5, .7), rng.uniform(0, .5), rng.uniform(.03, .3)),
        hair=pick(rng, HAIR),
        stride=rng.uniform(.05, .3))


def add_person(mesh: Mesh,
               x: float,
               y: float,
               yaw: float,
               ground: float = 0.,
               label: Label = Label.PEDESTRIAN,
               riding: bool = False) -> None:
    """Add a random person.

    Args:
        mesh: The mesh to add to.
        x: Position across the street.
        y: Position along the street.
        yaw: Heading.
        ground: Height of the ground. Defaults to 0.
        label: Pedestrian or bicyclist. Defaults to pedestrian.
        riding: Whether the person sits on a bicycle. Defaults to False.
    """
    figure = sample_figure(mesh.rng, Placement((x, y, ground), yaw), label,
                         riding)
    for side in (-1, 1):
        _add_leg(mesh, figure, side)
        _add_arm(mesh, figure, side)
    _add_torso(mesh, figure)
    _add_head(mesh, figure)


def add_cyclist(mesh: Mesh, x: float, y: float, yaw: float) -> None:
    """Add a bicycle with a rider.

    Args:
        mesh: The mesh to add to.
        x: Position across the street.
        y: Position along the street.
        yaw: Heading.
    """
    placement = Placement((x, y, 0.), yaw)
    label = Label.BICYCLIST
    black = Surface((.03, .03, .03), Material.PLAIN, label)
    handlebar = Surface((.05, .05, .05), Material.PLAIN, label)
    frame = Surface(hsv(mesh.rng.random(), .7, .35), Material.GLOSS, label)
    for forward in (-.52, .52):
        mesh.ring(
            placement.at(0, forward, .34), .33, .02, yaw + math.pi / 2, black)
    for begin, end in BICYCLE_FRAME:
        mesh.cylinder(
            placement.at(0, *begin),
            placement.at(0, *end), (.022, .022),
            frame,
            sides=5)
    mesh.box(placement.at(0, SADDLE_FORWARD, .97), (.16, .26, .06), black, yaw)
    steering = placement.at(0, .38, 1.03)
    mesh.cylinder(
        placement.shift(steering, right=-.28),
        placement.shift(steering, right=.28), (.018, .018),
        handlebar,
        sides=5)
    seat_x, seat_y, _ = placement.at(0, SADDLE_FORWARD)
    add_person(mesh, seat_x, seat_y, yaw, .08, label, riding=True)


def _add_leg(mesh: Mesh, figure: Figure, side: int) -> None:
    at = figure.placement.at
    if figure.riding:
        # The pedals are at opposite positions.
        knee = at(side * .1, .28 + .1 * side, figure.hip - .2 + .12 * side)
        foot = at(side * .1, .1 + .15 * side, .2 + .14 * side)
    else:
        step = side * figure.stride
        knee = at(side * .09, step * .6, .27 * figure.height)
        foot = at(side * .09, step * .9 if side > 0 else step, .03)
    trousers = figure.surface(figure.trousers)
    mesh.cylinder(
        at(side * .08, 0, figure.hip), knee, (.085, .065), trousers, sides=6)
    mesh.cylinder(knee, foot, (.065, .045), trousers, sides=6)
    mesh.ball(
        figure.placement.shift(foot, forward=.06, up=.01), (.06, .1, .05),
        figure.surface(SHOES), (6, 4))


def _add_arm(mesh: Mesh, figure: Figure, side: int) -> None:
    at = figure.placement.at
    if figure.riding:
        hand = at(side * .2, .55, figure.hip + .1)
        elbow = at(side * .27, .3 + figure.lean * .3, figure.hip + .25)
    else:
        # Arms swing opposite to the legs.
        swing = -side * figure.stride
        hand = at(side * .26, swing * .7, .5 * figure.height)
        elbow = at(side * .25, swing * .3, .64 * figure.height)
    sleeve = figure.surface(figure.top)
    mesh.cylinder(
        at(side * .19, figure.lean, figure.shoulder),
        elbow, (.055, .048),
        sleeve,
        sides=6)
    mesh.cylinder(elbow, hand, (.045, .035), sleeve, sides=6)
    mesh.ball(hand, .045, figure.surface(figure.skin), (5, 4))


def _add_torso(mesh: Mesh, figure: Figure) -> None:
    rng, at = mesh.rng, figure.placement.at
    hip, top = figure.hip, figure.surface(figure.top)
    shoulders = at(0, figure.lean, figure.shoulder)
    mesh.cylinder(at(0, 0, hip - .05), shoulders, (.17, .2), top, sides=9)
    mesh.ball(shoulders, (.22, .2, .1), top, (8, 5))
    # A skirt or coat.
    if rng.random() < .4 and not figure.riding:
        hem = at(0, 0, hip - .28 * rng.random())
        mesh.cylinder(hem, at(0, 0, hip + .1), (.23, .2), top, sides=9)
    # A bag on the back.
    if rng.random() < .35:
        mesh.ball(
            at(0, -.2 + figure.lean, figure.shoulder - .22), (.15, .12, .22),
            figure.surface(hsv(rng.random(), .6, .3)), (7, 5))


def _add_head(mesh: Mesh, figure: Figure) -> None:
    height = figure.shoulder + .2 if figure.riding else .93 * figure.height
    head = figure.placement.at(0, figure.lean * 1.3, height)
    mesh.ball(head, (.095, .105, .125), figure.surface(figure.skin), (8, 6))
    mesh.ball(
        figure.placement.shift(head, forward=-.02, up=.03),
        (.105, .11, .115), figure.surface(figure.hair), (8, 6))
