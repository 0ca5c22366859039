"""GCT against a recorded run of its authors' training loop."""
from pathlib import Path

import pytest
import torch
from mmengine.config import ConfigDict

from mmseg_fst.registry import MODELS

from .method_release import enlarge, iterations_of, samples_of

RECORD = Path(__file__).parents[1] / 'data' / 'gct_release' / 'gct.pt'
# Our names of the convolutions of the detector, in their order.
CONVS = ('1', '2', '2_1', '3', '3_1', '4', '4_1')
NETWORKS = dict(l_model='student.left', r_model='student.right',
                fd_model='auxiliary.flaw_detector')


def rename(models):
    """Names of the record to names of our model."""
    state = {}
    for network, weights in models.items():
        for name, value in weights.items():
            for old, new in (
                    *((f'conv{conv}.', f'layers.{i}.0.')
                      for i, conv in enumerate(CONVS)),
                    *((f'ibn{conv}.bnorm.', f'layers.{i}.1.batch.')
                      for i, conv in enumerate(CONVS)),
                    ('encoder.', 'backbone.layers.')):
                if name.startswith(old):
                    name = name.replace(old, new, 1)
                    break
            if network != 'fd_model':
                name = name.replace('classifier.', 'decode_head.conv_seg.')
            state[f'{NETWORKS[network]}.{name}'] = value
    return state


def build(meta, **changes):
    network = dict(
        type='EncoderDecoder',
        backbone=dict(type='ToyEncoder', channels=6),
        decode_head=dict(
            type='FCNHead', in_channels=6, channels=6, num_convs=0,
            concat_input=False, dropout_ratio=0., num_classes=5,
            align_corners=True, loss_decode=dict(type='CrossEntropyLoss')))
    return MODELS.build(ConfigDict(
        type='GCT',
        students=dict(left=network, right=network),
        flaw_detector={
            **dict(
                type='FlawDetector', channels=2, error_share=meta['mu'],
                dilations=meta['nu'], match_release=True), **changes
        },
        data_preprocessor=dict(type='SelfTrainingDataPreProcessor'),
        flaw_threshold=meta['dc_threshold'],
        ramp_iters=meta['dc_rampup_epochs'] * meta['iters_per_epoch'],
        loss_weights=dict(
            consistency=meta['dc_ssl_scale'], correction=meta['fc_ssl_scale'],
            detector=meta['fd_scale']))).double().train()


def batch_of(image, label):
    image, label = enlarge(image, label)
    images = (image.double() / 32).split(2)
    return (dict(zip(('labeled', 'unlabeled'), images)),
            dict(labeled=samples_of(label), unlabeled=samples_of(count=2)))


def replay(**changes):
    """Train as in the record; losses and states after each iteration."""
    record = torch.load(RECORD, weights_only=True)
    meta = record['meta']
    model = build(meta, **changes)
    missing = model.load_state_dict(rename(record['init']))
    assert not missing.missing_keys and not missing.unexpected_keys
    optimizers = [
        *(torch.optim.SGD(student.parameters(), 1., momentum=.9,
                          weight_decay=5e-4)
          for student in model.student.values()),
        torch.optim.Adam(
            model.auxiliary.flaw_detector.parameters(), betas=(.9, .99))
    ]
    for _, batch, expected in iterations_of(record):
        losses = model.loss(*batch_of(*batch))
        for optimizer, rate in zip(optimizers, expected['lr'].values()):
            optimizer.param_groups[0]['lr'] = rate
            optimizer.zero_grad()
        sum(value for name, value in losses.items()
            if 'loss' in name).backward()
        for optimizer in optimizers:
            optimizer.step()
        yield losses, model.state_dict(), expected


def check(**changes):
    compared = set()
    for losses, state, expected in replay(**changes):
        for side, name in (('l', 'left'), ('r', 'right')):
            for actual, recorded in (
                    (f'{name}.labeled.decode.loss_ce', f'{side}_task_loss'),
                    (f'{name}.consistency.loss_mse', f'{side}_dc_loss'),
                    (f'{name}.correction.loss_mse', f'{side}_fc_loss')):
                assert losses[actual].item() == pytest.approx(
                    expected['losses'][recorded], rel=1e-9), actual
        detector = [expected['losses'][f'{side}_fd_loss'] for side in 'lr']
        assert losses['detector.loss_mse'].item() == pytest.approx(
            sum(detector) / 2, rel=1e-9)
        for name, value in rename(expected['models']).items():
            if not name.endswith('num_batches_tracked'):  # 0 in the record
                torch.testing.assert_close(
                    state[name], value, rtol=1e-9, atol=1e-9, msg=name)
            compared.add(name)
    assert compared == set(state)


def test_the_record_is_reproduced():
    """Losses, weights and running statistics of three networks."""
    check()


@pytest.mark.parametrize('changes', [
    dict(match_release=False), dict(dilations=2), dict(error_share=.4)])
def test_another_target_is_detected(changes):
    with pytest.raises(AssertionError):
        check(**changes)
