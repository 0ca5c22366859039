"""Which values of a user's images become 0 and 255."""
import numpy as np
import pytest

from mmseg_fst.prepare.image_values import choose_stretch, values_of


def survey(folder, arrays):
    values = []
    for index, array in enumerate(arrays):
        path = folder / f'{index}.npy'
        np.save(path, array)
        values.append(values_of(path, path.read_bytes(), 1)[0])
    return values


def images(high, dtype=np.uint16, low=0, count=4):
    rng = np.random.default_rng(0)
    return [rng.uniform(low, high, (40, 50)).astype(dtype)
            for _ in range(count)]


def with_outlier(arrays, value):
    for array in arrays:
        array[::2, 0] = value  # 1 percent of the pixels
    return arrays


@pytest.mark.parametrize('arrays, expected, text', [
    (images(4000), (0, 4095), 'the bits that are in use'),
    (with_outlier(images(3000), 65535), (60, 3000), 'percentiles'),
    (with_outlier(images(3000, np.int16), -9999), (60, 2940), 'percentiles'),
    (with_outlier(images(1, np.float32), np.nan), (.02, .98), 'percentiles'),
    (images(50, np.float32, low=-40), (-38, 48), 'percentiles'),
])
def test_values_in_use_are_stretched(tmp_path, arrays, expected, text):
    stretch, notes = choose_stretch(survey(tmp_path, arrays))
    tolerance = .02 * (expected[1] - expected[0])
    assert stretch == pytest.approx(expected, abs=tolerance)
    assert len(notes) == 1 and text in notes[0] and '--stretch' in notes[0]


@pytest.mark.parametrize('given, dtype, high', [
    ((0, 65535), np.uint16, 900), (None, np.uint8, 20)])
def test_dark_images_are_named(tmp_path, given, dtype, high):
    stretch, notes = choose_stretch(
        survey(tmp_path, images(high, dtype)), given)
    assert stretch == given
    note, = notes
    assert 'nearly black' in note and 'Try --stretch' in note


def test_images_of_8_bits_are_not_stretched(tmp_path):
    assert choose_stretch(survey(tmp_path, images(250, np.uint8))) == (
        None, [])


@pytest.mark.parametrize('arrays, given, text', [
    (images(9), (5, 5), '--stretch 5 5: the first value'),
    ([np.zeros((9, 9))], None, 'show nothing'),
])
def test_what_cannot_be_stretched_is_refused(tmp_path, arrays, given, text):
    with pytest.raises(ValueError, match=text):
        choose_stretch(survey(tmp_path, arrays), given)
