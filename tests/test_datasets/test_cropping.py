"""The faster crops equal the crops of MMSegmentation."""
import numpy as np
import pytest
import torch
from helpers import pair_index, paired_cfg, random_label

from mmseg_fst.datasets.cropping import resized_part, scale_crops_alone
from mmseg_fst.registry import DATASETS, TRANSFORMS


def smooth_image(rng, size):
    """As smooth as a photo: noise of 8 x 8 pixels, enlarged."""
    return TRANSFORMS.build(dict(type='Resize', scale=size[::-1]))(
        dict(img=rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)))['img']


def sample(size=(60, 90), labeled=True, num_classes=4):
    rng = np.random.default_rng(0)
    results = dict(img=smooth_image(rng, size))
    if labeled:
        results.update(
            gt_seg_map=random_label(rng, size, num_classes),
            seg_fields=['gt_seg_map'])
    return results


def transformed(steps, seed, **kwargs):
    """A transformed sample, and the next random number."""
    np.random.seed(seed)
    results = sample(**kwargs)
    for step in steps:
        results = TRANSFORMS.build(step)(results)
    return results, np.random.randint(10**6)


def assert_equal(first, second):
    """The same keys and values, and the same next random number."""
    assert first[1] == second[1]
    assert set(first[0]) == set(second[0])
    for key, value in first[0].items():
        np.testing.assert_array_equal(value, second[0][key], err_msg=key)


def crop(kind, size=(24, 40), **kwargs):
    return dict(type=kind, crop_size=size, **kwargs)


@pytest.mark.parametrize('size', [(24, 40), (16, 16), (70, 40), (70, 100)])
@pytest.mark.parametrize('ratio', [1., .75, .4])
def test_histogram_crop_equals_random_crop(size, ratio):
    kwargs = dict(size=size, cat_max_ratio=ratio)
    tops = set()
    for seed in range(12):
        stock = transformed([crop('RandomCrop', **kwargs)], seed)
        faster = transformed([crop('HistogramCrop', **kwargs)], seed)
        assert_equal(stock, faster)
        tops.add(stock[0]['img'].tobytes())
    assert len(tops) > 1 or size == (70, 100)


@pytest.mark.parametrize('value', [0, 255])
def test_one_class_alone_is_never_varied(value):
    """Ignored pixels count neither as a class nor in its share."""
    for kind in ('RandomCrop', 'HistogramCrop'):
        np.random.seed(3)
        results = sample()
        results['gt_seg_map'][:] = value
        results['gt_seg_map'][:, ::2] = 255
        TRANSFORMS.build(crop(kind, cat_max_ratio=.9))(results)
        after = np.random.randint(10**6)
        np.random.seed(3)
        for _ in range(11):  # a first box and ten retries
            np.random.randint(60 - 24 + 1)
            np.random.randint(90 - 40 + 1)
        assert after == np.random.randint(10**6), kind


@pytest.mark.parametrize('labeled', [False, True])
@pytest.mark.parametrize('size', [(24, 40), (100, 40), (150, 200)])
def test_scaled_crops_are_those_of_the_two_steps(size, labeled):
    ranges = ((.5, 1.), (1., 2.))
    ratio = .75 if labeled else 1.
    for seed in range(12):
        two = transformed([
            dict(type='RandomFactorResize', ranges=ranges, backend='pillow'),
            crop('RandomCrop', size, cat_max_ratio=ratio)
        ], seed, labeled=labeled)
        joint = transformed([
            dict(crop('FactorResizedCrop', size, cat_max_ratio=ratio),
                 ranges=ranges)
        ], seed, labeled=labeled)
        images = [each[0].pop('img').astype(int) for each in (two, joint)]
        assert images[0].shape == images[1].shape
        difference = abs(images[0] - images[1])
        assert difference.max() <= 2 and (difference > 0).mean() < .06
        two[0].pop('keep_ratio')
        assert_equal(two, joint)


def test_a_part_that_is_the_whole_is_equal():
    image = sample()['img']
    whole = TRANSFORMS.build(dict(
        type='Resize', scale=(70, 50), backend='pillow'))(dict(img=image))
    np.testing.assert_array_equal(
        resized_part(image, (70, 50), (0, 50, 0, 70)), whole['img'])


