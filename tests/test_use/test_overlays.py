"""Images under the colors of their classes."""
import numpy as np

from mmseg_fst.use.overlays import legend, overlay

META = dict(classes=['soil', 'plant', 'Background'],
            palette=[[0, 0, 0], [0, 255, 0], [255, 0, 0]])


def test_black_and_background_are_not_painted():
    image = np.full((8, 9, 3), (10, 20, 30), np.uint8)  # BGR
    label = np.zeros((8, 9), np.uint8)
    label[2:7, 2:7] = 1
    label[:, 8] = 2
    shown = overlay(image, label, META, opacity=.5)
    assert (shown[label != 1] == (30, 20, 10)).all()
    assert (shown[3:6, 3:6] == (15, 138, 5)).all()
    assert (shown[2, 2:7] == (0, 255, 0)).all()  # the outline
    assert (image == (10, 20, 30)).all()


def test_values_above_255_are_shown():
    image = np.linspace(0, 4095, 12 * 12 * 3).reshape(12, 12, 3)
    shown = overlay(image.astype(np.float32), np.zeros((12, 12), np.uint8),
                    META, .5)
    assert shown.mean() > 100 and shown[0].mean() < 40


def test_the_legend_has_a_row_for_each_class():
    rows = np.asarray(legend(META))
    assert rows.shape[0] == 3 * 26 + 16
    assert (rows[8 + 26 + 13, 20] == (0, 255, 0)).all()
    assert (rows[8 + 13, 8:42] != 0).all()
