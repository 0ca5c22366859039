"""Sides by name: two as they always were, more of them, wrapped ones."""
import itertools
import random
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers import make_streets, paired_cfg, streets_cfg
from mmcv.transforms import BaseTransform
from mmengine.dataset import ConcatDataset, pseudo_collate
from PIL import Image

from mmseg_fst.datasets import samplers
from mmseg_fst.datasets.collate import collate_sides
from mmseg_fst.datasets.packing import packs_of
from mmseg_fst.datasets.samplers import PairedSampler, PairIndex
from mmseg_fst.datasets.sides import name_sides, part_at, parts_of, stream_key
from mmseg_fst.registry import DATASETS, TRANSFORMS
from mmseg_fst.utils.files import count_pixels, save_class_stats

SIDES = ('labeled', 'unlabeled', 'target_labeled')


@TRANSFORMS.register_module()
class NoteNumbers(BaseTransform):
    """Notes what the three generators give."""

    def transform(self, results):
        results['numbers'] = (
            random.random(), float(np.random.rand()), float(torch.rand(1)))
        return results


def noted(cfg):
    """The config of a data set, with random numbers in the data samples."""
    *load, _ = cfg['pipeline']
    return dict(cfg, pipeline=[
        *load, dict(type='NoteNumbers'),
        dict(type='PackSegInputs', meta_keys=('img_path', 'numbers'))])


def three_cfg(root, **kwargs):
    """A labeled, an unlabeled and a second labeled side."""
    cfg = paired_cfg(root, **kwargs)
    cfg['sides']['target_labeled'] = streets_cfg(
        root, 'camera', split='val')
    return cfg


def name_of(item):
    return Path(item['data_samples'].img_path).name[:9]


def sampler(lengths, rank=0, world_size=1, **kwargs):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samplers, 'get_dist_info', lambda: (rank, world_size))
        return PairedSampler(
            SimpleNamespace(lengths=lengths), **{'seed': 0, **kwargs})


def take(stream, count):
    return list(itertools.islice(stream, count))


# Recorded with the version before sides had names: indices and seed.
RECORDED = [
    ((5, 3), dict(seed=0), 0, [
        (2, 2, 1570558271), (4, 0, 980773882), (3, 1, 712700084),
        (0, 0, 1921341786), (1, 1, 835263531), (1, 2, 1804115683),
        (3, 1, 1638324419), (4, 0, 92402613), (2, 2, 1011421441),
        (0, 1, 1955257718), (1, 2, 449317874), (2, 0, 1796413039)]),
    ((5, 3), dict(seed=0, rank=1, world_size=2), 4, [
        (0, 1, 1955257718), (2, 0, 1796413039), (3, 0, 1360213771),
        (0, 0, 797555934), (4, 1, 572245264), (2, 2, 2042623146)]),
    ((3, 7), dict(seed=41), 1000, [
        (2, 3, 566032773), (1, 6, 1247293001), (2, 2, 1868727380),
        (1, 3, 222580079), (0, 4, 1170882764), (0, 1, 1680080512),
        (1, 0, 1316913438), (2, 5, 1236280404)]),
]  # yapf: disable
# And the random numbers of labeled and unlabeled images, loaded in turn.
RECORDED_NUMBERS = [
    ((0.8741016290620438, 0.09406160068133651, 0.07977026700973511),
     (0.57662379123563, 0.8865430699781117, 0.8860167264938354)),
    ((0.641644554694892, 0.880280576396003, 0.3518274426460266),
     (0.3635540377645694, 0.581997119670986, 0.3988999128341675)),
    ((0.952769850431601, 0.5411676931603085, 0.5389295816421509),
     (0.12707591030943555, 0.36872228525835304, 0.20230579376220703)),
    ((0.7333551266304758, 0.6555555561061736, 0.822222888469696),
     (0.06409531197884288, 0.7987339931570406, 0.49687063694000244)),
]


@pytest.mark.parametrize('more', [{}, dict(target_labeled=4)],
                         ids=['two sides', 'a third one'])
@pytest.mark.parametrize('lengths, options, start, expected', RECORDED)
def test_the_stream_of_two_sides_is_the_recorded_one(
        lengths, options, start, expected, more):
    """A further side changes nothing for them."""
    paired = sampler(dict(zip(SIDES, lengths), **more), **options)
    paired.skip(start)
    found = [(index.images['labeled'], index.images['unlabeled'], index.seed)
             for index in take(paired, len(expected))]
    assert found == expected


