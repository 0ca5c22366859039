"""CCT equals the training loop of its authors, step by step."""
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import ConfigDict

from .tape import Tape, batches, first_weights
from .tape_release import build_runner, train

RECORD = (
    Path(__file__).parents[1] / 'data' / 'cct_release' / 'cct.pt')
SIZE, CLASSES, EPOCH, EPOCHS = 64, 5, 3, 10


#: From names of the release to names of the model, in this order.
NAMES = [
    (r'^encoder\.base\.', 'student.backbone.'),
    (r'^encoder\.psp\.stages\.(\d)\.1\.',
     r'student.decode_head.psp_modules.\1.1.conv.'),
    (r'^encoder\.psp\.stages\.(\d)\.2\.',
     r'student.decode_head.psp_modules.\1.1.bn.'),
    (r'^encoder\.psp\.bottleneck\.0\.',
     'student.decode_head.bottleneck.conv.'),
    (r'^encoder\.psp\.bottleneck\.1\.', 'student.decode_head.bottleneck.bn.'),
    (r'^main_decoder\.upsample\.0\.', 'student.decode_head.conv_seg.'),
    (r'^main_decoder\.upsample\.(\d)\.conv',
     lambda found: f'student.decode_head.upsample.{int(found[1]) - 1}.0'),
    (r'^aux_decoders\.(\d+)\.upsample\.0\.',
     r'auxiliary.decode_heads.decoders.\1.0.'),
    (r'^aux_decoders\.(\d+)\.upsample\.(\d)\.conv',
     lambda found: (f'auxiliary.decode_heads.decoders.{found[1]}.1.'
                    f'{int(found[2]) - 1}.0')),
]


def renamed(state):
    result = {}
    for name, value in state.items():
        pattern, new = next(
            pair for pair in NAMES if re.match(pair[0], name))
        result[re.sub(pattern, new, name)] = value
    return result


def model_config(xi):
    perturbations = [
        (1, dict(type='VirtualAdversarial', xi=xi)),
        (2, dict(type='ChannelDropout')),
        (2, dict(type='GuidedCutout', min_contour=0)),
        (1, dict(type='ContextMask')),
        (1, dict(type='ObjectMask')),
        (2, dict(type='AttentionDropout')),
        (2, dict(type='FeatureNoise'))
    ]
    head = dict(
        type='ShufflePSPHead',
        in_channels=32,
        in_index=0,
        channels=8,
        pool_scales=(1, 2, 3, 6),
        num_classes=CLASSES,
        norm_cfg=dict(type='BN', requires_grad=True),
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True))
    return dict(
        type='CCT',
        segmentor=dict(
            type='EncoderDecoder',
            backbone=dict(type='StridedEncoder', widths=(8, 16, 32)),
            decode_head=head,
            test_cfg=ConfigDict(mode='whole')),
        data_preprocessor=dict(
            type='SelfTrainingDataPreProcessor', size=(SIZE, SIZE)),
        perturbations=perturbations,
        ramp_iters=EPOCH,
        loss_weights=dict(unlabeled=30.))


def replay(work_dir, xi, **changes):
    """Train as in the record.

    Returns:
        tuple: The record, our weights by their names, the losses of each
        iteration.
    """
    record = torch.load(RECORD, weights_only=True)
    runner = build_runner(
        work_dir, {**model_config(xi), **changes},
        batches(2, 2 * EPOCH, SIZE, CLASSES, labeled=2, unlabeled=3), 1e-3,
        dict(custom_keys=dict(head=dict(lr_mult=10.))), EPOCH * EPOCHS)
    logged = train(runner, renamed(first_weights(record['final'], seed=1)))
    return record, runner.model.state_dict(), logged


@pytest.fixture(autouse=True)
def double(monkeypatch):
    torch.set_default_dtype(torch.float64)
    Tape(7).play(monkeypatch)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize('xi', [.1, 1e-6])
def test_the_record_is_reproduced(tmp_path, xi):
    record, state, logged = replay(tmp_path, xi)
    assert len(logged) == 2 * EPOCH
    for losses, expected in zip(logged, record['losses'][str(xi)]):
        assert losses['labeled.decode.loss_ce'] == pytest.approx(
            expected['loss_sup'], rel=1e-9)
        assert losses['unlabeled.loss_consistency'] == pytest.approx(
            expected['loss_unsup'], rel=1e-9)
    if xi != .1:  # of which the weights are not recorded
        return
    final = renamed(record['final'])
    assert {name.split('.')[0] for name in final} == {'student', 'auxiliary'}
    for name, value in final.items():
        torch.testing.assert_close(
            state[name], value, rtol=1e-9, atol=1e-9, msg=name)


@pytest.mark.parametrize('changes', [
    dict(ramp_iters=EPOCH + 1), dict(loss_weights=dict(unlabeled=29.)),
    dict(background=1)], ids=str)
def test_other_settings_are_detected(tmp_path, changes):
    record, _, logged = replay(tmp_path, .1, **changes)
    assert logged[1]['unlabeled.loss_consistency'] != pytest.approx(
        record['losses']['0.1'][1]['loss_unsup'], rel=1e-4)
