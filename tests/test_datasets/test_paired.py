"""Tests of PairedDataset and of the data sets that it is made from."""
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import (
    IGNORE,
    NUM_CLASSES,
    pair_index,
    paired_cfg,
    save_pair,
    streets_cfg,
)
from mmengine.dataset import pseudo_collate
from PIL import Image
from torch.utils.data import DataLoader

from mmseg_fst.datasets.samplers import PairedSampler
from mmseg_fst.registry import DATASETS

RANDOM = [
    dict(type='LoadWholeImage'),
    dict(type='LoadAnnotations'),
    dict(type='RandomCrop', crop_size=(16, 16)),
    dict(type='RandomFlip', prob=.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')
]


def path_of(item):
    return Path(item['data_samples'].img_path)


def label_of(item):
    return item['data_samples'].gt_sem_seg.data[0].numpy()


def label_path(root, index, domain='rendered'):
    name = f'train_{index:03d}_gtFine_labelTrainIds.png'
    return root / domain / 'gtFine' / 'train' / name


def drop(root, *indices, domain='camera'):
    """Remove training images, so that the sides differ in length."""
    for index in indices:
        name = f'train_{index:03d}_leftImg8bit.jpg'
        (root / domain / 'leftImg8bit' / 'train' / name).unlink()


def test_unlabeled_side_needs_no_labels_on_disk(streets):
    assert not (streets / 'camera' / 'gtFine' / 'train').exists()
    item = DATASETS.build(paired_cfg(streets))[0]
    assert set(item) == {'labeled', 'unlabeled'}
    assert 'gt_sem_seg' in item['labeled']['data_samples']
    assert 'gt_sem_seg' not in item['unlabeled']['data_samples']
    assert 'camera' in path_of(item['unlabeled']).parts
    assert 'rendered' in path_of(item['labeled']).parts


def test_pixels_and_labels_are_those_on_disk(streets):
    pair = DATASETS.build(paired_cfg(streets))[1]
    for item in pair.values():
        image = np.asarray(Image.open(path_of(item)))[..., ::-1]
        got = item['inputs'].numpy().transpose(1, 2, 0)
        assert item['inputs'].dtype == torch.uint8
        # Two JPEG decoders may differ by a rounding.
        assert abs(got.astype(int) - image).max() <= 3
    np.testing.assert_array_equal(
        label_of(pair['labeled']), np.asarray(
            Image.open(label_path(streets, 1))))


@pytest.mark.parametrize('side, domain', [('labeled', 'rendered'),
                                          ('unlabeled', 'camera')])
def test_the_shorter_side_is_repeated(streets, side, domain):
    drop(streets, 1, 3, domain=domain)
    data = DATASETS.build(paired_cfg(streets))
    assert len(data) == 4
    assert {data.lengths['labeled'], data.lengths['unlabeled']} == {2, 4}
    names = [path_of(data[i][side]).name[:9] for i in range(4)]
    assert names == ['train_000', 'train_002'] * 2
    other = 'unlabeled' if side == 'labeled' else 'labeled'
    names = [path_of(data[i][other]).name[:9] for i in range(4)]
    assert names == [f'train_00{i}' for i in range(4)]


def test_labels_alone_make_items_of_one_side(streets):
    data = DATASETS.build(dict(
        type='PairedDataset', sides=dict(labeled=streets_cfg(streets))))
    assert set(data[3]) == {'labeled'}
    assert len(data) == 4 and data.lengths == dict(labeled=4)


def test_a_pair_index_asks_for_each_side(streets):
    data = DATASETS.build(paired_cfg(streets))
    pair = data[pair_index(3, 1, seed=0)]
    assert path_of(pair['labeled']).name.startswith('train_003')
    assert path_of(pair['unlabeled']).name.startswith('train_001')


def random_cfg(root):
    cfg = paired_cfg(root)
    cfg['sides']['labeled']['pipeline'] = RANDOM
    cfg['sides']['unlabeled']['pipeline'] = [RANDOM[0], *RANDOM[2:]]
    return cfg


def same(item, other):
    return all(
        torch.equal(item[side]['inputs'], other[side]['inputs'])
        for side in ('labeled', 'unlabeled'))


def test_the_seed_fixes_every_random_choice(streets):
    data = DATASETS.build(random_cfg(streets))
    first = data[pair_index(0, 1, 7)]
    torch.manual_seed(5)
    np.random.seed(5)
    random.seed(5)
    assert same(first, data[pair_index(0, 1, 7)])
    others = [data[pair_index(0, 1, seed)] for seed in range(8, 12)]
    assert not any(same(first, other) for other in others)


@pytest.mark.parametrize('fails', [False, True])
def test_global_random_states_are_left_alone(streets, fails):
    data = DATASETS.build(random_cfg(streets))
    if fails:
        Image.fromarray(np.full((32, 64), 99, np.uint8)).save(
            label_path(streets, 0))

    def states():
        kind, keys, *rest = np.random.get_state()
        return (random.getstate(), kind, keys.tobytes(), rest,
                torch.get_rng_state().tolist())

    before = states()
    if fails:
        with pytest.raises(ValueError):
            data[pair_index(0, 1, 7)]
    else:
        data[pair_index(0, 1, 7)]
    assert states() == before


def loaded(root, num_workers, seed=3):
    data = DATASETS.build(random_cfg(root))
    loader = DataLoader(
        data,
        batch_size=2,
        sampler=PairedSampler(data, seed=seed),
        num_workers=num_workers,
        collate_fn=pseudo_collate)
    batches = iter(loader)
    return [next(batches) for _ in range(5)]


def test_batches_do_not_depend_on_the_number_of_workers(streets):
    here, there = loaded(streets, 0), loaded(streets, 2)
    for batch, other in zip(here, there):
        for side in ('labeled', 'unlabeled'):
            for actual, expected in zip(batch[side]['inputs'],
                                        other[side]['inputs']):
                assert torch.equal(actual, expected)
            for actual, expected in zip(batch[side]['data_samples'],
                                        other[side]['data_samples']):
                assert actual.img_path == expected.img_path
    different = loaded(streets, 0, seed=4)
    assert any(not torch.equal(a, b)
               for batch, other in zip(here, different) for a, b in zip(
                   batch['labeled']['inputs'], other['labeled']['inputs']))


def test_a_second_crop_shows_the_same_image_with_other_random_numbers(
        streets):
    plain = DATASETS.build(random_cfg(streets))
    again = DATASETS.build(dict(
        random_cfg(streets), again=dict(unlabeled_again='unlabeled')))
    assert again.lengths == plain.lengths  # the sampler has no other side
    differ = 0
    for index in range(4):
        single = plain[pair_index(3 - index, index, seed=index)]
        two = again[pair_index(3 - index, index, seed=index)]
        assert set(two) == {'labeled', 'unlabeled', 'unlabeled_again'}
        assert same(single, two)  # other sides stay as they were
        first, second = two['unlabeled'], two['unlabeled_again']
        assert path_of(first) == path_of(second)
        assert 'gt_sem_seg' not in second['data_samples']
        differ += not torch.equal(first['inputs'], second['inputs'])
        repeated = again[pair_index(0, index, seed=index)]
        assert torch.equal(second['inputs'],
                           repeated['unlabeled_again']['inputs'])
    assert differ > 2
    item = again[2]
    assert path_of(item['unlabeled']) == path_of(item['unlabeled_again'])


def test_a_second_crop_follows_the_batch_size_of_its_side(streets):
    data = DATASETS.build(dict(
        random_cfg(streets), again=dict(second='unlabeled')))
    sampler = PairedSampler(
        data, seed=3, batch_sizes=dict(labeled=2, unlabeled=1))
    items = [data[index] for _, index in zip(range(4), sampler)]
    assert ['second' in item for item in items] == [True, False] * 2


@pytest.mark.parametrize('again, others, message', [
    (dict(unlabeled='labeled'), {}, 'must be a new name'),
    (dict(second='other'), {}, "again.second='other' must be a side"),
    (dict(second='labeled'),
     dict(rare_class_sampling=dict(stats='none.json')), 'rare_class_sampling'),
])
def test_a_wrong_second_crop_is_refused(streets, again, others, message):
    with pytest.raises(ValueError, match=message):
        DATASETS.build(dict(paired_cfg(streets), again=again, **others))


def test_labels_alone_need_no_second_crop(streets):
    data = DATASETS.build(dict(
        type='PairedDataset', sides=dict(
            labeled=streets_cfg(streets), unlabeled=None),
        again=dict(second='unlabeled')))
    assert set(data[0]) == {'labeled'}


def test_metainfo_is_that_of_the_labeled_side(streets):
    data = DATASETS.build(paired_cfg(streets))
    assert len(data.metainfo['classes']) == NUM_CLASSES
    assert data.metainfo['classes'][0] == 'road'
    assert data.metainfo['palette'][0] == [128, 64, 128]


@pytest.mark.parametrize('by_sampler', [False, True])
@pytest.mark.parametrize('wrong', [NUM_CLASSES, 254])
def test_an_id_that_is_no_class_is_named(streets, wrong, by_sampler):
    path = label_path(streets, 2)
    label = np.array(Image.open(path))
    label[3, 4] = wrong
    Image.fromarray(label).save(path)
    data = DATASETS.build(paired_cfg(streets))
    data[1]
    with pytest.raises(ValueError) as error:
        data[pair_index(2, 0, 0) if by_sampler else 2]
    message = str(error.value)
    assert str(path) in message and f'[{wrong}]' in message
    assert f'0 to {NUM_CLASSES - 1}' in message


def test_ids_of_ignored_pixels_are_fine(streets):
    label = np.full((32, 64), IGNORE, np.uint8)
    Image.fromarray(label).save(label_path(streets, 0))
    item = DATASETS.build(paired_cfg(streets))[0]['labeled']
    assert (label_of(item) == IGNORE).all()


def test_a_missing_label_names_image_and_label(streets):
    label_path(streets, 1).unlink()
    with pytest.raises(FileNotFoundError) as error:
        DATASETS.build(paired_cfg(streets))
    assert str(label_path(streets, 1)) in str(error.value)
    assert 'train_001_leftImg8bit.jpg' in str(error.value)


def test_a_labeled_side_without_label_folder_is_refused(streets):
    cfg = paired_cfg(streets)
    del cfg['sides']['labeled']['data_prefix']['seg_map_path']
    with pytest.raises(FileNotFoundError, match='train_000_leftImg8bit.jpg'):
        DATASETS.build(cfg)


@pytest.mark.parametrize('side, domain', [('labeled', 'rendered'),
                                          ('unlabeled', 'camera')])
def test_a_side_without_images_is_named(streets, side, domain):
    drop(streets, 0, 1, 2, 3, domain=domain)
    cfg = paired_cfg(streets)
    cfg['sides'][side]['serialize_data'] = True
    with pytest.raises(ValueError) as error:
        DATASETS.build(cfg)
    message = str(error.value)
    assert f'The {side} side has no image' in message
    assert str(streets / domain / 'leftImg8bit' / 'train') in message


# The data sets.


def test_camvid_layout(camvid):
    data = DATASETS.build(
        dict(
            type='CamVidDataset',
            data_root=str(camvid),
            ann_file='splits/val.txt',
            data_prefix=dict(img_path='images', seg_map_path='labels'),
            pipeline=RANDOM[:2] + RANDOM[-1:]))
    assert [path_of(data[i]).name
            for i in range(len(data))] == ['val_000.jpg', 'val_001.jpg']
    want = np.asarray(Image.open(camvid / 'labels' / 'val_001.png'))
    np.testing.assert_array_equal(label_of(data[1]), want)


@pytest.mark.parametrize('name, first, last, count', [
    ('CamVidDataset', 'sky', 'bicyclist', 11),
    ('StreetsDataset', 'road', 'bicycle', 11),
    ('LabelMeFacadeDataset', 'sky', 'car', 6),
])
def test_metainfo(name, first, last, count):
    metainfo = DATASETS.get(name).METAINFO
    classes, palette = metainfo['classes'], metainfo['palette']
    assert (classes[0], classes[-1]) == (first, last)
    assert len(set(classes)) == len(palette) == count
    assert len({tuple(color) for color in palette}) == count


def test_shared_classes_have_one_color():
    """LabelMeFacade's palette is CamVid's, name by name."""
    camvid, facade = (
        dict(zip(info['classes'], info['palette']))
        for info in (DATASETS.get('CamVidDataset').METAINFO,
                     DATASETS.get('LabelMeFacadeDataset').METAINFO))
    assert facade == {name: camvid[name] for name in facade}


def test_facade_ids_become_shared_classes(tmp_path):
    """The ids on disk, by the README of the data, to names."""
    on_disk = [
        'building', 'car', 'door', 'pavement', 'road', 'sky', 'vegetation',
        'window'
    ]
    shared = {
        'door': 'building',
        'window': 'building',
        'pavement': 'sidewalk',
        'vegetation': 'tree'
    }
    rng = np.random.default_rng(0)
    save_pair(rng, tmp_path / 'images' / 'a.jpg', None, (2, 9))
    (tmp_path / 'labels').mkdir()
    label = np.array([[*range(8), IGNORE]] * 2, np.uint8)
    Image.fromarray(label).save(tmp_path / 'labels' / 'a.png')
    data = DATASETS.build(
        dict(
            type='LabelMeFacadeDataset',
            data_root=str(tmp_path),
            data_prefix=dict(img_path='images', seg_map_path='labels'),
            pipeline=RANDOM[:2] + RANDOM[-1:]))
    got = label_of(data[0])[0].tolist()
    names = data.metainfo['classes']
    assert [names[i] for i in got[:8]] == [shared.get(n, n) for n in on_disk]
    assert got[8] == IGNORE


def test_a_label_of_another_size_is_named(streets):
    path = streets / 'rendered/gtFine/train/train_001_gtFine_labelTrainIds.png'
    Image.open(path).resize((32, 16)).save(path)
    data = DATASETS.build(paired_cfg(streets))
    data[0]
    with pytest.raises(ValueError, match='train_001.*64 x 32 and 32 x 16'):
        data[1]
