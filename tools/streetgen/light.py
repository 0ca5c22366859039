"""Sun and sky."""
import math
from dataclasses import dataclass

import numpy as np

from .sampling import pick

OVERCAST_SKIES = ((.9, .93, .97), (.75, .8, .86))
CLEAR_SKIES = ((.45, .62, .9), (.6, .75, .95), (.85, .9, .98))
# Half the width and the depth of the volume of the shadow map.
SHADOW_RADIUS, SHADOW_DEPTH = 55., 220.


@dataclass
class Light:
    """The light of a scene; its fields are uniforms of the shaders.

    Args:
        sun: Unit vector towards the sun.
        power: Strength of the sun.
        ambient: Strength of the light from all sides.
        sky: Color of the sky.
        cloud: Cover of clouds in 0..1.
        fog: Fog per meter.
        seed: Seed of the clouds in 0..1.
    """
    sun: tuple[float, float, float]
    power: float
    ambient: float
    sky: np.ndarray
    cloud: float
    fog: float
    seed: float

    def projection(self) -> np.ndarray:
        """Return the projection from the sun, for the shadow map.

        Returns:
            A matrix of shape (4, 4).
        """
        forward = -np.asarray(self.sun)
        right = np.cross(forward, (0, 0, 1.))
        right /= np.linalg.norm(right)
        up = np.cross(right, forward)
        view = np.eye(4)
        view[0, :3], view[1, :3], view[2, :3] = right, up, -forward
        middle = np.asarray((0, 32, 4))
        view[:3, 3] = -view[:3, :3] @ (middle - forward * SHADOW_DEPTH / 2)
        scale = np.diag(
            [1 / SHADOW_RADIUS, 1 / SHADOW_RADIUS, -2 / SHADOW_DEPTH, 1.])
        shift = np.zeros((4, 4))
        shift[2, 3] = -1.
        return scale @ view + shift


def sample_light(rng: np.random.Generator) -> Light:
    """Sample a random sunny or overcast day.

    Args:
        rng: The random generator.

    Returns:
        The light.
    """
    elevation = math.radians(rng.uniform(14, 60))
    azimuth = rng.uniform(0, 2 * math.pi)
    overcast = rng.random() < .4
    return Light(
        sun=(math.cos(elevation) * math.cos(azimuth),
             math.cos(elevation) * math.sin(azimuth), math.sin(elevation)),
        power=rng.uniform(.2, .5) if overcast else rng.uniform(1., 1.8),
        ambient=rng.uniform(.55, .85) if overcast else rng.uniform(.3, .5),
        sky=np.array(pick(rng, OVERCAST_SKIES if overcast else CLEAR_SKIES)),
        cloud=rng.uniform(.5, 1.) if overcast else rng.uniform(0, .7),
        fog=rng.uniform(.0003, .003),
        seed=rng.random())
