"""Colors and textures of the materials in the two domains."""
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from .shapes import Face

Color = Tuple[int, int, int]

# Clean and saturated, like a simple video game.
RENDERED: Dict[str, List[Color]] = {
    'sky': [(90, 170, 240), (120, 190, 250), (70, 140, 230),
            (176, 206, 232), (206, 216, 226)],
    'asphalt': [(92, 92, 98), (76, 78, 86), (112, 108, 104), (88, 84, 92)],
    'marking': [(250, 250, 250), (250, 250, 240), (250, 220, 90)],
    'manhole': [(60, 60, 66), (70, 62, 58)],
    'litter': [(240, 240, 240), (230, 180, 80)],
    'bonnet': [(40, 60, 140), (150, 30, 30), (60, 60, 60)],
    'paving': [(200, 188, 170), (214, 180, 158), (184, 184, 196),
               (206, 200, 150), (150, 146, 150), (160, 130, 116)],
    'kerb': [(224, 222, 216)],
    'grass': [(104, 196, 70), (130, 200, 80), (84, 176, 84)],
    'leaf': [(56, 160, 50), (88, 184, 60), (40, 134, 64), (120, 180, 40),
             (70, 110, 50), (150, 140, 50)],
    'trunk': [(128, 84, 44), (110, 70, 50)],
    'plaster': [(240, 206, 140), (230, 150, 118), (244, 234, 214),
                (156, 192, 224), (206, 224, 174), (236, 190, 196)],
    'brick': [(196, 84, 62), (176, 96, 72), (206, 120, 80)],
    'concrete': [(190, 190, 196), (204, 198, 188)],
    'masonry': [(206, 196, 176), (190, 150, 120)],
    'roof': [(190, 72, 52), (100, 100, 124), (150, 84, 60)],
    'glass': [(120, 184, 232), (96, 150, 210), (150, 206, 236)],
    'door': [(130, 70, 40), (40, 90, 60), (60, 70, 130), (150, 40, 40)],
    'shop': [(230, 60, 50), (40, 120, 210), (250, 190, 40), (50, 160, 90)],
    'trim': [(44, 44, 50)],
    'trim_light': [(248, 248, 244), (236, 226, 200)],
    'wood': [(190, 126, 66), (226, 206, 170), (150, 96, 56)],
    'railing': [(50, 60, 56), (40, 44, 70), (190, 190, 194)],
    'metal': [(150, 156, 164), (90, 98, 104), (124, 134, 126)],
    'paint': [(214, 40, 36), (36, 84, 200), (246, 246, 246), (246, 196, 40),
              (50, 50, 56), (40, 150, 84), (180, 186, 196), (240, 120, 40),
              (100, 104, 112), (74, 90, 120)],
    'car_glass': [(60, 92, 124), (70, 110, 150)],
    'tyre': [(34, 34, 38)],
    'rim': [(196, 198, 204)],
    'lamp_red': [(240, 40, 40)],
    'lamp_white': [(255, 252, 220)],
    'plate': [(250, 250, 250), (250, 220, 60)],
    'cloth': [(220, 50, 60), (50, 90, 210), (250, 200, 60), (60, 170, 100),
              (240, 240, 240), (60, 60, 80), (150, 70, 170), (240, 130, 60)],
    'skin': [(244, 200, 166), (190, 134, 96), (120, 80, 56)],
    'hair': [(60, 40, 30), (30, 26, 26), (210, 170, 90)],
    'shoe': [(40, 36, 40), (120, 70, 40), (230, 230, 230)],
    'bike': [(220, 40, 50), (40, 100, 220), (40, 40, 46), (60, 170, 90)],
    'sign_red': [(224, 30, 36)],
    'sign_white': [(252, 252, 252)],
    'sign_black': [(24, 24, 24)],
    'sign_blue': [(30, 86, 210)],
    'sign_yellow': [(252, 206, 30)],
    'sign_green': [(20, 140, 84)],
    'sign_back': [(150, 154, 160)]}

