"""CorrMatch: which labels spread, by which threshold."""
import copy

import pytest
import torch
import torch.nn.functional as F
from helpers import REPOSITORY
from mmengine.config import Config
from ssl_methods import again_of, batch_of, logits_of, losses_of, method

from mmseg_fst.methods import corr_match
from mmseg_fst.registry import MODELS
from tests.test_engine.toy import (
    assert_equal,
    corr_match_config,
    make_runner,
)

SGD = dict(type='SGD', lr=.05, momentum=.9)
STILL = dict(type='ChannelDropout', prob=0.)


def corrmatch(start=.15, **changes):
    changes = {**dict(
        backward='joint', perturbation=STILL,
        correlation=dict(type='CorrelationHead', channels=6, dropout_ratio=0.),
        confidence_threshold=dict(
            type='ConfidenceThreshold', start=start, decay=.9)), **changes}
    return method('ssl_corrmatch', **changes)


def caught(monkeypatch, name):
    """Arguments and results of a function of the method."""
    calls, original = [], getattr(corr_match, name)

    def catch(*args):
        calls.append((args, original(*args)))
        return calls[-1][1]

    monkeypatch.setattr(corr_match, name, catch)
    return calls


def test_the_threshold_is_updated_before_it_is_used(monkeypatch):
    regions = caught(monkeypatch, 'label_regions')
    model = corrmatch(mixer=dict(type='CutMix', prob=0.))
    student = copy.deepcopy(model.student)
    image, _, weak = batch_of(model)
    losses = losses_of(model)
    with torch.no_grad():
        logits = logits_of(student, torch.cat([image, weak]))[-len(weak):]
    confidence, label = logits.softmax(1).max(1)
    peaks = [confidence[label == index].max() for index in label.unique()]
    want = .9 * .15 + .1 * torch.stack(peaks).mean()
    torch.testing.assert_close(losses['confidence_threshold'], want)
    (_, sure, _, threshold, _), _ = regions[0]
    assert torch.equal(sure, confidence >= threshold)
    assert 0 < sure.float().mean() < 1
    torch.testing.assert_close(
        losses['pseudo_label_weight'], sure.float().mean())
    assert model.confidence_threshold.value == pytest.approx(.15)
    model.commit()
    torch.testing.assert_close(model.confidence_threshold.value, want)


def test_regions_leave_pasted_boxes_alone(monkeypatch):
    """There the labels are of the second crops."""
    regions = caught(monkeypatch, 'label_regions')
    model = corrmatch(start=0., mixer=dict(type='CutMix', prob=1.))
    other = again_of(model)
    with torch.no_grad():
        again = logits_of(copy.deepcopy(model.student).eval(), other)
    losses_of(model)
    (label, sure, masks, *_), (filled, used) = regions[0]
    pasted = model.mixed.mask
    assert pasted.any() and masks.any()
    assert masks.shape[1] == 128 and not masks[pasted[:, None].expand_as(
        masks)].any()
    assert torch.equal(label[pasted], again.argmax(1)[pasted])
    assert torch.equal(filled[pasted], label[pasted])
    assert torch.equal(model.mixed.label, filled)
    assert torch.equal(model.mixed.weight, used.float())


def test_the_soft_target_is_the_weak_view_also_in_boxes(monkeypatch):
    soft = caught(monkeypatch, 'divergence')
    model = corrmatch(mixer=dict(type='CutMix', prob=1.))
    student = copy.deepcopy(model.student)
    image, _, weak = batch_of(model)
    losses = losses_of(model)
    with torch.no_grad():
        logits = logits_of(student, torch.cat([image, weak]))[-len(weak):]
    (strong, target, sure, valid), value = soft[0]
    torch.testing.assert_close(target, logits)
    assert not target.requires_grad and valid.all()
    torch.testing.assert_close(losses['soft.loss_kl'], value / 8)
    loss = F.kl_div(strong.log_softmax(1), logits.softmax(1),
                    reduction='none').sum(1)
    torch.testing.assert_close(value, (loss * sure).sum() / sure.numel())