@pytest.mark.parametrize('make', [paired_cfg, three_cfg])
def test_random_numbers_of_two_sides_are_the_recorded_ones(streets, make):
    cfg = make(streets)
    cfg['sides'] = {name: noted(side) for name, side in cfg['sides'].items()}
    data = DATASETS.build(cfg)
    paired = PairedSampler(data, seed=3)
    for index, expected in zip(paired, RECORDED_NUMBERS):
        item = data[index]
        assert tuple(item[side]['data_samples'].numbers
                     for side in SIDES[:2]) == expected


# More sides.


def test_an_item_has_all_sides(streets):
    data = DATASETS.build(three_cfg(streets))
    assert data.lengths == dict(labeled=4, unlabeled=4, target_labeled=2)
    assert len(data) == 4
    item = data[PairIndex(dict(zip(SIDES, (3, 1, 1))), 7)]
    assert [name_of(part) for part in item.values()] == [
        'train_003', 'train_001', 'val_001_l']
    labels = ['gt_sem_seg' in part['data_samples'] for part in item.values()]
    assert labels == [True, False, True]
    assert name_of(data[3]['target_labeled']) == 'val_001_l'


def test_a_further_side_has_random_numbers_that_no_other_side_changes(streets):
    cfg = three_cfg(streets)
    cfg['sides']['target_labeled'] = noted(cfg['sides']['target_labeled'])
    numbers = []
    for index in ({'labeled': 0, 'target_labeled': 1}, {'target_labeled': 1},
                  {'unlabeled': 2, 'target_labeled': 0}):
        item = DATASETS.build(cfg)[PairIndex(index, 5)]['target_labeled']
        numbers.append(item['data_samples'].numbers)
    assert numbers[0] == numbers[1] == numbers[2]
    cfg['sides']['labeled'] = noted(cfg['sides']['labeled'])
    both = DATASETS.build(cfg)[
        PairIndex({'labeled': 0, 'target_labeled': 1}, 5)]
    assert both['labeled']['data_samples'].numbers != numbers[0]
    assert both['target_labeled']['data_samples'].numbers == numbers[0]
    other = DATASETS.build(cfg)[PairIndex({'target_labeled': 1}, 6)]
    assert other['target_labeled']['data_samples'].numbers != numbers[0]


def test_the_order_of_a_side_depends_on_its_name_alone():
    many = take(sampler(dict(labeled=9, unlabeled=9, first=9, second=9)), 20)
    few = take(sampler(dict(labeled=9, second=9)), 20)
    orders = {side: [index.images[side] for index in many]
              for side in many[0].images}
    assert [index.images['second'] for index in few] == orders['second']
    assert len({tuple(order) for order in orders.values()}) == 4
    assert len({stream_key(side) for side in orders}) == 4
    for order in orders.values():
        assert sorted(order[:9]) == sorted(order[9:18]) == list(range(9))


def test_labels_of_a_further_side_are_checked(streets):
    path = streets / 'camera/gtFine/val/val_001_gtFine_labelTrainIds.png'
    Image.fromarray(np.full((32, 64), 99, np.uint8)).save(path)
    data = DATASETS.build(three_cfg(streets))
    with pytest.raises(ValueError, match=r'val_001.*label ids \[99\]'):
        data[1]
    path.unlink()
    with pytest.raises(FileNotFoundError,
                       match='is on the target_labeled side'):
        DATASETS.build(three_cfg(streets))


@pytest.mark.parametrize('disjoint, overlap', [
    (False, None), (True, 'unlabeled and second'),
    ([('labeled', 'second')], None),
    ([('labeled', 'second'), ('second', 'unlabeled')],
     'second and unlabeled'),
])
def test_pairs_of_sides_that_must_not_overlap(streets, disjoint, overlap):
    cfg = paired_cfg(streets, disjoint=disjoint)
    cfg['sides']['second'] = streets_cfg(streets, 'camera', labeled=False)
    if overlap is None:
        assert len(DATASETS.build(cfg)) == 4
        return
    with pytest.raises(ValueError,
                       match=f'4 images are on both sides, {overlap}, first'):
        DATASETS.build(cfg)


