"""Positions relative to a body with a position and a heading."""
import math
from collections.abc import Sequence

Point = Sequence[float]


class Placement:
    """A position and a heading, for bodies that consist of parts.

    Args:
        origin: Origin (x, y, z) of the parts.
        yaw: Rotation about the z axis; at 0 the body faces along y.
    """

    def __init__(self, origin: Point, yaw: float) -> None:
        self.origin = origin
        self.yaw = yaw
        self.cos = math.cos(yaw)
        self.sin = math.sin(yaw)

    def shift(self,
              point: Point,
              right: float = 0.,
              forward: float = 0.,
              up: float = 0.) -> tuple[float, float, float]:
        """Move a point along the axes of the body.

        Args:
            point: A point (x, y, z) of the scene.
            right: Distance to the right of the body. Defaults to 0.
            forward: Distance ahead of the body. Defaults to 0.
            up: Distance upwards. Defaults to 0.

        Returns:
            The moved point of the scene.
        """
        return (point[0] + self.cos * right - self.sin * forward,
                point[1] + self.sin * right + self.cos * forward,
                point[2] + up)

    def at(self,
           right: float = 0.,
           forward: float = 0.,
           up: float = 0.) -> tuple[float, float, float]:
        """Return the point at a distance from the origin.

        Args:
            right: Distance to the right of the body. Defaults to 0.
            forward: Distance ahead of the body. Defaults to 0.
            up: Distance upwards. Defaults to 0.

        Returns:
            The point of the scene.
        """
        return self.shift(self.origin, right, forward, up)
