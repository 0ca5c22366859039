"""CCT: a bank of decoders that imitate the main one."""
import copy
import math

import pytest
import torch
from helpers import build_model, make_batch, model_cfg, network_cfg
from mmengine.logging import MessageHub
from mmengine.registry import init_default_scope
from ssl_methods import batch_of, losses_of, perturb

from mmseg_fst.engine import FSTHook  # noqa: F401
from mmseg_fst.models.split_heads import decoder_of, encode
from mmseg_fst.registry import MODELS
from tests.test_engine.toy import (
    assert_equal,
    cct_config,
    make_runner,
    trained,
)

SGD = dict(type='SGD', lr=0.05, momentum=0.9)
CONTEXT = [(1, dict(type='ContextMask')), (2, dict(type='ObjectMask'))]


def method(perturbations=CONTEXT, dropout=0., **changes):
    cfg = model_cfg(
        segmentor=network_cfg(dropout), type='CCT',
        perturbations=perturbations, **changes)
    for key in ('pseudo_labeler', 'mixer'):
        cfg.pop(key, None)
    return build_model(cfg).train()


def test_the_error_by_hand():
    """Of decoders that see the objects, or all but the objects."""
    model = method(backward='joint', loss_weights=dict(unlabeled=30.))
    student = copy.deepcopy(model.student)
    decoders = copy.deepcopy(model.auxiliary['decode_heads'].decoders)
    losses = losses_of(model)
    image, _, weak = batch_of(model)
    student.backbone(image)  # statistics do not matter in training mode
    features = student.extract_feat(weak)
    logits = student.decode_head(features)
    target, mask = logits.softmax(1), (logits.argmax(1) > 0)[:, None].float()
    assert 0 < mask.mean() < 1

    def masked(mask):
        return [
            feature * torch.nn.functional.interpolate(mask, feature.shape[2:])
            for feature in features]

    errors = [
        (decoder(masked(part)).softmax(1) - target).square().mean()
        for decoder, part in zip(decoders, (mask, 1 - mask, 1 - mask))]
    torch.testing.assert_close(
        losses['unlabeled.loss_consistency'], 30 * sum(errors) / 3)


def test_who_learns_from_unlabeled_images():
    """The encoder and all decoders of the bank, not the main decoder."""
    model = method([(2, dict(type='FeatureNoise'))], backward='joint')
    perturb(model.student)  # some layers start with zeros
    loss = losses_of(model)['unlabeled.loss_consistency']
    names, weights = zip(*(
        pair for pair in model.named_parameters() if pair[1].requires_grad))
    gradients = torch.autograd.grad(loss, weights, allow_unused=True)
    for name, gradient in zip(names, gradients):
        learns = name.startswith(('student.backbone', 'auxiliary'))
        assert (gradient is not None and bool(
            gradient.abs().sum() > 0)) == learns, name


def test_before_it_begins_each_weight_has_a_gradient():
    """Else several processes would wait for it."""
    model = method([(2, dict(type='FeatureNoise'))], warmup_iters=3)
    losses = losses_of(model)
    assert losses['loss_unused'] == 0
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    assert all(weight.grad is not None
               for weight in model.trained_parameters())


def test_decoders_have_the_layers_of_the_main_one_and_their_own_weights():
    model = method([(2, dict(type='FeatureNoise'))])
    bank = model.auxiliary['decode_heads'].decoders
    main = model.student.decode_head
    for decoder in bank:
        assert [weight.shape for weight in decoder.parameters()] == [
            weight.shape for weight in main.parameters()]
    firsts = [next(part.parameters()) for part in (main, *bank)]
    assert not torch.equal(firsts[0], firsts[1])
    assert not torch.equal(firsts[1], firsts[2])


@pytest.mark.parametrize('head', [
    dict(type='ShufflePSPHead', in_channels=8, in_index=1),
    dict(type='DeepLabV3PlusHead', in_channels=8, in_index=1,
         c1_in_channels=4, c1_channels=4, dilations=(1, 2), dropout_ratio=.1,
         align_corners=True),
    dict(type='FCNHead', in_channels=8, in_index=1)
], ids=lambda head: head['type'])
def test_a_head_is_cut_without_a_change(head):
    init_default_scope('mmseg_fst')
    head = MODELS.build(
        dict(channels=8, num_classes=5, norm_cfg=dict(type='BN'), **head))
    features = [torch.rand(2, 4, 12, 12), torch.rand(2, 8, 6, 6)]
    logits = []
    for run in (head, lambda given: decoder_of(head)(encode(head, given))):
        torch.manual_seed(0)
        logits.append(run(features))
    assert torch.equal(*logits)
    cut = head.state_dict().keys() - decoder_of(head).state_dict().keys()
    assert bool(cut) == (type(head).__name__ != 'FCNHead')


