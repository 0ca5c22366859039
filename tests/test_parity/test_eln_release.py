"""ELN against a recorded run of its authors' training loop."""
from pathlib import Path

import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from torch import nn

from mmseg_fst.ops import ema_update_
from mmseg_fst.registry import MODELS

from .method_release import enlarge, iterations_of, samples_of

RECORD = Path(__file__).parents[1] / 'data' / 'eln_release' / 'eln.pt'
WIDTH = 6


@MODELS.register_module()
class TwoStageEncoder(nn.Module):
    """Feature maps of stride 2 and 4."""

    def __init__(self, in_channels=3):
        super().__init__()
        self.stem, self.deep = (
            nn.Sequential(
                nn.Conv2d(channels, WIDTH, 3, 2, 1, bias=False),
                nn.BatchNorm2d(WIDTH), nn.ReLU())
            for channels in (in_channels, WIDTH))

    def forward(self, image):
        finest = self.stem(image)
        return [finest, self.deep(finest)]


@MODELS.register_module()
class TwoStageHead(BaseDecodeHead):
    """Classes, and a representation, from both maps."""

    def __init__(self, representation_channels=None, **kwargs):
        super().__init__(
            in_channels=[WIDTH] * 2, in_index=[0, 1], channels=WIDTH,
            input_transform='multiple_select', dropout_ratio=0,
            align_corners=True, **kwargs)
        self.representation_channels = representation_channels
        self.fuse = nn.Sequential(
            nn.Conv2d(2 * WIDTH, WIDTH, 1, bias=False),
            nn.BatchNorm2d(WIDTH), nn.ReLU())
        if representation_channels:
            self.proj = nn.Conv2d(WIDTH, representation_channels, 1)

    def fused(self, features):
        finest, deep = features
        deep = resize(deep, finest.shape[2:], mode='bilinear',
                      align_corners=True)
        return self.fuse(torch.cat([finest, deep], 1))

    def forward(self, features):
        return self.cls_seg(self.fused(features))

    def forward_represented(self, features):
        fused = self.fused(features)
        return self.cls_seg(fused), self.proj(fused)


class Recorded(nn.Module):
    """The strong view of the record."""

    def forward(self, image, mean, std):
        return self.image


def rename(models):
    """Names of the record to names of our model."""
    places = dict(
        enc='student.backbone.', dec='student.decode_head.',
        enc2='teacher.backbone.', dec2='teacher.decode_head.',
        sub0='auxiliary.decoders.heads.0.', sub1='auxiliary.decoders.heads.1.',
        eln='auxiliary.localizer.network.')
    state = {}
    for network, weights in models.items():
        for name, value in weights.items():
            if network.startswith('sub') and name.startswith('proj.'):
                continue  # trained by no loss
            if network == 'eln':
                name = name.replace('fuse.', 'decode_head.fuse.')
                name = name.replace('classifier.', 'decode_head.cls.')
            name = name.replace('cls.', 'conv_seg.')
            state[places[network] + name] = value
    return state


def build(meta, **changes):
    def network(**head):
        return dict(
            type='EncoderDecoder', backbone=dict(type='TwoStageEncoder'),
            decode_head=dict(
                type='TwoStageHead', loss_decode=dict(
                    type='CrossEntropyLoss', avg_non_ignore=True), **head))

    classes = meta['classes']
    model = MODELS.build(ConfigDict({
        **dict(
            type='ELN',
            segmentor=network(num_classes=classes, representation_channels=4),
            localizer=dict(
                type='ErrorLocalizer', match_release=True,
                network=network(num_classes=classes)),
            contrast=dict(type='CropContrast', temperature=meta['temp']),
            data_preprocessor=dict(
                type='SelfTrainingDataPreProcessor', mean=[0.] * 3,
                std=[1.] * 3),
            warmup_iters=meta['length']), **changes
    })).double().train()
    model.photometric = Recorded()
    return model


def batch_of(image, label, weak, strong):
    image, label, weak, strong = enlarge(image, label, weak, strong)
    return (dict(labeled=image.double() / 32, unlabeled=weak.double() / 32),
            dict(labeled=samples_of(label), unlabeled=samples_of(count=2)),
            strong.double() / 32)


def replay(**changes):
    """Train as in the record; losses and states after each iteration."""
    record = torch.load(RECORD, weights_only=True)
    meta = record['meta']
    model = build(meta, **changes)
    missing = model.load_state_dict(rename(record['init']), strict=False)
    assert not missing.unexpected_keys
    assert all(name.startswith('teacher.') for name in missing.missing_keys)
    weights = model.trained_parameters()
    optimizer = torch.optim.AdamW(
        weights, lr=meta['lr'], weight_decay=meta['weight_decay'])
    moved = set()
    for index, batch, expected in iterations_of(record):
        epoch, first = divmod(index, meta['length'])
        if epoch == 1 and first == 0:
            model.teacher.load_state_dict(model.student.state_dict())
        elif epoch > 1 and first == 0:  # as StudentResetHook
            model.student.load_state_dict(model.teacher.state_dict())
        inputs, samples, model.photometric.image = batch_of(*batch)
        torch.manual_seed(meta['seed'] + index)
        losses = model.loss(inputs, samples)
        optimizer.zero_grad()
        sum(value for name, value in losses.items()
            if 'loss' in name).backward()
        for weight in weights:  # one without a loss yet has no moments
            if weight.grad.any():
                moved.add(weight)
            elif weight not in moved:
                weight.grad = None
        optimizer.step()
        if epoch:
            ema_update_(list(model.teacher.parameters()),
                        list(model.student.parameters()), meta['decay'])
        yield losses, model.state_dict(), expected


def check(**changes):
    names = {
        'labeled.decode.loss_ce': 'sup_loss',
        'weak.loss_ce': 'pseudo_loss', 'strong.loss_ce': 'pseudo_loss_aug',
        'contrast.loss_weak': 'pxl_loss',
        'contrast.loss_strong': 'pxl_contra_aug'
    }
    chosen, compared = [], set()
    for losses, state, expected in replay(**changes):
        wanted = expected['losses']
        for actual, recorded in names.items():
            assert (actual in losses) == (recorded in wanted)
            if actual in losses:
                assert losses[actual].item() == pytest.approx(
                    wanted[recorded], rel=1e-9), actual
        assert losses['localizer.loss_bce'].item() == pytest.approx(
            sum(wanted[f'eln_{key}'] for key in (20, 50, 100)), rel=1e-9)
        for index, factor in enumerate((20, 50)):
            loss = wanted[f'sup_loss_{factor}']
            learns = loss >= factor * wanted['sup_loss']
            chosen.append(learns)
            assert losses[f'decoders.loss_{index}'].item() == pytest.approx(
                learns * loss, rel=1e-9)
        for name, value in rename(expected['models']).items():
            # The release runs its passes of labeled images three times.
            if 'running' in name or 'num_batches' in name:
                continue
            torch.testing.assert_close(
                state[name], value, rtol=1e-9, atol=1e-9, msg=name)
            compared.add(name)
    assert True in chosen and False in chosen
    assert len(compared) == sum('running' not in name and
                                'num_batches' not in name for name in state)


def test_the_record_is_reproduced():
    """Losses, and weights of student, teacher, decoders and localizer."""
    check()


@pytest.mark.parametrize('changes', [
    dict(factors=(19., 50.)), dict(warmup_iters=0),
    dict(contrast=dict(type='CropContrast', temperature=.4)),
    dict(contrast=dict(type='CropContrast', num_crops=7))])
def test_another_rule_is_detected(changes):
    with pytest.raises(AssertionError):
        check(**changes)
