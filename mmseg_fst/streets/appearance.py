"""Appearance of street scenes: a plain rendering, or a camera image."""
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from .palettes import CAMERA, PLAIN, RENDERED, TEXTURES, face_colors
from .perspective import OVERSAMPLING, Raster, Scene, trace

NOISE_SIZE = 512


def render_plain(scene: Scene, raster: Raster,
                 rng: np.random.Generator) -> np.ndarray:
    """Render a scene in flat colors at noon.

    Args:
        scene (Scene): The scene.
        raster (Raster): Its pixels.
        rng (np.random.Generator): Source of randomness.

    Returns:
        np.ndarray: Red, green and blue, uint8 array (H, W, 3).
    """
    colors = face_colors(scene.faces, RENDERED, rng, .08)
    position, normals = trace(scene, raster)
    sun = _unit(rng.uniform(-.5, .5), 1, rng.uniform(-.9, -.1))
    light = rng.uniform(.58, .72) + .42 * np.clip(normals @ sun, 0, 1)
    light[0] = 1
    surface = _textured(scene, raster, position, normals, .3, rng)
    image = (colors * light[:, None])[raster.face] * surface[..., None]
    # At noon, shadows are directly below the objects.
    hidden = _cast_shadows(scene, np.array([0, 1, 0]))
    ground = normals[:, 1][raster.face] > .9
    image *= 1 - .45 * (hidden * ground)[..., None]
    height = position[1] / position[2]
    sky = raster.face == 0
    image[sky] += (.16 - .4 * height[sky, None]) * [1, .7, .3]
    image *= rng.uniform(.7, 1.1)
    return _to_bytes(_shrink(image.astype(np.float32)))


@dataclass(frozen=True)
class Weather:
    """Light and air of one camera image.

    Attributes:
        sun (np.ndarray): Unit vector towards the sun.
        direct (np.ndarray): Color of the sunlight, float array (3,); dark if
            overcast.
        ambient (np.ndarray): Color of the light of the sky, float array (3,).
        haze (np.ndarray): Color of the air at the horizon, float array (3,).
        sight (float): Depth in meters at which haze hides 63 %.
        cloud (float): Cover of the sky in [0, 1].
    """
    sun: np.ndarray
    direct: np.ndarray
    ambient: np.ndarray
    haze: np.ndarray
    sight: float
    cloud: float


def render_camera(scene: Scene, raster: Raster,
                  rng: np.random.Generator) -> np.ndarray:
    """Render a scene as a small photograph.

    Args:
        scene (Scene): The scene.
        raster (Raster): Its pixels.
        rng (np.random.Generator): Source of randomness.

    Returns:
        np.ndarray: Red, green and blue, uint8 array (H, W, 3).
    """
    colors = face_colors(scene.faces, CAMERA, rng, .1)
    position, normals = trace(scene, raster)
    weather = _sample_weather(rng)
    surface = _textured(scene, raster, position, normals, .85, rng)
    light = _light(scene, raster, position, normals, weather)
    image = colors[raster.face] * surface[..., None] * light
    gloss = _table(scene, 'gloss')[raster.face]
    mirror = gloss * np.clip(surface - .55, 0, 1) * .8
    image += mirror[..., None] * weather.haze.astype(np.float32)
    air = 1 - np.exp(-position[2] / weather.sight)[..., None]
    image += air * (weather.haze.astype(np.float32) - image)
    sky = raster.face == 0
    # The sky ends at the horizon.
    rows = slice(0, int(scene.camera.horizon) + 1)
    image[rows][sky[rows]] = _sky(position[:, rows], colors[0], weather,
                                    rng)[sky[rows]]
    return _expose(_shrink(image), rng)


def _unit(*vector: float) -> np.ndarray:
    """The vector of length 1 in a direction."""
    return np.asarray(vector) / np.linalg.norm(vector)