@pytest.mark.parametrize('done, share', [
    (0, math.exp(-5)), (5, math.exp(-1.25)), (10, 1.), (99, 1.)])
def test_the_weight_grows(done, share):
    model = method(ramp_iters=10)
    hub = MessageHub.get_current_instance()
    full = losses_of(method(ramp_iters=0))
    hub.update_info('iter', done)
    try:
        losses = losses_of(model)
    finally:
        hub.update_info('iter', 0)
    name = 'unlabeled.loss_consistency'
    assert losses[name].item() == pytest.approx(
        share * full[name].item(), rel=1e-5)
    assert torch.equal(losses['labeled.decode.loss_ce'],
                       full['labeled.decode.loss_ce'])


def test_padding_has_no_error():
    """What stands there, and is predicted there, does not matter."""
    model = method()
    bank = model.auxiliary['decode_heads']
    weights = []
    bank.register_forward_pre_hook(
        lambda _, args: weights.append(args[3]))
    data = model.data_preprocessor(make_batch(), True)
    for sample in data['data_samples']['unlabeled']:
        sample.set_metainfo(dict(img_shape=(16, 64)))
    model(**data, mode='loss')
    height = weights[0].shape[1]
    assert (weights[0][:, :height // 2] == 1).all()
    assert not weights[0][:, height // 2:].any()


# FST, with the average of the student as labeler.

TEACHER = dict(label_with='teacher', teacher_mode='eval')
HOOK = dict(type='MeanTeacherHook', decay=.9, buffers='copy', when='after')


def test_depth_zero_is_the_plain_method_bit_for_bit(tmp_path):
    model = cct_config(**TEACHER)
    plain, _ = trained(tmp_path / 'plain', HOOK, SGD, model=model)
    states = []
    for depth in (0, 2):
        hook = {**HOOK, 'type': 'FSTHook', 'depth': depth, 'restore': 'all'}
        states.append(trained(
            tmp_path / f'{depth}', hook, SGD, model=model)[0])
    assert_equal(states[0], plain)
    for part in ('student.', 'teacher.', 'auxiliary.'):
        assert any(not torch.equal(plain[name], states[1][name])
                   for name in plain if name.startswith(part)), part


def test_the_teacher_labels(tmp_path):
    model = method(label_with='teacher')
    with torch.no_grad():
        for weight in model.teacher.decode_head.parameters():
            weight.zero_()
    targets = []
    model.auxiliary['decode_heads'].register_forward_pre_hook(
        lambda _, args: targets.append(args[1]))
    losses_of(model)
    torch.testing.assert_close(
        targets[0], torch.full_like(targets[0], 1 / 11))


def test_without_a_teacher_fst_is_refused(tmp_path):
    runner = make_runner(
        tmp_path, [dict(type='FSTHook')], SGD, model=cct_config())
    with pytest.raises(ValueError, match='needs a model with a teacher'):
        runner.train()


@pytest.mark.parametrize('changes, message', [
    (dict(perturbations=[]), 'model.perturbations is empty'),
    (dict(perturbations=[dict(type='FeatureNoise')]),
     r'each entry must be a number of decoders.*FeatureNoise'),
    (dict(perturbations=[(0, dict(type='FeatureNoise'))]), r'got \(0, '),
    (dict(ramp_iters=-1), 'CCT: ramp_iters must be at least 0, got -1'),
    (dict(label_with='peers'),
     "CCT: label_with must be 'student' or 'teacher', got 'peers'"),
    (dict(perturbations=[(1, dict(type='VirtualAdversarial', xi=0.))]),
     'VirtualAdversarial: xi and eps must be above 0'),
    (dict(perturbations=[(1, dict(type='AttentionDropout', share=(1, 0)))]),
     'AttentionDropout: share must be a range'),
    (dict(perturbations=[(1, dict(type='GuidedCutout', min_contour=-1))]),
     'GuidedCutout: min_contour must be at least 0'),
    (dict(perturbations=[(1, dict(type='FeatureNoise', magnitude=2.))]),
     'FeatureNoise: magnitude'),
    (dict(loss_weights=dict(mixed=1.)), 'its parts are labeled, unlabeled'),
])
def test_wrong_arguments_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        method(**changes)
