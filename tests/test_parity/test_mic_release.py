"""MIC is equal to the classes of its release, step by step."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_fst.engine.hooks import MeanTeacherHook
from mmseg_fst.models import MultiScaleSegmentor
from mmseg_fst.ops import Box, denormalize, normalize
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.fields import TRUSTED_BOX

from . import test_hrda_release as hrda
from .method_release import (
    assert_close,
    learn,
    optimizer_of,
    runner_of,
    samples_of,
)
from .release import RecordedClassMix
from .tape import Tape, batches

PATH = Path(__file__).parents[1] / 'data' / 'mic_release' / 'mic.pt'
NAMES = {
    **hrda.NAMES,
    'masked.decode.loss_ce': 'masked.decode.loss_seg',
    'masked.detail.loss_ce': 'masked.decode.hr.loss_seg',
}
#: Of MIC on DAFormer and on HRDA, and each ``mask_mode`` of the release.
RUNS = ['daformer', 'hrda', 'hrda_separate', *(
    f'daformer_{mode}' for mode in (
        'separate', 'separateaug', 'separatesrc', 'separatesrcaug',
        'separatetrg'))]


@MODELS.register_module()
class LinearPhotometric(nn.Module):
    """Linear functions in the place of jitter and blur, when recorded."""

    def forward(self, image, mean, std):
        jitter, blur = next(self.triggers)
        if jitter:
            image = normalize(
                .8 * denormalize(image, mean, std) + .1, mean, std)
        return image + .25 * image.flip(3) if blur else image


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')


@pytest.fixture(scope='module')
def record():
    return torch.load(PATH, weights_only=True)


def daformer(meta):
    """The network of one scale."""
    width, channels = meta['width'], meta['channels']
    return dict(
        type='EncoderDecoder',
        backbone=dict(type='ToyScales', width=width),
        decode_head=dict(
            type='DAFormerHead', in_channels=[width] * 4, channels=channels,
            embed_dims=channels, dilations=(1, 2), dropout_ratio=0.,
            norm_cfg=dict(type='BN'), num_classes=meta['num_classes'],
            loss_decode=dict(type='CrossEntropyLoss')),
        test_cfg=dict(mode='whole'))


def build(record, name, **changes):
    """MIC on the toy network, with the weights of the record."""
    meta, run = record['meta'], record['runs'][name]
    changes = dict(dict(
        masked_images=run['images'], augment_masked=run['augment']), **changes)
    if not run['hrda']:
        changes['segmentor'] = daformer(meta)
    model = hrda.build(
        meta, type='MIC',
        mask=dict(type='BlockMask', block_size=meta['block_size'],
                  ratio=meta['ratio']),
        photometric=dict(type='LinearPhotometric'),
        data_preprocessor=dict(
            type='SelfTrainingDataPreProcessor', mean=meta['mean'],
            std=meta['std']), **changes)
    complete = record['runs'][name.partition('_')[0]]
    hrda.load_weights(model, dict(complete, meta=meta))
    return model


def check(record, name, monkeypatch, **changes):
    """Train as in the record and compare."""
    meta, run = record['meta'], record['runs'][name]
    model = build(record, name, **changes)
    masks = np.unpackbits(run['class_masks'].numpy(), axis=-1)
    RecordedClassMix.masks = iter(torch.from_numpy(masks))
    LinearPhotometric.triggers = iter(run['triggers'])
    boxes = iter(run.get('boxes', ()))
    monkeypatch.setattr(MultiScaleSegmentor, 'sample_box',
                        lambda self, size: Box(*next(boxes)))
    masked = []
    model.masked_consistency.mask.register_forward_hook(
        lambda module, args, output: masked.append(output[..., ::8, ::8]))
    top, bottom, left, right = meta['margins']
    side = meta['size']
    trusted = (top, side - bottom, left, side - right)
    data = batches(meta['seed'], meta['iters'], side, meta['num_classes'],
                   2, 2)
    Tape(meta['mask_seed']).play(monkeypatch)
    optimizer = optimizer_of(model, meta['lr'], meta['decay'])
    hook = MeanTeacherHook(decay=meta['alpha'])
    for index, ((image, label), target) in enumerate(
            zip(data['labeled'], data['unlabeled'])):
        hook.before_train_iter(runner_of(model, index), index)
        losses = learn(
            model, optimizer, dict(labeled=image, unlabeled=target),
            dict(labeled=samples_of(label), unlabeled=[
                SegDataSample(metainfo={TRUSTED_BOX: trusted})
                for _ in target]))
        expected = run['iters'][index]
        assert {NAMES[key] for key in losses
                if 'loss' in key} == set(expected)
        for key in losses.keys() & NAMES.keys():
            assert losses[key] == pytest.approx(
                expected[NAMES[key]], rel=1e-9), key
        torch.testing.assert_close(
            masked[index], run['masked'][index], rtol=0, atol=1e-9)
        assert model.pseudo_weight.max() == run['pseudo_weights'][index]
        if 'pseudo_labels' in run:
            assert torch.equal(
                model.pseudo_label.byte(), run['pseudo_labels'][index])
    for network in ('student', 'teacher'):
        assert_close(model.network(network).state_dict(),
                     run.get(f'final_{network}', {}), 1e-9)


@pytest.mark.parametrize('name', RUNS)
def test_the_record_is_reproduced(record, monkeypatch, name):
    """Masked views, weights, losses, and both networks after three steps."""
    check(record, name, monkeypatch)


@pytest.mark.parametrize('name, changes', [
    ('hrda_separate', dict(masked_images='unlabeled')),
    ('daformer_separateaug', dict(augment_masked=False)),
    ('daformer', dict(loss_weights=dict(masked=.99)))], ids=str)
def test_a_different_rule_is_seen(record, monkeypatch, name, changes):
    with pytest.raises(AssertionError):
        check(record, name, monkeypatch, **changes)
