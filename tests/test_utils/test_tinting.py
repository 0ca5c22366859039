"""Images under the colors of their classes, and errors."""
import numpy as np

from mmseg_fst.utils.images import error_map
from mmseg_fst.utils.tinting import tint, unpainted_classes

META = dict(classes=['soil', 'plant', 'Background'],
            palette=[[0, 0, 0], [0, 255, 0], [255, 0, 0]])


def test_black_and_background_keep_the_image():
    assert unpainted_classes(META) == [0, 2]
    image = np.full((8, 9, 3), (30, 20, 10), np.uint8)
    label = np.zeros((8, 9), np.uint8)
    label[2:7, 2:7] = 1
    label[:, 8] = 2
    shown = tint(image, label, META)
    assert (shown[label != 1] == (30, 20, 10)).all()
    assert (shown[3:6, 3:6] == (15, 138, 5)).all()
    assert (shown[2, 2:7] == (0, 255, 0)).all()  # the outline


def test_a_thin_class_is_visible_at_any_opacity():
    label = np.zeros((8, 9), np.uint8)
    label[4] = 1
    shown = tint(np.zeros((8, 9, 3), np.uint8), label, META, .25)
    assert (shown[4] == (0, 128, 0)).all()


def test_errors_are_red_and_unknown_pixels_white():
    image = np.full((1, 4, 3), 100, np.uint8)
    label = np.array([[0, 1, 1, 255]], np.uint8)
    shown = error_map(image, np.array([[0, 0, 1, 0]], np.uint8), label, 2)
    assert shown.tolist() == [[[178] * 3, [214, 39, 40], [178] * 3, [255] * 3]]
