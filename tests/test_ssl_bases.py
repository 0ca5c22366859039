"""The bases of semi-supervised data load tiny data in the real layouts."""
import re

import pytest
import torch
from fake_data import MAKERS
from fake_ssl import make_camvid_ssl
from helpers import FIXTURES, REPOSITORY

from mmseg_fst.apis import check_config, read_config
from mmseg_fst.registry import DATASETS, MODELS

FOLDER = REPOSITORY / 'configs' / '_base_' / 'datasets'
ORIGINAL, BLENDED = (92, 183, 366, 732, 1464), (331, 662, 1323, 2646)
UNIMATCH_VOC = {labels: 10582 - labels for labels in (*ORIGINAL, *BLENDED)}
U2PL_VOC = {labels: 10582 - labels for labels in (662, 1323, 2646)}
U2PL_CITIES = {labels: 2975 - labels for labels in (186, 372, 744)}
UNIMATCH_CITIES = {100: 2875, **U2PL_CITIES}
# By the name of a base: labeled and unlabeled images of each partition,
# classes, images of each side in a batch of all GPUs.
EXPECTED = {
    'voc2012_513x513': (U2PL_VOC, 21, 4 * 4),
    'voc2012_513x513_released-padding': (U2PL_VOC, 21, 4 * 4),
    'voc2012_505x505_eln':
    ({labels: 10582 - labels for labels in (1323, 2646)}, 21, 6),
    'voc2012_513x513_diverse': (UNIMATCH_VOC, 21, 2 * 8),
    'voc2012_321x321': (UNIMATCH_VOC, 21, 2 * 4),
    'voc2012_321x321_blended': (U2PL_VOC, 21, 2 * 4),
    'voc2012_321x321_diverse': (UNIMATCH_VOC, 21, 4 * 4),
    'voc2012_321x321_gct': (U2PL_VOC, 21, 2 * 4),
    'voc2012_321x321_stpp':
    ({labels: 10582 - labels for labels in (*ORIGINAL, 662, 1323, 2646)},
     21, 8),
    'voc2012_512x512_cps': (U2PL_VOC, 21, 2 * 4),
    'voc2012_320x320': (UNIMATCH_VOC, 21, 10),
    'voc2012_512x512': (UNIMATCH_VOC, 21, 4 * 8),
    'voc2012_518x518': (UNIMATCH_VOC, 21, 4 * 4),
    'cityscapes_ssl_769x769': (U2PL_CITIES, 19, 2 * 8),
    'cityscapes_ssl_769x769_released-padding': (U2PL_CITIES, 19, 2 * 8),
    'cityscapes_ssl_769x769_diverse': (UNIMATCH_CITIES, 19, 2 * 4),
    'cityscapes_ssl_801x801': (UNIMATCH_CITIES, 19, 2 * 4),
    'cityscapes_ssl_800x800_cps': (U2PL_CITIES, 19, 2 * 4),
    'cityscapes_ssl_798x798': (UNIMATCH_CITIES, 19, 2 * 4),
    'cityscapes_ssl_800x800_ps-mt': ({372: 2603, 744: 2231}, 19, 4 * 2),
    'cityscapes_ssl_720x720_ps-mt': ({372: 2603, 744: 2231}, 19, 4 * 2),
    'cityscapes_ssl_721x721_stpp': (UNIMATCH_CITIES, 19, 8),
    'cityscapes_ssl_512x512_reco': (UNIMATCH_CITIES, 19, 2),
    'cityscapes_ssl_256x512_ctt': (UNIMATCH_CITIES, 19, 2),
    'camvid_ssl': ({23: 344}, 11, 2),
    'camvid_ssl_1_8': ({46: 321}, 11, 2),
    'camvid_ssl_1_4': ({92: 275}, 11, 2),
    'ccp_ssl': ({94: 934}, 12, 2),
    'ccp_ssl_1_16': ({47: 981}, 12, 2),
}
BASES = sorted(EXPECTED)
# Each with all of its partitions.
LISTS = [(name, labels) for name in BASES for labels in EXPECTED[name][0]]
SHARED = FIXTURES.parent / 'data'


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    """One tiny data set of each kind; the bases read it."""
    folder = tmp_path_factory.mktemp('data')
    makers = dict(
        camvid=make_camvid_ssl,
        **{name: MAKERS[name] for name in ('VOC2012', 'cityscapes', 'ccp')})
    with pytest.MonkeyPatch.context() as patch:
        for name, make in makers.items():
            patch.setenv(f'{name.upper()}_ROOT', str(make(folder / name)))
        yield folder


def load(name, labels=None):
    partition = str(labels) if labels and 'x' in name else None
    return read_config(str(FOLDER / f'{name}.py'), partition=partition)


def sides_of(cfg):
    sides = cfg.train_dataloader.dataset.sides
    return sides.labeled, sides.unlabeled, cfg.val_dataloader.dataset


def test_every_base_is_tested():
    assert BASES == sorted(
        path.stem for path in FOLDER.glob('*.py')
        if path.stem.startswith(('voc2012', 'ccp')) or '_ssl' in path.stem)


