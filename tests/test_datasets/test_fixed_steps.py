"""An image is loaded once, however often it is augmented."""
import numpy as np
import pytest
import torch
from helpers import streets_cfg
from mmcv.transforms import LoadImageFromFile

from mmseg_fst.datasets.fixed_steps import count_fixed, repeat_item
from mmseg_fst.datasets.rare_class import RareClassSampling
from mmseg_fst.datasets.sides import build_side, parts_of
from mmseg_fst.registry import DATASETS, TRANSFORMS
from mmseg_fst.utils.files import save_class_stats

LOAD = [dict(type='LoadWholeImage'), dict(type='LoadAnnotations')]
RESIZE = dict(type='Resize', scale=(48, 24))
RANDOM = [
    dict(type='RandomCrop', crop_size=(16, 16)),
    dict(type='RandomFlip', prob=.5)
]
PACK = dict(type='PackSegInputs')


@pytest.mark.parametrize('steps, count', [
    ([*LOAD, RESIZE, *RANDOM, PACK], 3),
    ([*LOAD, *RANDOM, PACK], 2),
    ([dict(type='LoadImageFromFile'), RESIZE], 2),
    ([*LOAD, dict(type='RandomResize', scale=(48, 24), ratio_range=(.5, 2)),
      RESIZE], 2),
    ([*RANDOM, *LOAD], 0),
    ([], 0),
])
def test_fixed_steps_end_with_the_first_other_one(steps, count):
    transforms = [TRANSFORMS.build(dict(step)) for step in steps]
    assert count_fixed(transforms) == count


def test_subclasses_may_be_random():

    class LoadSomehow(LoadImageFromFile):
        """Its own kind."""

    assert count_fixed([LoadSomehow()]) == 0


def dataset(root, *steps):
    return DATASETS.build(
        streets_cfg(root, pipeline=[dict(step) for step in steps]))


def assert_same(item, other):
    assert torch.equal(item['inputs'], other['inputs'])
    actual, expected = item['data_samples'], other['data_samples']
    assert torch.equal(actual.gt_sem_seg.data, expected.gt_sem_seg.data)
    assert actual.metainfo == expected.metainfo


def count_calls(data):
    """Count how often the first step of a data set runs."""
    calls = []
    first = data.pipeline.transforms[0]
    transform = first.transform
    first.transform = lambda results: calls.append(0) or transform(results)
    return calls


@pytest.mark.parametrize('steps', [(RESIZE, *RANDOM), (RESIZE, RANDOM[1]),
                                   RANDOM, ()])
def test_items_are_those_of_the_data_set(streets, steps):
    data = dataset(streets, *LOAD, *steps, PACK)
    np.random.seed(0)
    want = [data[2] for _ in range(6)]
    number = np.random.randint(10**6)
    calls = count_calls(data)
    np.random.seed(0)
    items = repeat_item(data, 2)
    for item in want:
        assert_same(item, next(items))
    assert np.random.randint(10**6) == number
    assert len(calls) == 1


def test_an_image_of_several_data_sets_is_loaded_once(streets):
    cfg = streets_cfg(streets, pipeline=[*LOAD, *RANDOM, PACK])
    wrapped = build_side('labeled', dict(type='ConcatDataset', datasets=[
        streets_cfg(streets),
        dict(type='RepeatDataset', times=2, dataset=cfg)]))
    data = parts_of(wrapped)[1]
    np.random.seed(0)
    want = [data[2] for _ in range(6)]
    calls = count_calls(data)
    np.random.seed(0)
    items = repeat_item(wrapped, 4 + 4 + 2)
    for item in want:
        assert_same(item, next(items))
    assert len(calls) == 1


def test_steps_that_write_do_not_reach_the_next_item(streets):
    cut = dict(type='RandomCutOut', prob=1., n_holes=1, cutout_shape=(8, 8),
               seg_fill_in=7)
    data = dataset(streets, *LOAD, cut, PACK)
    np.random.seed(0)
    want = [data[0] for _ in range(3)]
    np.random.seed(0)
    items = repeat_item(data, 0)
    for item in want:
        assert_same(item, next(items))


def test_an_image_that_is_given_up_is_replaced(streets):
    """As the data set itself does, which takes another one."""
    data = dataset(streets, *LOAD, PACK)
    pack = data.pipeline.transforms[-1]
    transform = pack.transform
    pack.transform = lambda results: (
        None if 'train_000' in results['img_path'] else transform(results))
    item = next(repeat_item(data, 0))
    assert 'train_000' not in item['data_samples'].img_path


class Bare:
    """A data set that shows no pipeline."""

    def __init__(self, data):
        self.data = data
        self.metainfo, self.get_data_info = data.metainfo, data.get_data_info

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return self.data[index]


def test_rare_classes_are_sampled_as_before_and_loaded_once(streets, tmp_path):
    data = dataset(streets, *LOAD, *RANDOM, PACK)
    classes = data.metainfo['classes']
    names = [f'train_{i:03d}_leftImg8bit' for i in range(4)]
    save_class_stats(tmp_path / 'stats.json', classes,
                     {name: {str(i): 100 for i in range(len(classes))}
                      for name in names})
    kwargs = dict(stats=str(tmp_path / 'stats.json'), min_pixels=90,
                  temperature=.1, min_crop_ratio=.6)
    drawn, calls = [], count_calls(data)
    for side in (Bare(data), data):
        np.random.seed(1)
        calls.clear()
        sampling = RareClassSampling(side, **kwargs)
        drawn.append([sampling.sample() for _ in range(8)])
        drawn[-1].append(len(calls))
    *before, loaded_before = drawn[0]
    *after, loaded = drawn[1]
    for item, other in zip(before, after):
        assert_same(item, other)
    assert loaded == 8 < loaded_before
