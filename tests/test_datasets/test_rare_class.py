"""Tests of rare-class sampling."""
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers import NUM_CLASSES, pair_index, paired_cfg
from PIL import Image

from mmseg_fst.datasets import rare_class
from mmseg_fst.datasets.rare_class import (
    RareClassSampling,
    class_probabilities,
)
from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.files import count_pixels, save_class_stats

CLASSES = ('road', 'sky', 'car')
# By image: pixels of each class. No image shows much of the car.
PIXELS = {
    'a': {'0': 900, '1': 50},
    'b': {'0': 800, '1': 300, '2': 9},
    'c': {'0': 1000},
}  # yapf: disable


class Images:
    """Three images, whose crops show a growing number of sky pixels."""

    metainfo = dict(classes=CLASSES)

    def __init__(self):
        self.asked = []

    def __len__(self):
        return len(PIXELS)

    def get_data_info(self, index):
        return dict(img_path=f'/data/images/{list(PIXELS)[index]}.jpg')

    def __getitem__(self, index):
        self.asked.append(index)
        label = torch.zeros(1, 1, 100, dtype=torch.long)
        label[..., :len(self.asked)] = 1
        sample = SimpleNamespace(gt_sem_seg=SimpleNamespace(data=label))
        return dict(data_samples=sample)


@pytest.fixture
def stats(tmp_path):
    path = tmp_path / 'class_stats_train.json'
    save_class_stats(path, CLASSES, PIXELS)
    return str(path)


@pytest.fixture
def without_car(tmp_path):
    """Statistics of images that show nothing of the car."""
    path = tmp_path / 'without_car.json'
    save_class_stats(path, CLASSES, {
        name: {key: pixels[key] for key in pixels if key != '2'}
        for name, pixels in PIXELS.items()})
    return str(path)


def reference(pixels, temperature):
    """DAFormer's equation 7, term by term."""
    total = sum(pixels)
    terms = [math.exp((1 - p / total) / temperature) for p in pixels]
    return [term / sum(terms) for term in terms]


@pytest.mark.parametrize('temperature', [.01, .1, 1.])
@pytest.mark.parametrize('pixels', [[5, 3, 2], [7], [1, 0, 9]])
def test_probabilities_equal_the_reference(pixels, temperature):
    np.testing.assert_allclose(
        class_probabilities(np.array(pixels), temperature),
        reference(pixels, temperature),
        rtol=1e-9)


def test_probabilities_of_a_low_temperature_stay_finite():
    probs = class_probabilities(np.array([10**9, 1]), 1e-4)
    np.testing.assert_array_equal(probs, [0, 1])


def test_probabilities_are_those_of_the_release(recorded_ops):
    record = recorded_ops['rcs']
    pixels = np.zeros(19, np.int64)
    for image in record['stats']:
        for key, count in image.items():
            if key != 'file':
                pixels[int(key)] += count
    probs = class_probabilities(pixels, record['temperature'])
    order = record['classes']
    assert np.argsort(-probs).tolist() == order
    if isinstance(record['prob'], str):
        recorded = [float(x) for x in record['prob'].strip('[]').split()]
    else:
        recorded = [float(x) for x in record['prob']]
    np.testing.assert_allclose(probs[order], recorded, atol=2e-5)


def test_a_class_below_the_minimum_is_sampled_where_there_is_most(stats):
    sampling = RareClassSampling(
        Images(), stats, temperature=.3, min_pixels=40)
    assert [list(indices) for indices in sampling.images
            ] == [[0, 1, 2], [0, 1], [1]]
    np.testing.assert_allclose(sampling.class_probs,
                               reference([2700, 350, 9], .3))


def test_an_image_full_of_a_class_does_not_rule_out_the_others(tmp_path):
    pixels = {name: {'0': 970, '1': 30} for name in 'abcd'}
    pixels['a'] = {'0': 100, '1': 900}
    images = Images()
    images.metainfo = dict(classes=CLASSES[:2])
    save_class_stats(tmp_path / 'a.json', CLASSES[:2], pixels)
    sampling = RareClassSampling(images, str(tmp_path / 'a.json'))
    assert list(sampling.images[1]) == [*range(len(images))]