def _shrink(image: np.ndarray) -> np.ndarray:
    """Average the oversampled pixels to the final size."""
    rows, width = (extent // OVERSAMPLING for extent in image.shape[:2])
    return cv2.resize(image, (width, rows), interpolation=cv2.INTER_AREA)


def _to_bytes(image: np.ndarray) -> np.ndarray:
    """Round values in [0, 1] to bytes."""
    return np.clip(image * 255 + .5, 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def _noise(steepness: float) -> np.ndarray:
    """Tileable noise of many octaves, mean 0 and deviation 1, (512, 512).

    Its amplitude falls with the frequency to the power ``steepness``.
    """
    white = np.random.default_rng(int(100 * steepness)).normal(
        size=(NOISE_SIZE, NOISE_SIZE))
    row = np.fft.fftfreq(NOISE_SIZE)[:, None]
    column = np.fft.rfftfreq(NOISE_SIZE)[None]
    frequency = np.maximum(np.hypot(row, column), 1 / NOISE_SIZE)
    spectrum = np.fft.rfft2(white) / frequency ** steepness
    noise = np.fft.irfft2(spectrum, s=white.shape)
    return ((noise - noise.mean()) / noise.std()).astype(np.float32)


def _sample_noise(steepness: float, right: np.ndarray,
                  up: np.ndarray) -> np.ndarray:
    """Sample noise at texel coordinates of any sign."""
    return cv2.remap(_noise(steepness), np.mod(right, NOISE_SIZE),
                     np.mod(up, NOISE_SIZE), cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_WRAP)


def _table(scene: Scene, field: str) -> np.ndarray:
    """A texture's field for every face, float32 array (faces,)."""
    return np.array([getattr(TEXTURES.get(face.material, PLAIN), field)
                     for face in scene.faces], np.float32)


def _textured(scene: Scene, raster: Raster, position: np.ndarray,
              normals: np.ndarray, roughness: float,
              rng: np.random.Generator) -> np.ndarray:
    """Brightness of each pixel's texture, around 1, float32 (2H, 2W)."""
    face = raster.face
    flat = (np.abs(normals[:, 1]) > .7)[face]
    along = normals[:, 2][face] * position[0] \
        - normals[:, 0][face] * position[2]
    right = np.where(flat, position[0], along)
    up = np.where(flat, position[2], position[1])
    start = np.array([f.variant[1] for f in scene.faces], np.float32)[face]
    shift = rng.uniform(0, NOISE_SIZE, 2).astype(np.float32)
    scale = _table(scene, 'scale')[face]
    grain = _sample_noise(.6, right * scale + 311 * start + shift[0],
                          up * scale + shift[1])
    blotch = _sample_noise(1.3, right * 9 + 177 * start + shift[1],
                           up * 9 + shift[0])
    near = 1 / (1 + position[2] / 40)
    strength = roughness * rng.uniform(.7, 1.2)
    value = 1 + strength * (_table(scene, 'grain')[face] * grain * near
                            + _table(scene, 'blotch')[face] * blotch)
    wide, tall = (_table(scene, key)[face] for key in ('wide', 'tall'))
    row = np.floor(up / tall)
    inside = np.minimum(np.abs(np.mod(right / wide + .5 * np.mod(row, 2), 1)
                               - .5) * -wide + wide / 2,
                        np.abs(np.mod(up / tall, 1) - .5) * -tall + tall / 2)
    seam = np.exp(-position[2] / 18) * (inside < .03)
    joint = roughness * _table(scene, 'joint')[face]
    return np.clip(value - joint * seam, .12, 2.2)


def _sample_weather(rng: np.random.Generator) -> Weather:
    """Sample the light: low sun or an overcast sky."""
    azimuth, overcast = rng.uniform(0, 2 * np.pi), rng.random() < .45
    rise = rng.uniform(.3, 1.1)
    sun = _unit(np.cos(azimuth), rise, np.sin(azimuth))
    if overcast:
        cloud, direct = rng.uniform(.75, 1), rng.uniform(.0, .25)
        ambient = rng.uniform(.75, 1.0) * np.array([.98, 1, 1.03])
    else:
        cloud, direct = rng.uniform(0, .6), rng.uniform(.8, 1.25)
        ambient = rng.uniform(.42, .6) * np.array([.9, 1, 1.15])
    warmth = np.array([1.08, 1, .84]) ** rng.uniform(0, 1.1)
    haze = rng.uniform(.68, .95) * np.array([.97, 1, 1.02])
    return Weather(sun, direct * warmth, ambient, haze,
                   rng.uniform(140, 600), cloud)


def _light(scene: Scene, raster: Raster, position: np.ndarray,
           normals: np.ndarray, weather: Weather) -> np.ndarray:
    """Light on each pixel, float32 array (2H, 2W, 3)."""
    facing = np.clip(normals @ weather.sun, 0, 1).astype(np.float32)
    # Round objects are lit from most sides although their faces are flat.
    rounded = np.array([face.material in ('leaf', 'cloth', 'skin', 'hair',
                                          'trunk', 'metal')
                        for face in scene.faces])
    facing[rounded] = .35 + .4 * facing[rounded]
    ground = (normals[:, 1] > .9)[raster.face]
    hidden = _cast_shadows(scene, weather.sun) * ground
    hidden = np.maximum(hidden, _in_shade_of_houses(scene, position,
                                                    weather.sun))
    sunlit = facing[raster.face] * (1 - cv2.blur(hidden, (3, 3)))
    beneath = _cast_shadows(scene, np.array([0, 1, 0])) * ground
    openness = (.8 + .2 * normals[:, 1])[raster.face] \
        * (1 - .5 * cv2.blur(beneath, (9, 5)))
    # Walls and bodies get less light close to the ground.
    openness *= np.where(ground, 1, 1 - .3 * np.exp(
        -np.maximum(position[1], 0) / .5))
    return openness[..., None] * weather.ambient.astype(np.float32) \
        + sunlit[..., None] * weather.direct.astype(np.float32)


def _cast_shadows(scene: Scene, sun: np.ndarray) -> np.ndarray:
    """Mask of the ground's shadows, 0 or 1, float32 array (2H, 2W)."""
    mask = np.zeros((scene.camera.rows, scene.camera.width), np.uint8)
    for caster in scene.casters:
        spots = caster - caster[:, 1:2] / max(sun[1], .1) * sun
        # Points behind the camera cannot be projected.
        spots = spots[spots[:, 2] > 1]
        if len(spots) < 3:
            continue
        outline = np.clip(scene.camera.project(spots), -1e4, 1e4)
        hull = cv2.convexHull(outline.astype(np.float32))
        cv2.fillConvexPoly(mask, np.round(hull).astype(np.int32), 1)
    return mask.astype(np.float32)


def _in_shade_of_houses(scene: Scene, position: np.ndarray,
                        sun: np.ndarray) -> np.ndarray:
    """Mask of the shade of the houses on the side of the sun."""
    side = 1 if sun[0] > 0 else -1
    lateral = position[0] - scene.road.middle(position[2])
    run = (side * scene.road.front(side) - lateral) / sun[0]
    depth = np.clip(position[2] + run * sun[2], 0,
                    scene.rooflines.shape[1] - 1).astype(np.int32)
    roof = scene.rooflines[(side + 1) // 2].astype(np.float32)[depth]
    return ((run > .3) & (position[1] + run * sun[1] < roof)).astype(
        np.float32)


def _sky(position: np.ndarray, zenith: np.ndarray, weather: Weather,
         rng: np.random.Generator) -> np.ndarray:
    """Colors of a sky at positions (3, R, 2W), float32 (R, 2W, 3)."""
    slope = position[:2] / position[2]
    rise = np.clip(slope[1], 0, 1)
    shift = rng.uniform(0, NOISE_SIZE, 2).astype(np.float32)
    plane = 40 / (rise + .12)
    puff = _sample_noise(1.3, slope[0] * plane + shift[0],
                         plane * 2 + shift[1])[..., None]
    cover = np.clip(weather.cloud + .35 * puff, 0, 1)
    haze = weather.haze.astype(np.float32)
    blue = 1.1 * (zenith + np.exp(-rise * 5)[..., None] * (haze - zenith))
    return blue + cover * (haze * (1.02 + .05 * puff) - blue)


def _expose(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lens, sensor and color processing; float32 (H, W, 3) to bytes."""
    rows, width = image.shape[:2]
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(.3, .6))
    if rng.random() < .2:
        image = cv2.blur(image, (int(rng.integers(2, 4)), 1))
    down, right = np.mgrid[-1:1:rows * 1j, -1:1:width * 1j]
    vignette = 1 - rng.uniform(.05, .35) * (down ** 2 + right ** 2) / 2
    balance = np.exp(rng.normal(0, 1) * np.array([.05, 0, -.05])
                     + rng.normal(0, .025, 3))
    gain = np.exp(rng.normal(.05, .16)) / max(float(image.mean()) / .42, .6)
    image = image * (vignette[..., None] * balance * gain)
    sensor = rng.normal(0, 1, image.shape) * (
        rng.uniform(.005, .018) * np.sqrt(np.clip(image, 0, 1) + .08))
    image = np.clip(image + sensor, 0, None)
    # Compress the highlights, as cameras do.
    image = 1.08 * (1 - np.exp(-image * rng.uniform(1.25, 1.6)))
    return _to_bytes(image ** rng.uniform(.9, 1.15))


RENDERERS = {'rendered': render_plain, 'camera': render_camera}