def test_a_count_of_a_further_side(streets):
    DATASETS.build(three_cfg(streets, expected=dict(target_labeled=2)))
    with pytest.raises(ValueError, match='The target_labeled side has 2'):
        DATASETS.build(three_cfg(streets, expected=dict(target_labeled=5)))
    left_out = three_cfg(streets, expected=dict(target_labeled=5))
    left_out['sides']['target_labeled'] = None
    assert set(DATASETS.build(left_out)[0]) == {'labeled', 'unlabeled'}
    with pytest.raises(ValueError, match="no side 'target'"):
        DATASETS.build(three_cfg(streets, expected=dict(target=5)))


def test_labels_for_diagnosis_of_a_further_side(tmp_path):
    root = make_streets(tmp_path / 'streets', target_labels=True)
    cfg = paired_cfg(
        root, labels_for_diagnosis=dict(second='gtFine/train'))
    cfg['sides']['second'] = streets_cfg(root, 'camera', labeled=False)
    item = DATASETS.build(cfg)[1]
    assert 'gt_for_diagnosis' in item['second']['data_samples']
    assert 'gt_for_diagnosis' not in item['unlabeled']['data_samples']


# Older and wrong forms.


def test_the_older_form_is_the_same(streets):
    sides = paired_cfg(streets)['sides']
    data = DATASETS.build(dict(type='PairedDataset', **sides))
    assert data.lengths == dict(labeled=4, unlabeled=4)
    assert list(DATASETS.build(dict(
        type='PairedDataset', labeled=sides['labeled'],
        unlabeled=None)).sides) == ['labeled']


def test_both_forms_at_once_are_refused(streets):
    cfg = paired_cfg(streets)
    cfg['unlabeled'] = streets_cfg(streets, 'camera', labeled=False)
    with pytest.raises(ValueError, match='older form of `sides.unlabeled`'):
        DATASETS.build(cfg)


@pytest.mark.parametrize('sides, message', [
    (dict(unlabeled={}), 'needs a labeled side'),
    (dict(labeled=None, unlabeled={}), 'needs a labeled side'),
    ({'labeled': {}, 'a side': {}}, "'a side' .* identifier"),
])
def test_names_of_sides(sides, message):
    with pytest.raises(ValueError, match=message):
        name_sides(sides)


def test_labeled_and_unlabeled_images_come_first():
    cfg = dict(type='CamVidDataset')
    named = name_sides(dict(extra=cfg, unlabeled=cfg, none=None, labeled=cfg))
    assert list(named) == ['labeled', 'unlabeled', 'extra']


# Several data sets as a side.


def wrapped_cfg(root, **kwargs):
    """Two domains and one of them twice, as the labeled side."""
    cfg = paired_cfg(root, **kwargs)
    cfg['sides']['labeled'] = dict(
        type='ConcatDataset', datasets=[
            dict(type='RepeatDataset', times=2,
                 dataset=streets_cfg(root, 'camera', split='val')),
            streets_cfg(root)])
    return cfg


def test_wrapped_data_sets_are_a_side(streets):
    data = DATASETS.build(wrapped_cfg(
        streets, disjoint=True, expected=dict(labeled=6, unlabeled=4)))
    side = data.sides['labeled']
    assert isinstance(side, ConcatDataset)
    assert data.lengths == dict(labeled=8, unlabeled=4)
    names = [name_of(data[i]['labeled']) for i in range(8)]
    assert names == ['val_000_l', 'val_001_l'] * 2 + [
        f'train_00{i}' for i in range(4)]
    assert [len(part) for part in parts_of(side)] == [2, 4]
    for index in range(8):
        part, place = part_at(side, index)
        assert part.get_data_info(place) == side.get_data_info(index)
    assert data.metainfo == parts_of(side)[0].metainfo


def test_checks_look_into_wrapped_data_sets(streets):
    with pytest.raises(ValueError, match='labeled side has 6 images .* and '):
        DATASETS.build(wrapped_cfg(streets, expected=dict(labeled=8)))
    overlapping = wrapped_cfg(streets, disjoint=True)
    overlapping['sides']['unlabeled']['data_prefix'] = dict(
        img_path='leftImg8bit/val')
    with pytest.raises(ValueError, match='2 images are on both sides'):
        DATASETS.build(overlapping)
    path = streets / 'camera/gtFine/val/val_001_gtFine_labelTrainIds.png'
    path.unlink()
    with pytest.raises(FileNotFoundError, match='on the labeled side'):
        DATASETS.build(wrapped_cfg(streets))