def test_logits_that_spread_train_the_correlation_alone():
    weights = dict(
        labeled=0., mixed=0., soft=0., perturbed=0., labeled_correlated=1.,
        weak_correlated=1., mixed_correlated=1.)
    model = corrmatch(loss_weights=weights)
    losses = losses_of(model)
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    for weight in model.student.decode_head.parameters():
        assert weight.grad is None or not weight.grad.any()
    for module in (model.auxiliary, model.student.backbone):
        assert any(weight.grad is not None and weight.grad.any()
                   for weight in module.parameters())


def test_boxes_of_other_images_of_the_batch():
    model = corrmatch(paste='batch', mixer=dict(type='CutMix', prob=1.))
    losses = losses_of(model)
    assert {name.split('.')[0] for name in losses if 'loss' in name} == set(
        model.parts)
    assert all(value.isfinite() for value in losses.values())


def test_a_step_that_does_not_count_leaves_the_threshold():
    model = corrmatch()
    threshold = model.confidence_threshold
    losses_of(model)
    model.discard()
    model.commit()
    assert threshold.value == pytest.approx(.15)
    confidence, label = torch.rand(1, 4, 4), torch.zeros(1, 4, 4).long()
    nothing = torch.zeros(1, 4, 4).bool()
    assert threshold(confidence, label, nothing) == threshold.value


def test_regions_of_random_positions():
    head = corrmatch().auxiliary['correlation_head']
    correlation = torch.rand(2, 12, 3, 4)
    samples = torch.cat([head.sample_positions(12) for _ in range(20)])
    assert set(samples.tolist()) == set(range(12))
    assert head.sample_regions(correlation, (6, 8)).shape == (2, 128, 6, 8)


def test_a_resumed_run_has_the_same_threshold(tmp_path):
    changes = dict(model=corr_match_config(), max_iters=4,
                   default_hooks=dict(checkpoint=dict(
                       type='CheckpointHook', by_epoch=False, interval=2)))
    hooks = [dict(type='SeedIterationHook')]
    runner = make_runner(tmp_path / 'whole', hooks, SGD, **changes)
    runner.train()
    whole = runner.model.state_dict()
    again = make_runner(
        tmp_path / 'again', hooks, SGD, resume=True,
        load_from=str(tmp_path / 'whole' / 'iter_2.pth'), **changes)
    again.train()
    assert whole['confidence_threshold.value'] != pytest.approx(.2)
    assert_equal(whole, again.model.state_dict())


@pytest.mark.parametrize('change, message', [
    (dict(warmup_iters=1), 'does not use `model.warmup_iters`'),
    (dict(correlation=dict(type='CorrelationHead', num_regions=0)),
     'num_regions must be at least 1'),
    (dict(confidence_threshold=dict(type='ConfidenceThreshold', start=1.1)),
     r'start must be in \[0, 1\]'),
    (dict(confidence_threshold=dict(type='ConfidenceThreshold', decay=-.1)),
     r'decay must be in \[0, 1\]')])
def test_wrong_arguments_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        corrmatch(**change)


def test_the_map_is_the_last_one_of_the_decode_head():
    model = corrmatch()
    head = model.student.decode_head
    found = model.auxiliary['correlation_head']
    assert found.project[0].in_channels == head.in_channels
    assert found.in_index == head.in_index
    config = corr_match_config()
    config['segmentor']['decode_head'].update(
        type='SegformerHead', in_channels=[4, 8, 16, 32],
        in_index=[0, 1, 2, 3])
    config['segmentor']['decode_head'].pop('num_convs')
    found = MODELS.build(config).auxiliary['correlation_head']
    assert (found.in_index, found.project[0].in_channels) == (3, 32)


@pytest.mark.parametrize('cell', [
    'camvid-1_16', 'voc-stpp_resnet101-deeplabv3plus',
    'cityscapes-stpp_resnet101-deeplabv3plus'])
def test_the_correlation_learns_as_fast_as_the_decode_head(cell):
    config = Config.fromfile(
        str(REPOSITORY / 'configs' / 'ssl' / f'{cell}_corrmatch.py'))
    factors = config.optim_wrapper.paramwise_cfg.custom_keys

    def factor(name):
        return [value.lr_mult for key, value in factors.items() if key in name]

    assert factor('auxiliary.correlation_head.query') == factor(
        'student.decode_head.conv_seg') != []