@pytest.mark.parametrize('name', [entry for entry in BASES if 'x' in entry])
def test_partitions_are_those_of_the_releases(name):
    cfg = load(name)
    assert set(cfg.partitions) == {str(entry) for entry in EXPECTED[name][0]}
    message = f"no partition '7'. Choose one of .*{cfg.partition}"
    with pytest.raises(ValueError, match=message):
        load(name, 7)


@pytest.mark.parametrize('name, labels', LISTS)
def test_counts_and_batches(name, labels):
    cfg = load(name, labels)
    unlabeled, _, batch = EXPECTED[name]
    dataset = cfg.train_dataloader.dataset
    assert dataset.expected == dict(
        labeled=labels, unlabeled=unlabeled[labels])
    assert dataset.disjoint
    assert batch % cfg.train_dataloader.batch_size == 0
    assert tuple(cfg.data_preprocessor.size) == tuple(cfg.crop_size)
    assert cfg.test_dataloader == cfg.val_dataloader
    if 'x' in name:
        height, side = map(int, re.search(r'(\d+)x(\d+)', name).groups())
        assert cfg.crop_size == (height, side)
        assert f'/{labels}/' in dataset.sides.labeled.ann_file
        # U2PL's lists with the crops of U2PL alone.
        family = 'u2pl' if side in (513, 769) and (
            'diverse' not in name) else 'stpp'
        assert all(f'splits/{family}/' in entry.ann_file
                   for entry in sides_of(cfg)[:2])


@pytest.mark.parametrize('name', BASES)
def test_items_are_crops_with_and_without_a_label(name, roots):
    cfg = load(name)
    check_config(cfg)
    dataset = cfg.train_dataloader.dataset
    for entry in sides_of(cfg):
        entry.serialize_data = False  # it collects garbage
    with pytest.raises(ValueError, match=str(dataset.expected.labeled)):
        DATASETS.build(dataset)
    del dataset.expected
    data = DATASETS.build(dataset)
    assert len(data.metainfo['classes']) == EXPECTED[name][1]
    items = [data[index] for index in range(2)]
    assert 'gt_sem_seg' not in items[0]['unlabeled']['data_samples']
    batch = MODELS.build(cfg.data_preprocessor)(
        {
            side: dict(
                inputs=[item[side]['inputs'] for item in items],
                data_samples=[item[side]['data_samples'] for item in items])
            for side in items[0]
        }, True)
    for images in batch['inputs'].values():
        assert images.shape == (2, 3, *cfg.crop_size)
    label = batch['data_samples']['labeled'][0].gt_sem_seg.data
    assert label.shape == (1, *cfg.crop_size)
    assert set(label.unique().tolist()) <= {*range(EXPECTED[name][1]), 255}
    val = DATASETS.build(cfg.val_dataloader.dataset)
    assert len(val) == 2 and val[0]['data_samples'].gt_sem_seg.data.any()


@pytest.mark.parametrize('name, padded', [
    ('voc2012_513x513', 255), ('voc2012_513x513_released-padding', 0),
    ('cityscapes_ssl_769x769', 255),
    ('cityscapes_ssl_769x769_released-padding', 0)])
def test_padding_is_ignored_unless_it_is_the_releases(name, padded, roots):
    """Photos of 128 x 72 are padded to the crop in any case."""
    cfg = load(name)
    del cfg.train_dataloader.dataset.expected
    item = DATASETS.build(cfg.train_dataloader.dataset)[0]
    batch = MODELS.build(cfg.data_preprocessor)(
        {side: dict(inputs=[entry['inputs']],
                    data_samples=[entry['data_samples']])
         for side, entry in item.items()}, True)
    sample = batch['data_samples']['labeled'][0]
    released = padded == 0
    assert (sample.gt_sem_seg.data[0, -1] == padded).all()
    assert (sample.gt_sem_seg.data[0, 0] == 0).all() == released
    # The model ignores what lies outside as padding.
    whole = tuple(batch['data_samples']['unlabeled'][0].img_shape)
    assert (whole == tuple(cfg.crop_size)) == released
    corner = batch['inputs']['unlabeled'][0, :, -1, -1]
    assert torch.allclose(corner, torch.zeros(3), atol=.01)


@pytest.mark.parametrize('seed', ['1', '2'])
def test_a_variable_names_another_split(monkeypatch, seed):
    monkeypatch.setenv('SPLIT_SEED', seed)
    for name in BASES:
        if 'x' not in name:
            for side in sides_of(load(name))[:2]:
                assert f'_seed{seed}_' in side.ann_file


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize(
    'name', [base for base in BASES if 'x' not in base])
def test_counts_are_those_of_the_data(name, seed, monkeypatch):
    """With the real lists, where they are."""
    root = SHARED / name.split('_')[0]
    if not root.is_dir():
        pytest.skip(f'{root} is missing: lists not compared')
    monkeypatch.setenv(f'{root.name.upper()}_ROOT', str(root))
    monkeypatch.setenv('SPLIT_SEED', str(seed))
    cfg = load(name)
    for side in sides_of(cfg):
        side.serialize_data = False
    check_config(cfg)
    data = DATASETS.build(cfg.train_dataloader.dataset)
    lengths = data.lengths
    assert {lengths['labeled']: lengths['unlabeled']} == EXPECTED[name][0]
