"""A pack gives the pixels of its steps, and is refused when it is not true."""
import os
import pickle

import numpy as np
import pytest
import torch
from helpers import paired_cfg, streets_cfg
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmseg_fst.datasets.packed import (
    INDEX,
    ITEMS,
    LoadPacked,
    decode_item,
    encode_item,
)
from mmseg_fst.datasets.packing import Pack
from mmseg_fst.datasets.samplers import PairedSampler
from mmseg_fst.registry import DATASETS

FIXED = [
    dict(type='LoadWholeImage'),
    dict(type='LoadAnnotations'),
    dict(type='Resize', scale=(50, 30), keep_ratio=True)
]
RANDOM = [
    dict(type='RandomFactorResize', ranges=((.5, 2.), )),
    dict(type='RandomCrop', crop_size=(16, 16)),
    dict(type='RandomFlip', prob=.5),
    dict(type='PackSegInputs')
]


def cfg_of(root, steps=FIXED, **kwargs):
    """Config of pairs, whose images are scaled first by some steps."""
    cfg = paired_cfg(root, **kwargs)
    cfg['sides']['labeled']['pipeline'] = [*steps, *RANDOM]
    cfg['sides']['unlabeled']['pipeline'] = [
        step for step in cfg['sides']['labeled']['pipeline']
        if step['type'] != 'LoadAnnotations'
    ]
    return cfg


def packs_of(cfg, folder):
    """The packs of both sides, not yet made."""
    data = DATASETS.build(dict(cfg, packed=None))
    return [Pack(name, side, cfg['sides'][name]['pipeline'], str(folder))
            for name, side in data.sides.items()]


@pytest.fixture
def made(streets, tmp_path):
    """A config, and the packs that were made of it."""
    packs = packs_of(cfg_of(streets), tmp_path / 'packed')
    for pack in packs:
        pack.write()
    return cfg_of(streets, packed=str(tmp_path / 'packed')), packs


def batches(cfg, num_workers=0):
    data = DATASETS.build(cfg)
    loader = DataLoader(
        data, batch_size=2, sampler=PairedSampler(data, seed=3),
        num_workers=num_workers, collate_fn=pseudo_collate)
    iterator = iter(loader)
    return [next(iterator) for _ in range(3)]


def assert_same(found, expected):
    for side in ('labeled', 'unlabeled'):
        for image, want in zip(found[side]['inputs'],
                               expected[side]['inputs']):
            assert torch.equal(image, want)
        for sample, want in zip(found[side]['data_samples'],
                                expected[side]['data_samples']):
            assert sample.metainfo == want.metainfo
            assert ('gt_sem_seg' in sample) == (side == 'labeled')
            if side == 'labeled':
                assert torch.equal(sample.gt_sem_seg.data,
                                   want.gt_sem_seg.data)


@pytest.mark.parametrize('steps, num_workers', [
    (FIXED, 0), (FIXED[:2], 0), (FIXED, 1)])
def test_batches_are_equal_to_the_last_bit(streets, tmp_path, steps,
                                           num_workers):
    want = batches(cfg_of(streets, steps))
    for pack in packs_of(cfg_of(streets, steps), tmp_path / 'packed'):
        pack.write(workers=num_workers)
    cfg = cfg_of(streets, steps, packed=str(tmp_path / 'packed'))
    for expected, found in zip(want, batches(cfg, num_workers)):
        assert_same(found, expected)


