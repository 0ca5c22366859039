"""Tests of LoadWholeImage."""
import numpy as np
import pytest
from mmcv import rescale_size
from mmcv.transforms import LoadImageFromFile
from PIL import Image

from mmseg_fst.datasets import loading
from mmseg_fst.datasets.decoding import FLAGS
from mmseg_fst.registry import TRANSFORMS


def load(path, **kwargs):
    transform = TRANSFORMS.build(dict(type='LoadWholeImage', **kwargs))
    return transform(dict(img_path=str(path)))


@pytest.fixture(params=['jpg', 'png'])
def image(request, tmp_path):
    """An image that does not compress well, about 30 kB."""
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    path = tmp_path / f'image.{request.param}'
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize('kwargs', [
    dict(),
    dict(to_float32=True),
    dict(color_type='grayscale'),
    dict(imdecode_backend='pillow')
])
def test_loads_what_mmcv_loads(image, kwargs):
    want = LoadImageFromFile(**kwargs)(dict(img_path=str(image)))
    got = load(image, **kwargs)
    assert set(got) == set(want)
    assert got['img'].dtype == want['img'].dtype
    np.testing.assert_array_equal(got['img'], want['img'])
    assert got['img_shape'] == got['ori_shape'] == (90, 120)


@pytest.mark.parametrize('share', [.5, .9, .999])
def test_a_truncated_file_is_named(image, share):
    content = image.read_bytes()
    image.write_bytes(content[:int(len(content) * share)])
    with pytest.raises(OSError, match='it has no end mark') as error:
        load(image)
    assert str(image) in str(error.value)


def test_bytes_behind_the_end_are_fine(image):
    want = load(image)['img']
    image.write_bytes(image.read_bytes() + b'a line of an editor' * 50)
    np.testing.assert_array_equal(load(image)['img'], want)


@pytest.mark.parametrize('backend', ['cv2', 'pillow'])
@pytest.mark.parametrize('content', [b'not an image\n', b''])
def test_what_is_no_image_is_named(tmp_path, content, backend):
    path = tmp_path / 'note.jpg'
    path.write_bytes(content)
    with pytest.raises(OSError) as error:
        load(path, imdecode_backend=backend)
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.jpg'):
        load(tmp_path / 'none.jpg')


# JPEG decoded at a part of their size.


def photo(path, size=(333, 250), orientation=None):
    """A smooth JPEG."""
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    exif = Image.Exif()
    if orientation:
        exif[274] = orientation
    Image.fromarray(pixels).resize(size).save(path, quality=95, exif=exif)
    return path


def resized(path, scale, reduce):
    results = load(path, reduce_to=scale) if reduce else load(path)
    resize = TRANSFORMS.build(dict(
        type='Resize', scale=scale, keep_ratio=True))
    return resize(dict(results))


@pytest.mark.parametrize('orientation', [None, 6])
@pytest.mark.parametrize('size', [(333, 250), (250, 333), (341, 251)])
@pytest.mark.parametrize('scale, divisor', [
    ((180, 180), 1), ((166, 125), 2), ((83, 60), 4), ((40, 40), 8)])
def test_reduced_photos_are_of_the_same_size(
        tmp_path, monkeypatch, scale, divisor, size, orientation):
    path = photo(tmp_path / 'a.jpg', size, orientation)
    whole = resized(path, scale, reduce=False)
    flags = []
    decode = loading.mmcv.imfrombytes

    def spy(content, flag, **kwargs):
        flags.append(flag)
        return decode(content, flag=flag, **kwargs)

    monkeypatch.setattr(loading.mmcv, 'imfrombytes', spy)
    small = resized(path, scale, reduce=True)
    monkeypatch.undo()
    assert small['img'].shape == whole['img'].shape
    assert small['ori_shape'] == whole['ori_shape']
    turned = orientation == 6
    assert small['ori_shape'] == (size if turned else size[::-1])
    assert flags == [loading._REDUCED.get(divisor, FLAGS[3])]
    difference = abs(small['img'].astype(int) - whole['img'])
    assert difference.mean() < 8
    assert (difference.max() == 0) == (divisor == 1)


def test_a_scale_is_reached_at_once():
    """Whatever is resized to fit a scale fits it: the label has its size."""
    for width in range(100, 400, 7):
        for height in range(100, 400, 11):
            for scale in ((97, 60), (50, 50), (61, 97)):
                size = rescale_size((width, height), scale)
                assert rescale_size(size, scale) == size


def test_png_is_decoded_whole(tmp_path):
    path = photo(tmp_path / 'a.jpg')
    Image.open(path).save(tmp_path / 'a.png')
    image = load(tmp_path / 'a.png', reduce_to=(40, 40))['img']
    np.testing.assert_array_equal(image, load(tmp_path / 'a.png')['img'])


@pytest.mark.parametrize('kwargs', [
    dict(imdecode_backend='pillow'), dict(color_type='grayscale')])
def test_only_opencv_reduces_colors(kwargs):
    with pytest.raises(ValueError, match='reduce_to'):
        TRANSFORMS.build(dict(
            type='LoadWholeImage', reduce_to=(40, 40), **kwargs))


@pytest.mark.parametrize('share', [.5, .999])
def test_a_truncated_photo_is_named(tmp_path, share):
    path = photo(tmp_path / 'a.jpg')
    path.write_bytes(path.read_bytes()[:int(path.stat().st_size * share)])
    with pytest.raises(OSError, match='a.jpg is truncated'):
        load(path, reduce_to=(40, 40))


def test_a_photo_of_no_size_is_named(tmp_path):
    (tmp_path / 'a.jpg').write_bytes(b'\xff\xd8 nothing \xff\xd9')
    with pytest.raises(OSError, match='a.jpg is not an image'):
        load(tmp_path / 'a.jpg', reduce_to=(40, 40))
