"""Images without labels: Clothing Co-Parsing and a user's own folder."""
import json
from pathlib import Path

import numpy as np
import pytest
from fake_ssl import make_camvid_ssl, make_ccp
from mmengine.config import Config
from PIL import Image

from mmseg_fst.apis import check_config
from mmseg_fst.registry import DATASETS

CCP = Path(__file__).parents[3] / 'shared' / 'data' / 'ccp' / 'meta.json'
PIPELINE = [
    dict(type='LoadWholeImage'),
    dict(type='Resize', scale=(64, 48), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(32, 32)),
    dict(type='PackSegInputs')
]


def names_of(data):
    return [
        Path(data.get_data_info(i)['img_path']).name for i in range(len(data))
    ]


def clothing(root, **options):
    return dict(
        type='ClothingDataset',
        data_root=str(root),
        ann_file='splits/train_1_8_seed0_unlabelled.txt',
        data_prefix=dict(img_path='images'),
        pipeline=PIPELINE,
        serialize_data=False,
        **options)


def test_photos_that_have_no_label_are_added(tmp_path):
    root = make_ccp(tmp_path / 'ccp')
    labeled = DATASETS.build(clothing(root))
    both = DATASETS.build(
        clothing(root, extra_ann_file='splits/unlabelled_extra.txt'))
    assert names_of(both) == names_of(labeled) + [
        'extra_000.jpg', 'extra_001.jpg'
    ]
    assert not (root / 'labels' / 'extra_000.png').exists()
    assert both[3]['inputs'].shape == (3, 32, 32)


def test_a_missing_further_list_is_named(tmp_path):
    cfg = Config(clothing(
        make_ccp(tmp_path / 'ccp'), extra_ann_file='splits/none.txt'))
    with pytest.raises(FileNotFoundError, match='extra_ann_file.*none.txt'):
        check_config(cfg)


def test_a_photo_without_label_cannot_be_labeled(tmp_path):
    cfg = clothing(
        make_ccp(tmp_path / 'ccp'),
        extra_ann_file='splits/unlabelled_extra.txt')
    cfg['ann_file'] = 'splits/train_1_8_seed0_labelled.txt'
    cfg['data_prefix']['seg_map_path'] = 'labels'
    with pytest.raises(FileNotFoundError, match='extra_000.jpg'):
        DATASETS.build(dict(type='PairedDataset', sides=dict(labeled=cfg)))


def test_classes_are_those_of_the_data():
    if not CCP.is_file():
        pytest.skip(f'{CCP} is missing: classes not compared')
    meta = json.loads(CCP.read_text())
    metainfo = DATASETS.get('ClothingDataset').METAINFO
    assert list(metainfo['classes']) == meta['classes']
    assert metainfo['palette'] == meta['palette']


@pytest.fixture
def folder(tmp_path):
    """Photos of three sizes and endings, nested, among other files."""
    root = tmp_path / 'mine'
    for name, size in (('b.JPG', (80, 40)), ('a/c.png', (30, 90)),
                       ('a/d/e.jpeg', (64, 64)), ('.hidden.jpg', (8, 8))):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(
            np.full((*size[::-1], 3), 90, np.uint8)).save(path)
    (root / 'notes.txt').write_text('no image')
    return root


def own(folder, **options):
    return dict(
        type='UnlabeledFolderDataset',
        data_root=str(folder.parent),
        data_prefix=dict(img_path=folder.name),
        pipeline=PIPELINE,
        **options)


def test_a_folder_of_photos_is_the_unlabeled_side(folder, tmp_path):
    root = make_camvid_ssl(tmp_path / 'camvid')
    labeled = dict(
        type='CamVidDataset',
        data_root=str(root),
        ann_file='splits/train_1_16_seed0_labelled.txt',
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        pipeline=[PIPELINE[0], dict(type='LoadAnnotations'), *PIPELINE[1:]])
    cfg = dict(
        type='PairedDataset',
        sides=dict(labeled=labeled, unlabeled=own(folder)),
        disjoint=True, expected=dict(unlabeled=3))
    check_config(Config(cfg))
    data = DATASETS.build(cfg)
    assert data.lengths['unlabeled'] == 3 and data.lengths['labeled'] == 2
    assert names_of(data.sides['unlabeled']) == ['c.png', 'e.jpeg', 'b.JPG']
    for index in range(3):
        item = data[index]['unlabeled']
        assert 'gt_sem_seg' not in item['data_samples']
        assert item['inputs'].shape[0] == 3
    assert tuple(data[1]['unlabeled']['inputs'].shape) == (3, 32, 32)


def test_a_folder_without_photos_is_named(folder):
    cfg = own(folder, img_suffix=('.webp', ))
    labeled = {**own(folder), 'serialize_data': False}
    with pytest.raises(ValueError, match=r"unlabeled.*mine ends.*\.webp"):
        DATASETS.build(
            dict(
                type='PairedDataset',
                sides=dict(labeled=labeled, unlabeled=cfg)))
