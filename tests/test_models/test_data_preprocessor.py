"""The data preprocessor of batches with several sides."""
import copy

import numpy as np
import pytest
import torch
from helpers import (
    IGNORE,
    build_model,
    make_batch,
    model_cfg,
    preprocessor_cfg,
)
from mmengine.structures import PixelData
from mmseg.models.data_preprocessor import SegDataPreProcessor
from mmseg.structures import SegDataSample

from mmseg_fst.methods.batch import Side
from mmseg_fst.models.data_preprocessor import corners_of
from mmseg_fst.ops import ignore_padding
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


def padded_by_hand(image, size, flip, value):
    """Padded at the right and at the bottom, then flipped, by NumPy."""
    missing = [(0, whole - part) for whole, part in zip(size, image.shape)]
    missing += [(0, 0)] * (image.ndim - 2)
    whole = np.pad(image, missing, constant_values=value)
    return whole[:, ::-1] if flip else whole


@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize('size', [(513, 513), (518, 518), (321, 321)])
def test_black_padding_is_that_of_an_image_flipped_later(size, flip):
    """A photo of 500 x 375, as most of Pascal VOC are."""
    rng = np.random.default_rng(0)
    shape = tuple(min(side, crop) for side, crop in zip((375, 500), size))
    rgb = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    label = rng.integers(0, 21, shape, dtype=np.uint8)
    flipped = [array[:, ::-1].copy() if flip else array
               for array in (rgb, label)]
    sample = SegDataSample(metainfo=dict(
        img_shape=shape, flip=flip, flip_direction='horizontal'))
    sample.gt_sem_seg = PixelData(data=torch.from_numpy(flipped[1])[None])
    plain = SegDataSample(metainfo=sample.metainfo)
    image = torch.from_numpy(flipped[0][..., ::-1].transpose(2, 0, 1).copy())
    cfg = {**preprocessor_cfg(size), 'padding': 'black'}
    batch = dict(
        labeled=dict(inputs=[image], data_samples=[sample]),
        unlabeled=dict(inputs=[image], data_samples=[plain]))
    for _ in range(2):  # nothing is written to the batch
        done = MODELS.build(cfg)(batch, True)
    want = (padded_by_hand(rgb, size, flip, 0) - np.array(cfg['mean'])
            ) / np.array(cfg['std'])
    for name in ('labeled', 'unlabeled'):
        np.testing.assert_allclose(
            done['inputs'][name][0].permute(1, 2, 0), want, atol=1e-5)
    found = done['data_samples']['labeled'][0].gt_sem_seg.data
    np.testing.assert_array_equal(
        found[0], padded_by_hand(label, size, flip, IGNORE))
    assert sample.gt_sem_seg.data.shape == (1, *shape)
    # What the model ignores of pseudo-labels is the padding.
    side = Side(done['inputs']['unlabeled'],
                done['data_samples']['unlabeled'])
    ignored = ignore_padding(
        torch.zeros(1, *size, dtype=torch.long), side.sizes,
        corners=side.corners)
    np.testing.assert_array_equal(ignored[0], padded_by_hand(
        np.zeros(shape, np.int64), size, flip, IGNORE))


def test_mean_padding_is_at_the_lower_right_of_a_flipped_image():
    image = torch.full((3, 3, 4), 200, dtype=torch.uint8)
    sample = SegDataSample(metainfo=dict(flip=True, flip_direction='x'))
    batch = dict(labeled=dict(inputs=[image], data_samples=[sample]))
    done = MODELS.build(preprocessor_cfg((5, 6)))(batch, True)
    assert (done['inputs']['labeled'][0, :, :, 4:] == 0).all()
    assert corners_of(done['data_samples']['labeled']) == [(0, 0)]


def test_black_padding_of_a_vertical_flip():
    image = torch.full((3, 3, 4), 200, dtype=torch.uint8)
    sample = SegDataSample(
        metainfo=dict(flip=True, flip_direction='vertical'))
    batch = dict(labeled=dict(inputs=[image], data_samples=[sample]))
    done = MODELS.build({**preprocessor_cfg((5, 6)), 'padding': 'black'})(
        batch, True)
    sample = done['data_samples']['labeled'][0]
    assert corners_of([sample]) == [(2, 0)] and sample.img_shape == (3, 4)
    black = -torch.tensor([123.675, 116.28, 103.53]) / torch.tensor(
        [58.395, 57.12, 57.375])
    torch.testing.assert_close(done['inputs']['labeled'][0, :, 0, 0], black)


@pytest.mark.parametrize('wrong', [
    dict(padding='white'), dict(padding='black', size=None)])
def test_a_wrong_padding_is_refused(wrong):
    with pytest.raises(ValueError, match='padding='):
        MODELS.build({**preprocessor_cfg(), **wrong})


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
