"""Scaling and padding of the semi-supervised releases."""
import numpy as np
import pytest
from PIL import Image

from mmseg_fst.registry import TRANSFORMS


def sample(size=(40, 60), labeled=True, seed=0):
    rng = np.random.default_rng(seed)
    results = dict(img=rng.integers(0, 256, (*size, 3)).astype(np.uint8))
    if labeled:
        results.update(
            gt_seg_map=rng.integers(0, 21, size).astype(np.uint8),
            seg_fields=['gt_seg_map'])
    return results


def factors(**options):
    resize = TRANSFORMS.build(dict(type='RandomFactorResize', **options))
    done = [resize(sample((400, 200), False)) for _ in range(300)]
    assert all(result['img'].shape[:2] == result['img_shape']
               for result in done)
    return np.array([result['img_shape'][0] / 400 for result in done])


def test_half_of_the_factors_shrink():
    """U2PL: half in [.5, 1], half in [1, 2], each uniform."""
    sampled = factors(ranges=((.5, 1.), (1., 2.)))
    assert sampled.min() >= .5 and sampled.max() <= 2
    assert .4 < (sampled < 1).mean() < .6
    assert abs(sampled[sampled < 1].mean() - .75) < .04
    assert abs(sampled[sampled > 1].mean() - 1.5) < .08


def test_a_third_of_the_factors_of_one_range_shrink():
    """UniMatch: uniform in [.5, 2]."""
    sampled = factors(ranges=((.5, 2.), ))
    assert .25 < (sampled < 1).mean() < .42 and sampled.max() > 1.8


def test_the_label_is_scaled_with_the_image():
    resize = TRANSFORMS.build(
        dict(type='RandomFactorResize', ranges=((1.5, 1.5), )))
    before = sample()
    after = resize(dict(before))
    assert after['img'].shape == (60, 90, 3)
    rows, columns = (np.arange(60) / 1.5).astype(int), (np.arange(90) /
                                                        1.5).astype(int)
    np.testing.assert_array_equal(
        after['gt_seg_map'], before['gt_seg_map'][np.ix_(rows, columns)])
    assert after['gt_seg_map'].dtype == np.uint8


def test_pillow_scales_as_unimatch_does():
    resize = TRANSFORMS.build(dict(
        type='RandomFactorResize', ranges=((.5, .5), ), backend='pillow'))
    before = sample()
    want = Image.fromarray(before['img']).resize(
        (30, 20), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(resize(dict(before))['img'], want)


@pytest.mark.parametrize('ranges', [(), ((0, 1), ), ((2, 1), )])
def test_wrong_ranges_are_refused(ranges):
    with pytest.raises(ValueError, match='ranges'):
        TRANSFORMS.build(dict(type='RandomFactorResize', ranges=ranges))


@pytest.mark.parametrize('position, place', [('center', (2, 3)),
                                             ('corner', (0, 0))])
@pytest.mark.parametrize('value', [0, 255])
def test_padding_lies_around_or_behind(position, place, value):
    before = sample((40, 60))
    after = TRANSFORMS.build(dict(
        type='PadToCrop', size=(45, 67), position=position,
        seg_pad_val=value))(dict(before))
    image, label = after['img'], after['gt_seg_map']
    assert image.shape == (45, 67, 3) and label.shape == (45, 67)
    assert after['img_shape'] == (45, 67)
    inside = np.zeros((45, 67), bool)
    inside[place[0]:place[0] + 40, place[1]:place[1] + 60] = True
    np.testing.assert_array_equal(
        image[inside], before['img'].reshape(-1, 3))
    np.testing.assert_array_equal(
        label[inside], before['gt_seg_map'].ravel())
    assert (label[~inside] == value).all()
    normalized = (image[~inside] - [103.53, 116.28, 123.675]) / 57
    assert abs(normalized).max() < .01


def test_what_is_large_enough_is_not_padded():
    pad = TRANSFORMS.build(dict(type='PadToCrop', size=(30, 70)))
    after = pad(sample((40, 60), labeled=False))
    assert after['img'].shape == (40, 70, 3)
    with pytest.raises(ValueError, match='middle'):
        TRANSFORMS.build(
            dict(type='PadToCrop', size=(3, 3), position='middle'))