def test_an_empty_data_set_of_a_side_is_named(streets):
    for path in (streets / 'camera/leftImg8bit/val').iterdir():
        path.unlink()
    with pytest.raises(ValueError, match='The labeled side has no image: '
                       'nothing in .*camera/leftImg8bit/val'):
        DATASETS.build(wrapped_cfg(streets))


def test_other_wrappers_are_refused(streets):
    cfg = paired_cfg(streets)
    cfg['sides']['labeled'] = dict(
        type='MultiImageMixDataset', pipeline=[],
        dataset=dict(type='ConcatDataset', datasets=[streets_cfg(streets)]))
    with pytest.raises(ValueError, match='labeled side is a MultiImageMix'):
        DATASETS.build(cfg)


def test_one_id_is_ignored_on_a_side(streets):
    cfg = wrapped_cfg(streets)
    cfg['sides']['labeled']['datasets'][1]['ignore_index'] = 254
    with pytest.raises(ValueError, match=r'labeled side ignore.*\[254, 255\]'):
        DATASETS.build(cfg)


def test_wrapped_data_sets_are_packed_one_by_one(streets, tmp_path):
    cfg = wrapped_cfg(streets)
    plain = DATASETS.build(cfg)
    folder = str(tmp_path / 'packed')
    for name, side in plain.sides.items():
        packs = packs_of(name, side, cfg['sides'][name], folder)
        for pack in packs:
            pack.write()
    names = sorted(path.name[:10] for path in Path(folder).iterdir())
    assert [name.split('_')[0] for name in names] == [
        'labeled.0', 'labeled.1', 'unlabeled']
    packed = DATASETS.build(dict(cfg, packed=folder))
    for index in range(8):
        for side in ('labeled', 'unlabeled'):
            assert torch.equal(packed[index][side]['inputs'],
                               plain[index][side]['inputs'])


def test_labels_for_diagnosis_of_wrapped_data_sets(tmp_path):
    root = make_streets(tmp_path / 'streets', target_labels=True)
    cfg = paired_cfg(root, labels_for_diagnosis='gtFine/train')
    part = cfg['sides']['unlabeled']
    cfg['sides']['unlabeled'] = dict(
        type='RepeatDataset', times=3, dataset=part)
    sample = DATASETS.build(cfg)[11]['unlabeled']['data_samples']
    assert 'train_003' in sample.img_path and 'gt_for_diagnosis' in sample


# Batch sizes of sides.


SIZES = dict(labeled=2, unlabeled=3, target_labeled=1)
LENGTHS = dict(labeled=5, unlabeled=7, target_labeled=3)


def batches(paired, count):
    """Batches of indices, as the loader of mmengine makes them."""
    stream = iter(paired)
    return [take(stream, paired.items_per_batch) for _ in range(count)]


@pytest.mark.parametrize('world_size', [1, 2])
def test_a_batch_has_as_many_images_of_each_side_as_was_asked(world_size):
    orders = {side: [] for side in SIZES}
    ranks = [batches(sampler(LENGTHS, rank, world_size, batch_sizes=SIZES), 35)
             for rank in range(world_size)]
    for batch in itertools.chain.from_iterable(zip(*ranks)):
        found = Counter(side for item in batch for side in item.images)
        assert found == SIZES
    # All processes together pass through each side in its order.
    for step in zip(*ranks):
        for items in zip(*step):
            for item in items:
                for side, index in item.images.items():
                    orders[side].append(index)
    equal = take(sampler(LENGTHS), 60)
    for side, order in orders.items():
        assert order[:60] == [item.images[side] for item in equal][
            :len(order)]


