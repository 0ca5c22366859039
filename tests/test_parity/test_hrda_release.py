"""HRDA is equal to the classes of its release, step by step."""
from pathlib import Path

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_fst.engine.hooks import MeanTeacherHook
from mmseg_fst.models import MultiScaleSegmentor
from mmseg_fst.models.protocols.default import default_scores
from mmseg_fst.ops import Box
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.fields import TRUSTED_BOX

from .method_release import (
    assert_close,
    learn,
    optimizer_of,
    runner_of,
    samples_of,
)
from .release import RecordedClassMix
from .tape import batches, first_weights

PATH = Path(__file__).parents[1] / 'data' / 'hrda_release' / 'hrda.pt'
NAMES = {
    'labeled.decode.loss_ce': 'decode.loss_seg',
    'labeled.detail.loss_ce': 'decode.hr.loss_seg',
    'labeled.loss_feature_distance': 'src.loss_imnet_feat_dist',
    'mixed.decode.loss_ce': 'mix.decode.loss_seg',
    'mixed.detail.loss_ce': 'mix.decode.hr.loss_seg',
}


@MODELS.register_module()
class ToyScales(nn.Module):
    """Four maps at a stride of 4."""

    def __init__(self, width):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 7, stride=4, padding=3)
        self.stages = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=1) for _ in range(3))

    def forward(self, image):
        maps = [torch.tanh(self.stem(image))]
        for stage in self.stages:
            maps.append(torch.tanh(stage(maps[-1])))
        return maps


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')


@pytest.fixture(scope='module')
def record():
    return torch.load(PATH, weights_only=True)


def build(meta, **changes):
    """HRDA on the toy encoder, with the weights of the record."""
    width, channels = meta['width'], meta['channels']
    side = meta['size']
    head = dict(
        type='DAFormerHead', in_channels=[width] * 4, channels=channels,
        embed_dims=channels, dilations=(1, 2), dropout_ratio=0.,
        norm_cfg=dict(type='BN'))
    segmentor = dict(
        type='MultiScaleSegmentor', detail_size=(meta['detail_size'], ) * 2,
        backbone=dict(type='ToyScales', width=width),
        decode_head=dict(
            type='ScaleAttentionHead', head=head,
            attention=dict(dilations=()), num_classes=meta['num_classes'],
            detail_weight=meta['detail_weight'],
            loss_decode=dict(type='CrossEntropyLoss')),
        test_cfg=dict(mode='slide', crop_size=(side, side),
                      stride=(side // 2, side // 2)))
    segmentor['decode_head'].update(changes.pop('head', {}))
    model = MODELS.build(ConfigDict({**dict(
        type='MeanTeacher', segmentor=segmentor,
        data_preprocessor=dict(type='SelfTrainingDataPreProcessor'),
        pseudo_labeler=dict(
            type='ConfidentRatio', threshold=meta['threshold']),
        mixer=dict(type='RecordedClassMix'),
        regularizer=dict(type='FeatureDistance', **meta['fdist']),
        backward='separate'), **changes}))
    return model.double().train()


def load_weights(model, record):
    """Both networks and the pretrained encoder at their start."""
    final, seed = record['final_student'], record['meta']['seed']
    # Counts of batches are integers and begin at zero.
    weights = {
        name: value if final[name].is_floating_point()
        else torch.zeros_like(final[name])
        for name, value in first_weights(final, seed).items()
    }
    for network in (model.student, model.teacher):
        network.load_state_dict(weights)
    pretrained = first_weights(final, seed + 1)
    model.pretrained_encoder.load_state_dict({
        name.removeprefix('backbone.'): value
        for name, value in pretrained.items() if name.startswith('backbone.')
    })


def replay(record, monkeypatch, **changes):
    """Train as in the record; the model, its losses and pseudo-labels."""
    meta = record['meta']
    model = build(meta, **changes)
    load_weights(model, record)
    RecordedClassMix.masks = iter(record['class_masks'])
    boxes = iter(record['boxes'])
    monkeypatch.setattr(MultiScaleSegmentor, 'sample_box',
                        lambda self, size: Box(*next(boxes)))
    top, bottom, left, right = meta['margins']
    side = meta['size']
    trusted = (top, side - bottom, left, side - right)
    data = batches(meta['seed'], meta['iters'], side, meta['num_classes'],
                   2, 2)
    optimizer = optimizer_of(model, meta['lr'], meta['decay'])
    hook, losses, labels = MeanTeacherHook(decay=meta['alpha']), [], []
    for index, ((image, label), target) in enumerate(
            zip(data['labeled'], data['unlabeled'])):
        hook.before_train_iter(runner_of(model, index), index)
        samples = [SegDataSample(metainfo={TRUSTED_BOX: trusted})
                   for _ in target]
        losses.append(learn(
            model, optimizer, dict(labeled=image, unlabeled=target),
            dict(labeled=samples_of(label), unlabeled=samples)))
        labels.append(model.pseudo_label)
    return model, losses, labels, data


def check(record, monkeypatch, **changes):
    model, losses, labels, data = replay(record, monkeypatch, **changes)
    for found, expected in zip(losses, record['iters']):
        for name, released in NAMES.items():
            assert found[name] == pytest.approx(
                expected[released], rel=1e-9), name
    assert torch.equal(torch.stack(labels).byte(), record['pseudo_labels'])
    for network in ('student', 'teacher'):
        assert_close(model.network(network).state_dict(),
                     record[f'final_{network}'], 1e-9)
    return model, data


def test_the_record_is_reproduced(record, monkeypatch):
    """Losses, pseudo-labels, weights after three steps, and a prediction."""
    model, data = check(record, monkeypatch)
    image = data['unlabeled'][0][:1].repeat(1, 1, 1, 2)
    with torch.no_grad():
        logits = default_scores(
            model.eval().student, image, [SegDataSample()]).full()
    torch.testing.assert_close(
        logits.softmax(1)[:, :, ::2, ::2], record['test_scores'],
        rtol=0, atol=1e-9)


def test_logits_of_the_sliding_teacher(record):
    """Before the first step, at each fourth pixel."""
    meta = record['meta']
    model = build(meta)
    load_weights(model, record)
    image = batches(meta['seed'], 1, meta['size'], meta['num_classes'],
                    2, 2)['unlabeled'][0]
    with torch.no_grad():
        logits = model.teacher(image)
    torch.testing.assert_close(
        logits[:, :, ::4, ::4], record['teacher_logits'][0],
        rtol=0, atol=1e-9)


@pytest.mark.parametrize('change', [
    dict(head=dict(detail_weight=.2)), dict(head=dict(attention=dict())),
    dict(teacher_mode='eval')], ids=str)
def test_a_different_rule_is_seen(record, monkeypatch, change):
    with pytest.raises((AssertionError, RuntimeError)):
        check(record, monkeypatch, **change)


def test_boxes_begin_where_those_of_the_release_do(record):
    """Of images of 1024: the first, the last and the number of starts."""
    network = build(record['meta']).student
    network.detail_size = (512, 512)
    starts = {network.sample_box((1024, 1024)).top for _ in range(2000)}
    assert [min(starts), max(starts), len(starts)] == record['meta']['starts']