def test_a_class_without_any_pixel_is_named(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(rare_class, 'print_log',
                        lambda text, *_: said.append(text))
    classes = (*CLASSES, 'tram')
    save_class_stats(tmp_path / 'a.json', classes, PIXELS)
    images = Images()
    images.metainfo = dict(classes=classes)
    sampling = RareClassSampling(images, str(tmp_path / 'a.json'))
    assert sampling.class_probs[3] == 0 and all(sampling.class_probs[:3] > 0)
    assert 'shows tram, so nothing is learned about it' in said[0]


def test_shares_do_not_depend_on_the_size_of_the_files(tmp_path):
    """A crop is compared with the share of the class in its image."""
    samplings = []
    for factor in (1, 10000):
        pixels = {name: {key: factor * count for key, count in image.items()}
                  for name, image in PIXELS.items()}
        save_class_stats(tmp_path / 'a.json', CLASSES, pixels)
        sampling = RareClassSampling(
            Images(), str(tmp_path / 'a.json'), temperature=1e-3)
        sampling.sample()
        samplings.append(sampling)
    for sampling in samplings:
        # The car, 9 of 1109 pixels of image 1, is in no crop: 10 more.
        assert [list(indices) for indices in sampling.images
                ] == [[0, 1, 2], [0, 1], [1]]
        assert sampling.dataset.asked == [1] * 11
        label = np.zeros((100, 100))
        label[:2, :25] = 2
        assert sampling._is_shown(label, 1, 2)
        label[0] = 0
        assert not sampling._is_shown(label, 1, 2)
        label[50:] = 255  # not counted
        assert sampling._is_shown(label, 1, 2)


def test_pixels_must_exceed_the_minimum(stats):
    """As in DAFormer, an image with exactly min_pixels does not count."""
    sampling = RareClassSampling(Images(), stats, min_pixels=50)
    assert list(sampling.images[1]) == [1]


def test_classes_are_sampled_by_their_probability(without_car):
    sampling = RareClassSampling(
        Images(), without_car, temperature=1., min_pixels=100, max_crops=0)
    for _ in range(600):
        sampling.sample()
    # Sky is shown by image 1 alone, road by all three of them.
    sky = sampling.class_probs[1]
    drawn = np.bincount(sampling.dataset.asked, minlength=3) / 600
    np.testing.assert_allclose(
        drawn, [(1 - sky) / 3, (1 - sky) / 3 + sky, (1 - sky) / 3], atol=.07)


def sample_sky(stats, **kwargs):
    """Sample with probability 1 the sky, which image 1 alone shows."""
    sampling = RareClassSampling(
        Images(), stats, temperature=1e-3, min_pixels=100, **kwargs)
    assert sampling.class_probs[1] == 1
    return sampling, sampling.sample()


def test_crops_are_sampled_until_one_shows_enough(without_car):
    sampling, item = sample_sky(without_car, min_crop_ratio=.04)
    # More than 4 of 100 pixels: the fifth crop.
    assert sampling.dataset.asked == [1] * 5
    assert (item['data_samples'].gt_sem_seg.data == 1).sum() == 5


def test_crops_are_not_sampled_for_ever(without_car):
    sampling, item = sample_sky(without_car, min_crop_ratio=.5, max_crops=3)
    assert sampling.dataset.asked == [1] * 4, 'one and three more'
    assert (item['data_samples'].gt_sem_seg.data == 1).sum() == 4


def test_missing_statistics_say_how_to_make_them(tmp_path):
    path = str(tmp_path / 'none.json')
    with pytest.raises(FileNotFoundError) as error:
        RareClassSampling(Images(), path)
    assert path in str(error.value)
    assert 'tools/class_stats.py' in str(error.value)


def test_statistics_of_other_classes_are_refused(tmp_path):
    save_class_stats(tmp_path / 'a.json', ('road', 'sky'), PIXELS)
    with pytest.raises(ValueError, match='made for classes'):
        RareClassSampling(Images(), str(tmp_path / 'a.json'))


def test_statistics_of_other_images_are_refused(tmp_path):
    known = {key: PIXELS[key] for key in 'ab'}
    save_class_stats(tmp_path / 'a.json', CLASSES, known)
    with pytest.raises(ValueError, match="knows no image '.*c'"):
        RareClassSampling(Images(), str(tmp_path / 'a.json'))


def test_statistics_without_any_pixel_are_refused(tmp_path):
    save_class_stats(tmp_path / 'a.json', CLASSES, dict.fromkeys('abc', {}))
    with pytest.raises(ValueError, match='shows any class'):
        RareClassSampling(Images(), str(tmp_path / 'a.json'))


def test_paired_dataset_samples_rare_classes(streets):
    """One image shows class 10; it is sampled for any index."""
    pixels = {}
    folder = streets / 'rendered' / 'gtFine' / 'train'
    for i, path in enumerate(sorted(folder.iterdir())):
        label = np.zeros((32, 64), np.uint8)
        label[:16] = 10 * (i == 2)
        Image.fromarray(label).save(path)
        name = path.name.replace('_gtFine_labelTrainIds.png', '_leftImg8bit')
        pixels[name] = count_pixels(label, NUM_CLASSES)
    classes = DATASETS.get('StreetsDataset').METAINFO['classes']
    stats = streets / 'class_stats.json'
    save_class_stats(stats, classes, pixels)
    data = DATASETS.build(
        paired_cfg(
            streets,
            rare_class_sampling=dict(
                stats=str(stats), min_pixels=500, temperature=.01)))
    for seed in range(4):
        item = data[pair_index(0, 1, seed)]
        assert 'train_002' in item['labeled']['data_samples'].img_path
        assert 'train_001' in item['unlabeled']['data_samples'].img_path
