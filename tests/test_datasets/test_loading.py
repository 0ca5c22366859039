"""Tests of LoadWholeImage."""
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from PIL import Image

from mmseg_fst.registry import TRANSFORMS


def load(path, **kwargs):
    transform = TRANSFORMS.build(dict(type='LoadWholeImage', **kwargs))
    return transform(dict(img_path=str(path)))


@pytest.fixture(params=['jpg', 'png'])
def image(request, tmp_path):
    """A picture that does not compress well, about 30 kB."""
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    path = tmp_path / f'picture.{request.param}'
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
@pytest.mark.parametrize('content', [b'this is no image\n', b''])
def test_what_is_no_image_is_named(tmp_path, content, backend):
    path = tmp_path / 'note.jpg'
    path.write_bytes(content)
    with pytest.raises(OSError) as error:
        load(path, imdecode_backend=backend)
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.jpg'):
        load(tmp_path / 'none.jpg')
