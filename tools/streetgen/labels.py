"""Class ids, their colors, and the materials of the shaders."""
from enum import IntEnum


class Label(IntEnum):
    """The 11 classes of CamVid and the ignore index."""
    SKY = 0
    BUILDING = 1
    POLE = 2
    ROAD = 3
    SIDEWALK = 4
    TREE = 5
    SIGN = 6
    FENCE = 7
    CAR = 8
    PEDESTRIAN = 9
    BICYCLIST = 10
    IGNORE = 255


class Material(IntEnum):
    """Surface textures, by their number in the shaders."""
    PLAIN = 0
    ASPHALT = 1
    PAVING = 2
    FACADE = 3
    FOLIAGE = 4
    GLOSS = 5
    BARS = 6
    BOARD = 7
    BRICK = 8
    ROOF = 9
    GRASS = 10
    GLASS = 11
    SHOP = 12


CLASSES = tuple(label.name.lower() for label in Label
                if label != Label.IGNORE)
PALETTE = [[128, 128, 128], [128, 0, 0], [192, 192, 128], [128, 64, 128],
           [60, 40, 222], [128, 128, 0], [192, 128, 128], [64, 64, 128],
           [64, 0, 128], [64, 64, 0], [0, 128, 192]]