def test_nothing_is_decoded(made, monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError('decoded')

    want = batches(made[0])
    monkeypatch.setattr('mmcv.imfrombytes', fail)
    for expected, found in zip(want, batches(made[0])):
        assert_same(found, expected)
    with pytest.raises(AssertionError, match='decoded'):
        batches(dict(made[0], packed=None))


def test_what_is_written_to_is_a_copy(made):
    made[1][0].install()
    load = made[1][0].side.pipeline.transforms[0]
    first = load(dict(sample_idx=1))
    first['img'][:] = 0
    first['gt_seg_map'][:] = 0
    again = load(dict(sample_idx=1))
    assert again['img'].any() and again['gt_seg_map'].any()


def test_pixels_are_not_sent_to_workers(made):
    load = LoadPacked(str(made[1][0].folder))
    load(dict(sample_idx=0))
    copied = pickle.loads(pickle.dumps(load))
    assert len(pickle.dumps(load)) < 1000 < len(load.items)
    np.testing.assert_array_equal(
        copied(dict(sample_idx=3))['img'], load(dict(sample_idx=3))['img'])


def test_the_estimate_is_the_size(made):
    for pack in made[1]:
        size = (pack.folder / ITEMS).stat().st_size
        assert pack.estimate() == pytest.approx(size, rel=.01)


def test_a_missing_pack_says_how_to_make_it(streets, tmp_path):
    with pytest.raises(FileNotFoundError, match='pack_dataset.py') as error:
        DATASETS.build(cfg_of(streets, packed=str(tmp_path / 'none')))
    assert 'labeled side' in str(error.value)
    assert f'--out {tmp_path / "none"}' in str(error.value)


def test_other_steps_need_another_pack(made, streets):
    steps = [*FIXED[:2], dict(FIXED[2], scale=(50, 31))]
    with pytest.raises(FileNotFoundError) as error:
        DATASETS.build(cfg_of(streets, steps, packed=made[0]['packed']))
    message = str(error.value)
    assert f'existing {made[1][0].folder.name} was created with other steps.' \
        in message


def test_another_list_needs_another_pack(made, streets):
    (streets / 'camera/leftImg8bit/train/train_003_leftImg8bit.jpg').unlink()
    with pytest.raises(FileNotFoundError) as error:
        DATASETS.build(made[0])
    assert 'unlabeled side' in str(error.value)
    assert 'was created with other images and files.' in str(error.value)


@pytest.mark.parametrize('place', [
    'leftImg8bit/train/train_002_leftImg8bit.jpg',
    'gtFine/train/train_002_gtFine_labelTrainIds.png'
])
@pytest.mark.parametrize('what', ['size', 'time'])
def test_a_changed_file_is_named(made, streets, place, what):
    path = streets / 'rendered' / place
    state = path.stat()
    if what == 'size':
        path.write_bytes(path.read_bytes() + b'.')
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    else:
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 10**9))
    with pytest.raises(FileNotFoundError) as error:
        DATASETS.build(made[0])
    assert '1 images or labels have changed' in str(error.value)
    assert 'train_002_leftImg8bit.jpg' in str(error.value)
    pack = packs_of(made[0], made[0]['packed'])[0]
    pack.write()
    DATASETS.build(made[0])


def test_moved_data_keep_their_pack(made, streets, tmp_path):
    streets.rename(tmp_path / 'elsewhere')
    DATASETS.build(cfg_of(tmp_path / 'elsewhere', packed=made[0]['packed']))


@pytest.mark.parametrize('name', [ITEMS, INDEX])
def test_a_part_of_a_pack_is_none(made, name):
    path = made[1][0].folder / name
    if name == ITEMS:
        path.write_bytes(path.read_bytes()[:-1])
    else:
        path.unlink()
    with pytest.raises(FileNotFoundError, match=str(path.parent)):
        DATASETS.build(made[0])


def test_what_broke_off_does_not_count(made, streets, monkeypatch):
    """Neither as a pack nor as space on the disk."""
    pack = made[1][0]
    leftover = pack.folder / '.items.1-1.tmp.bin'
    leftover.write_bytes(b'pixels')
    label = streets / 'rendered/gtFine/train'
    (label / 'train_003_gtFine_labelTrainIds.png').write_bytes(b'no image')
    with pytest.raises(OSError):
        pack.write()
    assert pack.problem() == f'{pack.folder} is missing.'
    assert not leftover.exists()
    assert not list(pack.folder.glob('.*'))


def test_a_random_beginning_cannot_be_packed(streets, tmp_path):
    cfg = streets_cfg(streets, pipeline=RANDOM)
    side = DATASETS.build(cfg)
    with pytest.raises(ValueError, match='starts with RandomFactorResize'):
        Pack('labeled', side, RANDOM, str(tmp_path))


def test_values_survive_a_round_trip():
    item = dict(
        img=np.arange(24, dtype=np.uint8).reshape(2, 4, 3), scale=(4, 2),
        scale_factor=(1 / 3, .1), seg_fields=['a'], keep_ratio=True,
        label_map=None)
    read = decode_item(encode_item(item))
    np.testing.assert_array_equal(read.pop('img'), item.pop('img'))
    assert read == item and isinstance(read['scale'], tuple)


@pytest.mark.parametrize('value', [
    np.zeros(3, np.float64), np.float64(1), object()])
def test_values_of_other_types_are_refused(value):
    with pytest.raises(TypeError, match='packed'):
        encode_item(dict(value=value))
