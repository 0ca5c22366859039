"""The camera: its view and its conversion of light to an image."""
import math
from dataclasses import dataclass

import numpy as np

# Near and far clipping plane in meters.
NEAR, FAR = .25, 400.
# Highlights above the first value are compressed into a range of the second
# value instead of clipped.
SHOULDER, HIGHLIGHTS = .8, .2


@dataclass
class Camera:
    """A camera on a vehicle.

    Args:
        eye: Position.
        yaw: Rotation to the left.
        pitch: Upward tilt.
        roll: Rotation about the viewing direction.
        field_of_view: Vertical field of view.
    """
    eye: tuple[float, float, float]
    yaw: float
    pitch: float
    roll: float
    field_of_view: float

    def projection(self, aspect: float) -> np.ndarray:
        """Return the projection of the scene to the image.

        Args:
            aspect: Width over height of the image.

        Returns:
            A matrix of shape (4, 4) to OpenGL's clip coordinates.
        """
        forward = np.array([
            math.sin(-self.yaw) * math.cos(self.pitch),
            math.cos(self.yaw) * math.cos(self.pitch),
            math.sin(self.pitch)
        ])
        right = np.cross(forward, (0, 0, 1.))
        right /= np.linalg.norm(right)
        up = np.cross(right, forward)
        cos, sin = math.cos(self.roll), math.sin(self.roll)
        right, up = cos * right + sin * up, cos * up - sin * right
        view = np.eye(4)
        view[0, :3], view[1, :3], view[2, :3] = right, up, -forward
        view[:3, 3] = -view[:3, :3] @ np.asarray(self.eye)
        zoom = 1 / math.tan(self.field_of_view / 2)
        depth = FAR - NEAR
        perspective = np.array([
            [zoom / aspect, 0, 0, 0],
            [0, zoom, 0, 0],
            [0, 0, -(FAR + NEAR) / depth, -2 * FAR * NEAR / depth],
            [0, 0, -1, 0],
        ])
        return perspective @ view


def sample_camera(rng: np.random.Generator, lane: float) -> Camera:
    """Sample a random view along the street.

    Args:
        rng: The random generator.
        lane: Position of the vehicle's lane across the street.

    Returns:
        The camera.
    """
    camera = Camera(
        eye=(lane + rng.normal(0, .3), rng.uniform(-4, 0),
             rng.uniform(1.15, 1.75)),
        yaw=rng.normal(0, .07),
        pitch=rng.normal(-.02, .03),
        roll=rng.normal(0, .008),
        field_of_view=math.radians(rng.uniform(44, 58)))
    # Sometimes the vehicle is turning.
    if rng.random() < .12:
        camera.yaw = rng.choice([-1, 1]) * rng.uniform(.15, .5)
    return camera


def develop(radiance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Convert light to an image like a cheap camera.

    Args:
        radiance: Linear light of shape (H, W, 3), float32.
        rng: The random generator of exposure, white balance, vignette,
            contrast and noise.

    Returns:
        RGB of shape (H, W, 3), uint8.
    """
    height, width, _ = radiance.shape
    brightness = max(float(np.median(radiance.mean(-1))), .08)
    exposure = (rng.uniform(.12, .26) / brightness)**.85
    x = radiance * exposure * np.exp(rng.normal(0, .2))
    white_balance = np.exp(rng.normal(0, .035, 3))
    x = x * white_balance.astype('f4')
    rows, columns = np.mgrid[-1:1:height * 1j, -1:1:width * 1j]
    x = x * (1 - rng.uniform(0, .14) * (columns**2 + rows**2))[..., None]
    x = np.clip(x, 0, 4)
    compressed = SHOULDER + HIGHLIGHTS * (
        1 - np.exp(-(x - SHOULDER) / HIGHLIGHTS))
    x = np.where(x < SHOULDER, x, compressed)**(1 / rng.uniform(1.5, 2.1))
    x = x + rng.normal(0, rng.uniform(.004, .016), x.shape)
    return (np.clip(x, 0, 1) * 255 + .5).astype('u1')
