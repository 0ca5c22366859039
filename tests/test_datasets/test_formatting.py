"""Labels in bytes are the same labels."""
import numpy as np
import pytest
import torch
from helpers import REPOSITORY, make_streets, pair_index, random_label
from mmengine.config import Config
from mmengine.dataset import pseudo_collate

from mmseg_fst.registry import DATASETS, MODELS, TRANSFORMS


def pack(kind, labeled=True, flipped=False):
    rng = np.random.default_rng(0)
    results = dict(
        img=rng.integers(0, 256, (32, 64, 3)).astype(np.uint8),
        img_path='a.jpg', img_shape=(32, 64), seg_fields=[])
    if labeled:
        results['gt_seg_map'] = random_label(rng)
        if flipped:
            results['gt_seg_map'] = results['gt_seg_map'][:, ::-1]
    return TRANSFORMS.build(dict(type=kind))(results)


@pytest.mark.parametrize('flipped', [False, True])
def test_labels_are_bytes(flipped):
    stock = pack('PackSegInputs', flipped=flipped)
    packed = pack('PackByteInputs', flipped=flipped)
    assert torch.equal(stock['inputs'], packed['inputs'])
    labels = [item['data_samples'].gt_sem_seg.data for item in (stock, packed)]
    assert labels[0].dtype == torch.int64 and labels[1].dtype == torch.uint8
    assert labels[0].shape == labels[1].shape == (1, 32, 64)
    assert torch.equal(labels[0], labels[1].long())
    assert stock['data_samples'].metainfo == packed['data_samples'].metainfo


def test_without_a_label_there_is_none():
    sample = pack('PackByteInputs', labeled=False)['data_samples']
    assert 'gt_sem_seg' not in sample and sample.img_path == 'a.jpg'


def config_batch(root, stock):
    """A preprocessed batch of the demo's config, and the raw one."""
    cfg = Config.fromfile(
        REPOSITORY / 'configs/_base_/datasets/streets_256x128.py')
    pairs, preprocessor = cfg.train_dataloader.dataset, cfg.data_preprocessor
    preprocessor.size = (40, 64)  # so that labels are padded
    for side, domain in (('labeled', 'rendered'), ('unlabeled', 'camera')):
        part = pairs.sides[side]
        part.data_root = str(root / domain)
        part.serialize_data = False  # it collects garbage
        assert part.pipeline[-1].type == 'PackByteInputs'
        if stock:
            part.pipeline[-1].type = 'PackSegInputs'
    data = DATASETS.build(pairs)
    raw = pseudo_collate([data[pair_index(i, i, i)] for i in range(2)])
    return MODELS.build(preprocessor)(raw, True), raw


def test_a_batch_of_a_config_is_that_of_the_stock(tmp_path):
    """On the device all labels are of 64 bits; the batch is left alone."""
    root = make_streets(tmp_path)
    (packed, raw), (stock, _) = (config_batch(root, index) for index in (0, 1))
    for side in ('labeled', 'unlabeled'):
        assert torch.equal(packed['inputs'][side], stock['inputs'][side])
    for actual, expected in zip(packed['data_samples']['labeled'],
                         stock['data_samples']['labeled']):
        assert actual.gt_sem_seg.data.dtype == torch.int64
        assert actual.gt_sem_seg.shape == (40, 64)
        assert torch.equal(actual.gt_sem_seg.data, expected.gt_sem_seg.data)
        assert actual.metainfo == expected.metainfo
    for sample in raw['labeled']['data_samples']:
        assert sample.gt_sem_seg.data.dtype == torch.uint8
        assert sample.gt_sem_seg.shape == (32, 64)