# Muted, and with the same grays and browns in many classes.
CAMERA: Dict[str, List[Color]] = {
    'sky': [(136, 178, 222), (160, 192, 220), (118, 164, 214)],
    'asphalt': [(104, 102, 100), (84, 84, 88), (128, 124, 118),
                (112, 106, 98), (72, 74, 78)],
    'marking': [(206, 204, 198), (180, 178, 170)],
    'manhole': [(66, 62, 58)],
    'litter': [(210, 206, 200), (120, 100, 80)],
    'bonnet': [(40, 42, 46), (120, 124, 128)],
    'paving': [(140, 134, 126), (124, 120, 116), (150, 138, 124),
               (132, 118, 108), (108, 108, 108)],
    'kerb': [(150, 146, 140), (126, 122, 118)],
    'grass': [(102, 122, 62), (120, 126, 74), (84, 110, 56)],
    'leaf': [(70, 98, 46), (88, 110, 52), (56, 86, 50), (106, 112, 52),
             (118, 102, 54), (78, 96, 58)],
    'trunk': [(84, 74, 64), (66, 58, 52)],
    'plaster': [(196, 184, 160), (176, 166, 152), (206, 202, 192),
                (168, 150, 128), (150, 152, 152), (188, 164, 134),
                (156, 128, 112)],
    'brick': [(132, 84, 70), (116, 82, 68), (148, 112, 92), (104, 84, 76)],
    'concrete': [(140, 138, 134), (122, 120, 118), (158, 154, 146)],
    'masonry': [(136, 126, 114), (126, 100, 86), (150, 146, 138)],
    'roof': [(112, 70, 58), (74, 74, 80), (96, 80, 72)],
    'glass': [(70, 78, 86), (52, 58, 64), (96, 104, 108)],
    'door': [(84, 64, 50), (60, 66, 62), (98, 94, 90), (92, 50, 44)],
    'shop': [(130, 60, 54), (60, 80, 110), (150, 130, 84), (64, 62, 62),
             (176, 170, 162)],
    'trim': [(42, 42, 44)],
    'trim_light': [(190, 186, 178), (150, 140, 128), (110, 96, 86)],
    'wood': [(112, 90, 70), (134, 120, 102), (92, 80, 70)],
    'railing': [(56, 58, 58), (80, 82, 80), (120, 122, 122)],
    'metal': [(110, 112, 112), (78, 80, 80), (92, 98, 92), (136, 136, 134)],
    'paint': [(50, 52, 56), (150, 154, 158), (206, 206, 204), (66, 74, 92),
              (104, 40, 38), (112, 114, 116), (36, 38, 40), (128, 116, 100),
              (70, 84, 74)],
    'car_glass': [(44, 50, 54), (60, 66, 70)],
    'tyre': [(36, 35, 34)],
    'rim': [(136, 136, 136), (90, 90, 90)],
    'lamp_red': [(150, 36, 32)],
    'lamp_white': [(214, 212, 204)],
    'plate': [(206, 206, 200)],
    'cloth': [(52, 54, 60), (74, 82, 104), (120, 112, 100), (150, 146, 140),
              (96, 50, 50), (64, 74, 62), (40, 40, 42), (184, 178, 168),
              (110, 84, 66)],
    'skin': [(196, 152, 126), (150, 108, 84), (96, 70, 56)],
    'hair': [(58, 48, 42), (36, 33, 32), (140, 116, 84)],
    'shoe': [(44, 42, 42), (86, 70, 58), (160, 158, 154)],
    'bike': [(60, 62, 66), (110, 48, 46), (56, 70, 96), (130, 130, 128)],
    'sign_red': [(158, 48, 46)],
    'sign_white': [(204, 202, 198)],
    'sign_black': [(40, 40, 40)],
    'sign_blue': [(52, 82, 132)],
    'sign_yellow': [(190, 160, 62)],
    'sign_green': [(50, 96, 78)],
    'sign_back': [(128, 130, 130)]}


class Texture(NamedTuple):
    """Surface of a material; it is weaker in the rendered domain.

    Attributes:
        grain (float): Strength of its fine noise.
        blotch (float): Strength of its coarse noise.
        scale (float): Texels per meter of its fine noise.
        wide (float): Width of its bricks, slabs or boards in meters.
        tall (float): Their height in meters.
        joint (float): Darkness of their joints; 0 for none.
        gloss (float): Strength of its reflections.
    """
    grain: float = .08
    blotch: float = .12
    scale: float = 40.
    wide: float = 1.
    tall: float = 1.
    joint: float = 0.
    gloss: float = 0.


PLAIN = Texture()
TEXTURES: Dict[str, Texture] = {
    'sky': Texture(0, 0),
    'asphalt': Texture(.14, .13, 30),
    'marking': Texture(.2, .25, 30),
    'paving': Texture(.12, .16, 30, .8, .8, .3),
    'kerb': Texture(.12, .16, 30, 1., 5., .3),
    'grass': Texture(.3, .2, 40),
    'leaf': Texture(.5, .25, 34),
    'trunk': Texture(.3, .2, 60),
    'plaster': Texture(.1, .15, 24),
    'brick': Texture(.18, .16, 40, .5, .22, .3),
    'concrete': Texture(.1, .15, 24, 2.4, 1.5, .16),
    'masonry': Texture(.2, .22, 40, .6, .3, .35),
    'roof': Texture(.16, .2, 30, .4, .4, .28),
    'wood': Texture(.2, .2, 50, .16, 9., .25),
    'glass': Texture(.04, .3, 30, gloss=.5),
    'car_glass': Texture(.02, .2, 30, gloss=.45),
    'paint': Texture(.03, .1, 20, gloss=.22),
    'bonnet': Texture(.02, .1, 20, gloss=.2),
    'cloth': Texture(.16, .2, 60),
    'metal': Texture(.1, .16, 40)}


def face_colors(faces: Sequence[Face], palette: Dict[str, List[Color]],
                 rng: np.random.Generator, spread: float) -> np.ndarray:
    """Choose the colors of a scene's faces.

    Args:
        faces (Sequence[Face]): The scene's faces.
        palette (dict[str, list[Color]]): Colors per material.
        rng (np.random.Generator): Source of a random shift of every material.
        spread (float): Standard deviation of that shift, as a factor around 1.

    Returns:
        np.ndarray: Red, green and blue in about [0, 1], float32 array (faces,
        3).
    """
    shifts = {material: 1 + spread * (rng.normal(0, 1)
                                      + .3 * rng.normal(0, 1, 3))
              for material in palette}
    base = np.array([palette[face.material][
        int(face.variant[0] * len(palette[face.material]))]
        for face in faces]) / 255
    shift = np.array([shifts[face.material] for face in faces])
    light, warm = np.array([face.variant[1:] for face in faces]).T - .5
    tilt = np.stack([1 + .12 * warm, 1 + 0 * warm, 1 - .12 * warm], axis=1)
    shade = np.array([face.shade for face in faces]) * (1 + .25 * light)
    colors = base * np.clip(shift, .6, 1.4) * tilt * shade[:, None]
    return np.clip(colors, .01, 1).astype(np.float32)