def test_only_two_steps_become_one():
    load, flip = dict(type='LoadWholeImage'), dict(type='RandomFlip', prob=.5)
    resize = dict(
        type='RandomFactorResize', ranges=((.5, 2.), ), backend='pillow')
    crop_cfg = crop('HistogramCrop', cat_max_ratio=.75)
    pipeline = [load, resize, crop_cfg, flip]
    assert scale_crops_alone(pipeline) == [
        load,
        dict(type='FactorResizedCrop', ranges=((.5, 2.), ),
             crop_size=(24, 40), cat_max_ratio=.75), flip
    ]
    assert pipeline == [load, resize, crop_cfg, flip]


@pytest.mark.parametrize('steps', [
    [dict(type='RandomFactorResize', ranges=()), dict(type='RandomCrop')],
    [dict(type='RandomFactorResize', backend='pillow'),
     dict(type='RandomFlip'), dict(type='RandomCrop')],
    [dict(type='Resize', backend='pillow'), dict(type='RandomCrop')],
    []
])
def test_a_pipeline_without_both_steps_is_refused(steps):
    with pytest.raises(ValueError, match='remove the option'):
        scale_crops_alone(steps)


def test_pairs_resize_only_the_crops(streets):
    """One switch for both sides; items are equal up to rounding."""
    steps = [
        dict(type='RandomFactorResize', ranges=((.5, 2.), ),
             backend='pillow'),
        crop('RandomCrop', (16, 24)),
        dict(type='PackByteInputs')
    ]
    cfg = paired_cfg(streets)
    cfg['sides']['labeled']['pipeline'][2:] = steps
    cfg['sides']['unlabeled']['pipeline'][1:] = steps
    for side in ('labeled', 'unlabeled'):
        assert len(cfg['sides'][side]['pipeline']) == 4 + (side == 'labeled')
    plain, scaled = (
        DATASETS.build(dict(cfg, scale_crops=switch))[pair_index(1, 2, 3)]
        for switch in (False, True))
    for side in ('labeled', 'unlabeled'):
        gap = plain[side]['inputs'].int() - scaled[side]['inputs'].int()
        assert gap.abs().max() <= 2
    labels = [item['labeled']['data_samples'].gt_sem_seg.data
              for item in (plain, scaled)]
    assert torch.equal(*labels)
    with pytest.raises(ValueError, match='scale_crops'):
        DATASETS.build(paired_cfg(streets, scale_crops=True))


def class_crops(label, sampled=None, **kwargs):
    """Classes in each of 60 crops of 8 x 8 pixels."""
    crop = TRANSFORMS.build(dict(type='ClassCrop', crop_size=(8, 8), **kwargs))
    sample = dict(img=np.zeros((*label.shape, 3), np.uint8), gt_seg_map=label,
                  seg_fields=['gt_seg_map'])
    if sampled is not None:
        sample['sampled_class'] = sampled
    np.random.seed(0)
    return [set(np.unique(crop(dict(sample))['gt_seg_map']).tolist())
            for _ in range(60)]


def test_crops_around_a_class_show_it():
    label = np.zeros((200, 300), np.uint8)
    label[150, 20:40] = 1  # a thin line
    label[10, 290] = 2
    shown = class_crops(label, share=1.)
    for class_id in (1, 2):
        assert 10 < sum(class_id in found for found in shown) < 30
    assert all(1 in found for found in class_crops(label, 1, share=1.))
    shown = class_crops(label, 1, share=.5)
    assert 20 < sum(1 in found for found in shown) < 40
    assert not any(1 in found for found in class_crops(label, 1, share=0.))


def test_crops_around_a_class_stay_within_the_image():
    label = np.full((20, 12), 255, np.uint8)
    assert class_crops(label, share=1.) == [{255}] * 60  # no class at all
    label[0, 0] = label[-1, -1] = 3
    assert class_crops(label, share=1.) == [{3, 255}] * 60
    label = np.full((5, 30), 3, np.uint8)  # lower than a crop
    assert class_crops(label, share=1.) == [{3}] * 60
    with pytest.raises(ValueError, match='share must be in'):
        class_crops(label, share=1.5)
