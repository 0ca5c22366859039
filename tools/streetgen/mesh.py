"""Triangles of a scene and the basic bodies built from them.

Lengths are meters, angles radians. x points right, y along the street away
from the camera, z up.

Every body samples a seed for its texture from the random generator of the
scene. The order of the random numbers determines the output: changing it
changes every frame.
"""
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .labels import Label, Material
from .placement import Placement, Point

Color = Sequence[float]

# Floats per vertex: position 3, normal 3, texture coordinates 2, color 3,
# material, label, seed.
VERTEX_SIZE = 14


class Surface(NamedTuple):
    """Appearance and label of a body.

    Args:
        color: RGB in 0..1.
        material: The texture.
        label: The class.
    """
    color: Color
    material: Material
    label: Label


class Mesh:
    """Triangles without shared vertices.

    Args:
        rng: The random generator of the scene, also used by the functions
            that add bodies.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.parts = []

    def triangles(self,
                  points: np.ndarray | Sequence[Point],
                  normals: np.ndarray | Point,
                  uv: np.ndarray | float,
                  surface: Surface,
                  seed: float | None = None) -> None:
        """Add triangles.

        Args:
            points: Corners of shape (3 N, 3), three per triangle.
            normals: A common normal, or normals of shape (3 N, 3).
            uv: Texture coordinates of shape (3 N, 2), or a single number.
            surface: Color, material and label.
            seed: Texture seed in 0..1. Defaults to a random seed.
        """
        points = np.asarray(points, np.float32)
        part = np.empty((len(points), VERTEX_SIZE), np.float32)
        part[:, :3], part[:, 3:6], part[:, 6:8] = points, normals, uv
        part[:, 8:11] = surface.color
        part[:, 11], part[:, 12] = surface.material, surface.label
        part[:, 13] = self.rng.random() if seed is None else seed
        self.parts.append(part)

    def quad(self,
             corners: Sequence[Point],
             surface: Surface,
             seed: float | None = None) -> None:
        """Add a flat four-sided face with texture coordinates in meters.

        Args:
            corners: Four points, counter-clockwise seen from the front.
                The first is the origin of the texture.
            surface: Color, material and label.
            seed: Texture seed in 0..1. Defaults to a random seed.
        """
        a, b, c, d = (np.asarray(corner, np.float32) for corner in corners)
        normal = np.cross(b - a, d - a)
        normal = normal / (np.linalg.norm(normal) + 1e-9)
        u, v = np.linalg.norm(b - a), np.linalg.norm(d - a)
        uv = np.array([[0, 0], [u, 0], [u, v], [0, 0], [u, v], [0, v]],
                      np.float32)
        self.triangles([a, b, c, a, c, d], normal, uv, surface, seed)

    def box(self,
            center: Point,
            size: Sequence[float],
            surface: Surface,
            yaw: float = 0.,
            seed: float | None = None,
            bottom: bool = False) -> None:
        """Add an upright box.

        Args:
            center: Center (x, y, z).
            size: Lengths along right, forward and up.
            surface: Color, material and label.
            yaw: Heading. Defaults to 0.
            seed: Texture seed in 0..1. Defaults to a random seed.
            bottom: Whether it has a lower face. Defaults to False, for boxes
                that stand on the ground.
        """
        x, y, z = (length / 2 for length in size)
        at = Placement(center, yaw).at
        seed = self.rng.random() if seed is None else seed
        rim = [(-x, -y), (x, -y), (x, y), (-x, y)]
        for begin, end in zip(rim, rim[1:] + rim[:1]):
            self.quad((at(*begin, -z), at(*end, -z), at(*end, z),
                       at(*begin, z)), surface, seed)
        self.quad([at(*corner, z) for corner in rim], surface, seed)
        if bottom:
            self.quad([at(*corner, -z) for corner in reversed(rim)], surface,
                      seed)

    def cylinder(self,
                 start: Point,
                 end: Point,
                 radii: tuple[float, float],
                 surface: Surface,
                 sides: int = 7,
                 caps: bool = False) -> None:
        """Add a cylinder or cone.

        Args:
            start: Center of the first end.
            end: Center of the other end.
            radii: Radius at ``start`` and at ``end``.
            surface: Color, material and label.
            sides: Number of faces around. Defaults to 7.
            caps: Whether the ends are closed. Defaults to False.
        """
        start = np.asarray(start, np.float64)
        end = np.asarray(end, np.float64)
        axis = end - start
        length = np.linalg.norm(axis) + 1e-9
        axis /= length
        angles = np.linspace(0, 2 * np.pi, sides + 1)
        outward = _circle(axis, angles)
        rims = [start + radii[0] * outward, end + radii[1] * outward]
        around = angles * radii[0]
        uv_start = np.stack([around, np.zeros(sides + 1)], 1)
        uv_end = np.stack([around, np.full(sides + 1, length)], 1)
        self.triangles(
            _strip(*rims), _strip(outward, outward), _strip(uv_start, uv_end),
            surface)
        if caps:
            for middle, rim, sign in ((start, rims[0], -1), (end, rims[1], 1)):
                middles = np.broadcast_to(middle, (sides, 3))
                fan = np.stack([middles, rim[:-1], rim[1:]], 1)
                self.triangles(fan.reshape(-1, 3), sign * axis, 0, surface)

    def ball(self,
             center: Point,
             radius: float | Sequence[float],
             surface: Surface,
             rings: tuple[int, int] = (9, 6),
             bump: float = 0.) -> None:
        """Add an ellipsoid.

        Args:
            center: Center of the ellipsoid.
            radius: A common radius, or a radius for each axis.
            surface: Color, material and label.
            rings: Number of faces around and from pole to pole. Defaults to
                (9, 6).
            bump: Random displacement relative to the radius. Defaults to 0.
        """
        longitude, latitude = np.meshgrid(
            np.linspace(0, 2 * np.pi, rings[0] + 1),
            np.linspace(-np.pi / 2, np.pi / 2, rings[1] + 1))
        outward = np.stack([
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude)
        ], -1)
        scale = 1 + bump * (self.rng.random(longitude.shape + (1, )) - .5)
        # Close the seam and the poles.
        scale[:, -1] = scale[:, 0]
        scale[0], scale[-1] = scale[0, 0], scale[-1, 0]
        points = np.asarray(center) + outward * scale * np.asarray(radius)
        self.triangles(
            _grid(points), _grid(outward),
            _grid(np.stack([longitude, latitude], -1)), surface)

    def ring(self,
             center: Point,
             radius: float,
             thickness: float,
             yaw: float,
             surface: Surface,
             sides: int = 14) -> None:
        """Add an upright ring such as a tire.

        Args:
            center: Center of the ring.
            radius: Distance from the center to the tube.
            thickness: Radius of the tube.
            yaw: Direction of the plane of the ring; 0 is along x.
            surface: Color, material and label.
            sides: Number of segments. Defaults to 14.
        """
        angles = np.linspace(0, 2 * np.pi, sides + 1)
        level = np.array([math.cos(yaw), math.sin(yaw), 0.])
        up = np.array([0, 0, 1.])
        points = np.asarray(center) + radius * (
            np.cos(angles)[:, None] * level + np.sin(angles)[:, None] * up)
        for begin, end in zip(points[:-1], points[1:]):
            self.cylinder(
                begin, end, (thickness, thickness), surface, sides=4)

    def prism(self,
              profile: Sequence[tuple[float, float]],
              width: float,
              placement: Placement,
              surface: Surface,
              inset: float = 0.) -> None:
        """Add a side profile extruded over a width, such as a car body.

        Args:
            profile: Points (forward, up), counter-clockwise.
            width: Extent from left to right at the lowest point.
            placement: Position and heading.
            surface: Color, material and label.
            inset: Inward offset of each side at the highest point. Defaults
                to 0.
        """
        profile = np.asarray(profile, float)
        seed = self.rng.random()
        half_width = _leaning_half_width(profile, width, inset)

        def corner(point: Point, side: int) -> Point:
            return placement.at(side * half_width(point[1]), *point)

        edges = list(zip(profile, np.roll(profile, -1, axis=0)))
        for begin, end in edges:
            self.quad((corner(begin, -1), corner(begin, 1), corner(end, 1),
                       corner(end, -1)), surface, seed)
        middle = profile.mean(0)
        for side in (-1, 1):
            normal = np.array([
                placement.cos * side, placement.sin * side, .15 if inset else 0
            ])
            points = [
                corner(point, side) for begin, end in edges
                for point in (middle, begin, end)
            ]
            self.triangles(points, normal / np.linalg.norm(normal), 0, surface,
                           seed)

    def data(self) -> np.ndarray:
        """Join all triangles.

        Returns:
            Vertices of shape (N, 14), float32.
        """
        return np.concatenate(self.parts).astype('f4')


def _circle(axis: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Return unit vectors (N, 3) at given angles around an axis."""
    helper = np.array([1., 0, 0]) if abs(axis[0]) < .9 else np.array(
        [0., 1, 0])
    first = np.cross(axis, helper)
    first /= np.linalg.norm(first)
    second = np.cross(axis, first)
    return np.cos(angles)[:, None] * first + np.sin(angles)[:, None] * second


def _strip(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Connect two rows of N + 1 vertices by faces of 6 N vertices."""
    faces = [lower[:-1], lower[1:], upper[1:],
             lower[:-1], upper[1:], upper[:-1]]  # yapf: disable
    return np.stack(faces, 1).reshape(-1, lower.shape[-1])


def _grid(values: np.ndarray) -> np.ndarray:
    """Connect a grid (M + 1, N + 1, C) of vertices by 6 M N vertices."""
    a, b = values[:-1, :-1], values[:-1, 1:]
    c, d = values[1:, 1:], values[1:, :-1]
    return np.stack([a, b, c, a, c, d], 2).reshape(-1, values.shape[-1])


def _leaning_half_width(profile: np.ndarray, width: float,
                        inset: float) -> Callable[[float], float]:
    """Return half the width of a prism as a function of the height."""
    bottom, top = profile[:, 1].min(), profile[:, 1].max()
    span = max(top - bottom, 1e-6)
    return lambda up: width / 2 - inset * max(0., up - bottom) / span
