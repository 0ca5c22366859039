"""PS-MT equals the training loop of its authors, step by step."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import nn

from mmseg_fst.engine import MeanTeacherHook
from mmseg_fst.models import BetaCutMix
from mmseg_fst.models.split_heads import LastLayers
from mmseg_fst.registry import HOOKS, MODELS

from .method_release import rename
from .tape import Tape, batches, first_weights
from .tape_release import build_runner, train

RECORD = (
    Path(__file__).parents[1] / 'data' / 'ps_mt_release' / 'ps_mt.pt')
SIZE, CLASSES, EPOCH, ITERS = 48, 21, 2, 6


@MODELS.register_module()
class PSMTHead(BaseDecodeHead):
    """The decoder of the release, narrow; features are its input."""

    def __init__(self, **kwargs) -> None:
        super().__init__(dropout_ratio=0, **kwargs)
        layers, inputs = [], self.in_channels
        for _ in range(2):
            layers += [
                nn.Conv2d(inputs, self.channels, 3, padding=1, bias=False),
                nn.BatchNorm2d(self.channels),
                nn.ReLU()
            ]
            inputs = self.channels
        self.fuse = nn.Sequential(*layers)

    def encode(self, features):
        return features[-1]

    def last_layers(self):
        return LastLayers(self.fuse, self.conv_seg)

    def forward(self, features):
        return self.conv_seg(self.fuse(features[-1]))


@MODELS.register_module()
class RecordedBetaCutMix(BetaCutMix):
    """The boxes of the release, from the same random numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = np.random.RandomState(5)

    def sample_boxes(self, count, height, width):
        half = int(height * (1 - self.numbers.beta(4, 4))**.5) // 2
        rows, columns = (
            self.numbers.randint(size=[count], low=side // 8, high=side)
            for side in (height, width))
        edges = [np.clip(center + step, 0, side)
                 for step in (-half, half)
                 for center, side in ((columns, width), (rows, height))]
        return torch.from_numpy(np.stack(edges, 1))


@MODELS.register_module()
class HalfContrast(nn.Module):
    """A strong view that is not random."""

    def forward(self, image, mean, std):
        return image / 2


@HOOKS.register_module()
class LateTeacherHook(MeanTeacherHook):
    """The decay does not warm up, as in the release."""

    def updates(self, runner, passes):
        return 10**6


def renamed(state):
    return rename(state, **{
        'encoder_s.': 'student.backbone.', 'decoder_s.': 'student.',
        **{f'encoder{index + 1}.': f'teacher.networks.{index}.backbone.'
           for index in range(2)},
        **{f'decoder{index + 1}.': f'teacher.networks.{index}.'
           for index in range(2)},
        'upsample.last_conv.': 'decode_head.fuse.',
        'upsample.classifier.': 'decode_head.conv_seg.'
    })


def model_config(xi):
    head = dict(
        type='PSMTHead',
        in_channels=12,
        in_index=0,
        channels=8,
        num_classes=CLASSES,
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True))
    return dict(
        type='PSMT',
        segmentor=dict(
            type='EncoderDecoder',
            backbone=dict(type='StridedEncoder', widths=(6, 12)),
            decode_head=head,
            test_cfg=ConfigDict(mode='whole')),
        data_preprocessor=dict(
            type='SelfTrainingDataPreProcessor', mean=[0.] * 3, std=[1.] * 3,
            size=(SIZE, SIZE)),
        pseudo_labeler=dict(type='ConfidenceWeight', threshold=.3),
        mixer=dict(type='RecordedBetaCutMix'),
        photometric=dict(type='HalfContrast'),
        perturbation=dict(type='VirtualAdversarial', xi=xi),
        turn_iters=EPOCH,
        ramp_iters=2 * EPOCH,
        assist_classes=7,
        loss_weights=dict(mixed=1.5))


def replay(work_dir, xi, buffers='average', **changes):
    """Train as in the record.

    Returns:
        tuple: The record, the model, the losses of each iteration.
    """
    record = torch.load(RECORD, weights_only=True)
    runner = build_runner(
        work_dir, {**model_config(xi), **changes},
        batches(2, ITERS, SIZE, CLASSES, labeled=2, unlabeled=3), 1e-2,
        dict(norm_decay_mult=0., bias_decay_mult=0.), 10 * EPOCH,
        [dict(type='LateTeacherHook', decay=.996, buffers=buffers,
              when='after')])
    start = renamed({
        name: value * 2 if name.endswith('classifier.weight') else value
        for name, value in first_weights(record['final'], seed=1).items()})
    model = runner.model
    for network in model.teacher.networks:  # they do not start as copies
        network.load_state_dict = lambda state: None
    return record, model, train(runner, start)


@pytest.fixture(autouse=True)
def double(monkeypatch):
    torch.set_default_dtype(torch.float64)
    Tape(11).play(monkeypatch)
    yield
    torch.set_default_dtype(torch.float32)


def differing(record, model):
    """Names of the weights that differ from the record."""
    state = model.state_dict()
    return {name for name, value in renamed(record['final']).items()
            if not torch.allclose(state[name], value, rtol=1e-9, atol=1e-9)}


@pytest.mark.parametrize('xi', [.1, 1e-6])
def test_the_record_is_reproduced(tmp_path, xi):
    record, model, logged = replay(tmp_path, xi)
    assert len(logged) == ITERS
    # So small a step magnifies rounding errors, in float64 as well.
    tolerance = dict(rel=1e-9 if xi == .1 else 1e-7, abs=1e-12)
    for losses, expected in zip(logged, record['losses'][str(xi)]):
        assert losses['labeled.decode.loss_ce'] == pytest.approx(
            expected['sup'], **tolerance)
        assert losses['mixed.decode.loss_ce'] == pytest.approx(
            expected['unsup'], **tolerance)
    if xi != .1:  # of which the weights are not recorded
        return
    parts = [name.split('.')[0:3:2] for name in renamed(record['final'])]
    assert ['student', 'layers'] in parts and ['teacher', '1'] in parts
    assert not differing(record, model)
    image = batches(2, 1, SIZE, CLASSES, 2, 3)['labeled'][0][0]
    with torch.no_grad():
        logits = model.eval().teacher.encode_decode(
            image, [dict(img_shape=(SIZE, SIZE))] * 2)
    torch.testing.assert_close(
        logits[:1, :, ::6, ::6], record['mean'], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('changes, moved', [
    (dict(turn_iters=EPOCH + 1), {'teacher.networks.0', 'student'}),
    (dict(buffers='keep'), {'teacher.networks.0', 'teacher.networks.1'}),
    (dict(ramp_iters=EPOCH), {'student'}),
    (dict(assist_classes=1), {'student'}),
], ids=lambda case: str(case) if isinstance(case, dict) else '')
def test_other_settings_are_detected(tmp_path, changes, moved):
    record, model, _ = replay(tmp_path, .1, **changes)
    found = differing(record, model)
    for part in moved:
        assert any(name.startswith(part) for name in found), part
