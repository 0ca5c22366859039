"""The data preprocessor of batches with several sides."""
import copy

import pytest
import torch
from helpers import (
    IGNORE,
    build_model,
    make_batch,
    model_cfg,
    preprocessor_cfg,
)
from mmseg.models.data_preprocessor import SegDataPreProcessor

from mmseg_fst.registry import MODELS


def test_preprocessing_does_not_write_to_the_batch():
    """Virtual steps preprocess the same batch again."""
    model = build_model().train()
    batch = make_batch()
    copies = copy.deepcopy(batch)
    first = model.data_preprocessor(batch, True)
    model(**first, mode='loss')
    second = model.data_preprocessor(batch, True)
    for name in ('labeled', 'unlabeled'):
        assert torch.equal(second['inputs'][name], model.data_preprocessor(
            copies, True)['inputs'][name])
        for actual, expected in zip(batch[name]['inputs'],
                                    copies[name]['inputs']):
            assert torch.equal(actual, expected)
    for actual, expected in zip(batch['labeled']['data_samples'],
                         copies['labeled']['data_samples']):
        assert torch.equal(actual.gt_sem_seg.data, expected.gt_sem_seg.data)
        assert actual.metainfo == expected.metainfo
    for actual, expected in zip(second['data_samples']['labeled'],
                         copies['labeled']['data_samples']):
        assert torch.equal(actual.gt_sem_seg.data, expected.gt_sem_seg.data)


def test_padding_does_not_write_to_the_batch():
    model = build_model(model_cfg(size=(40, 72))).train()
    batch = make_batch()
    for _ in range(2):
        done = model.data_preprocessor(batch, True)
        assert done['inputs']['unlabeled'].shape == (2, 3, 40, 72)
        sample = done['data_samples']['labeled'][0]
        assert sample.gt_sem_seg.data.shape == (1, 40, 72)
        assert (sample.gt_sem_seg.data[:, 32:] == IGNORE).all()
    sample = batch['labeled']['data_samples'][0]
    assert sample.gt_sem_seg.data.shape == (1, 32, 64)


def test_each_branch_is_turned_to_rgb_and_normalized():
    preprocessor = MODELS.build(preprocessor_cfg())
    batch = make_batch()
    done = preprocessor(batch, True)
    cfg = preprocessor_cfg()
    for name in ('labeled', 'unlabeled'):
        for image, raw in zip(done['inputs'][name], batch[name]['inputs']):
            for channel in range(3):
                want = (raw[2 - channel].float() -
                        cfg['mean'][channel]) / cfg['std'][channel]
                torch.testing.assert_close(image[channel], want)


@pytest.mark.parametrize('training', [True, False])
def test_a_batch_without_branches_is_mmsegmentations(training):
    cfg = preprocessor_cfg()
    plain = SegDataPreProcessor(
        **{key: value
           for key, value in cfg.items() if key != 'type'})
    batch = make_batch()['labeled']
    got = MODELS.build(cfg)(copy.deepcopy(batch), training)
    want = plain(copy.deepcopy(batch), training)
    assert torch.equal(got['inputs'], want['inputs'])
    assert len(got['data_samples']) == 2