@pytest.mark.parametrize('world_size', [1, 2])
@pytest.mark.parametrize('steps', [0, 1, 5, 1000])
def test_batches_go_on_behind_those_that_were_trained_on(world_size, steps):
    for rank in range(world_size):
        whole = sampler(LENGTHS, rank, world_size, batch_sizes=SIZES)
        later = sampler(LENGTHS, rank, world_size, batch_sizes=SIZES)
        later.skip(steps * later.items_per_batch)
        assert batches(later, 4) == batches(whole, steps + 4)[steps:]
        # Also within a batch, as a hook may take single items.
        later.skip(steps * later.items_per_batch + 2)
        assert take(later, 4) == take(
            whole, steps * whole.items_per_batch + 6)[-4:]


def test_equal_batch_sizes_are_no_other_stream():
    sizes = dict.fromkeys(LENGTHS, 4)
    assert take(sampler(LENGTHS, batch_sizes=sizes), 50) == take(
        sampler(LENGTHS), 50)


def test_length_is_that_of_the_side_that_takes_longest():
    assert len(sampler(LENGTHS)) == 7
    # 7 unlabeled images by 3 take less batches than 5 labeled ones by 1.
    sizes = dict(labeled=1, unlabeled=3, target_labeled=3)
    assert len(sampler(LENGTHS, batch_sizes=sizes)) == 5 * 3


@pytest.mark.parametrize('sizes, message', [
    (dict(labeled=2), 'must name each of the sides labeled, unlabeled'),
    (dict(SIZES, other=1), 'must name each of the sides'),
    (dict(SIZES, labeled=0), 'labeled=0 must be a positive'),
    (dict(SIZES, labeled=True), 'labeled=True must be a positive'),
])
def test_wrong_batch_sizes(sizes, message):
    with pytest.raises(ValueError, match=message):
        sampler(LENGTHS, batch_sizes=sizes)


def test_items_without_a_side_are_collated(streets):
    data = DATASETS.build(three_cfg(streets))
    paired = PairedSampler(data, seed=0, batch_sizes=SIZES)
    items = [data[index] for index in take(paired, 3)]
    batch = collate_sides(items)
    assert {side: len(part['inputs']) for side, part in batch.items()
            } == SIZES
    assert [name_of(dict(data_samples=sample)) for sample in
            batch['unlabeled']['data_samples']] == [
                name_of(item['unlabeled']) for item in items]
    whole = collate_sides(items[:1])
    assert whole.keys() == pseudo_collate(items[:1]).keys()


# Rare-class sampling of several data sets.


def rare(cfg, stats):
    """The config with statistics of the pixels on disk."""
    labels = DATASETS.build(cfg).sides['labeled']
    classes = labels.metainfo['classes']
    pixels = {
        Path(info['img_path']).stem: count_pixels(
            np.array(Image.open(info['seg_map_path'])), len(classes))
        for info in map(labels.get_data_info, range(len(labels)))
    }
    save_class_stats(stats, classes, pixels)
    return dict(cfg, rare_class_sampling=dict(
        stats=str(stats), min_pixels=500, temperature=.01))


def test_rare_classes_are_sampled_from_wrapped_data_sets(streets, tmp_path):
    for path in streets.glob('*/gtFine/*/*.png'):
        label = np.zeros((32, 64), np.uint8)
        if path.name.startswith('val_001') and 'camera' in path.parts:
            label[:16] = 10
        Image.fromarray(label).save(path)
    cfg = rare(wrapped_cfg(streets), tmp_path / 'stats.json')
    data = DATASETS.build(cfg)
    for seed in range(4):
        item = data[PairIndex(dict(labeled=7, unlabeled=1), seed)]
        assert name_of(item['labeled']) == 'val_001_l'
        assert name_of(item['unlabeled']) == 'train_001'


def test_statistics_by_name_need_different_names(streets, tmp_path):
    cfg = wrapped_cfg(streets)
    first, second = cfg['sides']['labeled']['datasets']
    first['dataset'] = dict(second, data_prefix=dict(
        img_path='leftImg8bit/copy', seg_map_path='gtFine/train'))
    folder = streets / 'rendered/leftImg8bit'
    shutil.copytree(folder / 'train', folder / 'copy')
    with pytest.raises(ValueError) as error:
        DATASETS.build(rare(cfg, tmp_path / 'stats.json'))
    message = str(error.value)
    assert "'train_00" in message and 'rare_class_sampling=None' in message
    assert f'{folder}/copy/train_00' in message
    assert f'{folder}/train/train_00' in message
