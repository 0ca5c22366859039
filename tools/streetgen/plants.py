"""Trees."""
import math

import numpy as np

from .labels import Label, Material
from .mesh import Mesh, Surface
from .placement import Point
from .sampling import hsv, pick

KINDS = ('leafy', 'bare', 'conifer')
KIND_WEIGHTS = (.6, .3, .1)
CONIFER_TIERS = 6


def add_tree(mesh: Mesh, x: float, y: float, scale: float = 1.) -> None:
    """Add a random tree.

    Args:
        mesh: The mesh to add to.
        x: Position across the street.
        y: Position along the street.
        scale: Factor of the height. Defaults to 1.
    """
    rng = mesh.rng
    height = rng.uniform(4, 9) * scale
    gray = .16 * rng.uniform(.6, 1.3)
    bark = Surface((gray * 1.15, gray, gray * .8), Material.PLAIN, Label.TREE)
    kind = pick(rng, KINDS, KIND_WEIGHTS)
    if kind == 'conifer':
        _add_conifer(mesh, x, y, height, bark)
        return
    tip = (x + rng.normal(0, .2), y + rng.normal(0, .2), height * .55)
    mesh.cylinder((x, y, 0), tip, (.1 + .02 * height, .05 + .01 * height),
                  bark,
                  sides=8)
    for _ in range(5):
        direction = np.array(
            [rng.normal(), rng.normal(), rng.uniform(.5, 1.4)])
        fork = np.asarray((x, y, height * rng.uniform(.35, .55)))
        _add_branch(mesh, fork, direction / np.linalg.norm(direction),
                    height * .22, .05 + .005 * height, bark,
                    3 if kind == 'bare' else 1)
    if kind == 'leafy':
        _add_leaves(mesh, x, y, height)


def _add_conifer(mesh: Mesh, x: float, y: float, height: float,
                 bark: Surface) -> None:
    rng = mesh.rng
    green = hsv(.33 + rng.uniform(-.04, .05), .5, rng.uniform(.1, .25))
    needles = Surface(green, Material.FOLIAGE, Label.TREE)
    mesh.cylinder((x, y, 0), (x, y, height), (.14, .05), bark)
    for tier in range(CONIFER_TIERS):
        low = height * (.12 + .15 * tier)
        mesh.cylinder((x, y, low), (x, y, low + height * .26),
                      (height * .17 * (1 - tier / 7), .02),
                      needles,
                      sides=11)


def _add_branch(mesh: Mesh, begin: Point, direction: np.ndarray,
                length: float, radius: float, bark: Surface,
                depth: int) -> None:
    """Add a branch and, recursively, three smaller branches at its end."""
    end = np.asarray(begin) + direction * length
    mesh.cylinder(begin, end, (radius, radius * .6), bark, sides=4)
    if not depth:
        return
    for _ in range(3):
        # Twigs grow upwards.
        turned = direction + mesh.rng.normal(0, .55, 3) + (0, 0, .15)
        _add_branch(mesh, end, turned / np.linalg.norm(turned), length * .68,
                    radius * .55, bark, depth - 1)


def _add_leaves(mesh: Mesh, x: float, y: float, height: float) -> None:
    rng = mesh.rng
    green = hsv(
        rng.uniform(.17, .36), rng.uniform(.35, .7), rng.uniform(.14, .4))
    for _ in range(rng.integers(5, 10)):
        angle = rng.uniform(0, 6.28)
        distance = rng.uniform(0, .22) * height
        radius = height * rng.uniform(.13, .22)
        center = (x + distance * math.cos(angle),
                  y + distance * math.sin(angle),
                  height * rng.uniform(.55, .92))
        color = np.clip(np.array(green) * rng.uniform(.8, 1.25), 0, 1)
        mesh.ball(center, (radius, radius, radius * .8),
                  Surface(color, Material.FOLIAGE, Label.TREE), (10, 7), .35)
