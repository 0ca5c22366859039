"""U2PL: the contrast within the method."""
import pytest
import torch
from helpers import (
    NUM_CLASSES,
    build_model,
    make_batch,
    model_cfg,
    network_cfg,
)
from mmengine.config import ConfigDict

from mmseg_fst.methods import u2pl
from mmseg_fst.registry import MODELS


def u2pl_cfg(representation_channels=None, **changes):
    """A model with the method U2PL and a small network."""
    cfg = model_cfg(
        type='U2PL',
        pseudo_labeler=dict(type='Threshold', threshold=0.),
        mixer=dict(type='HalfCutMix'),
        pseudo_filter=dict(type='EntropyPercentile', percentile=80, final=100),
        contrast=dict(
            type='ContrastiveMemory', num_anchors=8, threshold=.05),
        mixed_auxiliary='off', teacher_mode='eval')
    if representation_channels:
        head = network_cfg()['decode_head']
        head = {key: head[key] for key in (
            'in_channels', 'in_index', 'channels', 'num_classes', 'norm_cfg',
            'align_corners', 'loss_decode')}
        cfg['segmentor']['decode_head'] = dict(
            head, type='DeepLabV3PlusHead', c1_in_channels=16, c1_channels=8,
            dilations=(1, 2),
            representation_channels=representation_channels)
        cfg['segmentor']['backbone'].update(depth=50)
        cfg['segmentor']['decode_head']['in_channels'] = 128
        cfg['segmentor']['auxiliary_head']['in_channels'] = 64
    return {**cfg, **changes}


def losses_of(model):
    return model(**model.data_preprocessor(make_batch(), True), mode='loss')


@pytest.mark.parametrize('channels', [None, 12])
def test_gradient_is_the_students_alone(channels):
    model = build_model(u2pl_cfg(channels)).train()
    assert model.contrast.positive.shape == (
        NUM_CLASSES, channels or NUM_CLASSES)
    losses_of(model)
    model.commit()
    loss = losses_of(model)['loss_contrast']
    assert loss > 0
    loss.backward()
    head = model.student.decode_head
    trained = head.represent[-1] if channels else head.conv_seg
    assert trained.weight.grad.abs().sum() > 0
    if channels:
        assert head.conv_seg.weight.grad is None
    assert model.student.backbone.stem[0].weight.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in model.teacher.parameters())
    assert not model.contrast.queue.requires_grad
    assert not any(model.contrast.parameters())


@pytest.mark.parametrize('channels', [None, 12])
def test_before_it_begins_each_weight_has_a_gradient(channels):
    """Else several processes would wait for it."""
    model = build_model(u2pl_cfg(channels, warmup_iters=10**9)).train()
    losses = losses_of(model)
    assert losses['loss_contrast'] == 0 and model.contrast.staged is None
    assert not any(key.startswith('mixed') for key in losses)
    model.parse_losses(losses)[0].backward()
    assert all(
        weight.grad is not None for weight in model.student.parameters())
    if channels:
        assert not model.student.decode_head.represent[-1].weight.grad.any()


def test_weight_of_zero_is_the_method_without_it():
    """What is computed beside it changes nothing but random numbers."""
    gradients = []
    plain = u2pl_cfg(type='CutMixMeanTeacher')
    del plain['contrast']
    for cfg in (plain, u2pl_cfg(contrast=dict(
            type='ContrastiveMemory', loss_weight=0.))):
        model = build_model(cfg).train()
        torch.manual_seed(0)
        model.parse_losses(losses_of(model))[0].backward()
        model.commit()
        gradients.append(
            [weight.grad for weight in model.student.parameters()])
    assert all(map(torch.equal, *gradients))


def test_it_sees_labels_that_no_filter_has_dropped():
    model = build_model(u2pl_cfg()).train()
    views = []
    original = model.contrast.forward
    model.contrast.forward = lambda *args: (views.append(args[1]),
                                            original(*args))[1]
    losses_of(model)
    view, = views
    count = view.num_labeled
    dropped = model.mixed.label == 255
    assert dropped.any() and (view.label[count:][dropped] != 255).any()


@pytest.mark.parametrize('name', ['contrast', 'pseudo_filter'])
def test_it_needs_both_parts(name):
    cfg = u2pl_cfg()
    del cfg[name]
    with pytest.raises(TypeError, match=f'missing .*{name}'):
        build_model(cfg)


def test_the_regularizer_is_refused():
    with pytest.raises(ValueError, match='U2PL does not use .*regularizer'):
        build_model(u2pl_cfg(regularizer=dict(
            type='FeatureDistance', classes=[1])))


def test_the_filter_is_required():
    with pytest.raises(ValueError, match='U2PL needs a `model.pseudo_filter`'):
        build_model(u2pl_cfg(pseudo_filter=None))


def test_an_own_start_needs_a_warmup():
    with pytest.raises(ValueError, match='warmup_iters'):
        build_model(u2pl_cfg(teacher_start='own'))


def test_the_teacher_rests_with_its_own_weights(monkeypatch):
    """Nothing is copied or moved before the warm-up has ended."""
    model = MODELS.build(
        ConfigDict(u2pl_cfg(teacher_start='own', warmup_iters=2)))
    model.init_weights()
    same = map(torch.equal, model.student.decode_head.parameters(),
               model.teacher.decode_head.parameters())
    assert not all(same)
    assert model.teacher_pairs() == model.moving_teachers() == []
    monkeypatch.setattr(u2pl, 'training_iteration', lambda: 2)
    assert model.moving_teachers() == [(model.teacher, model.student)]


@pytest.mark.parametrize('on', [False, True])
def test_dropout_of_the_teacher(on):
    """On in its second pass alone."""
    model = build_model(u2pl_cfg(12, teacher_dropout=on)).train()
    dropouts = [module for module in model.teacher.modules()
                if isinstance(module, torch.nn.Dropout2d)]
    states = []
    for module in dropouts:
        module.register_forward_pre_hook(
            lambda module, _: states.append(module.training))
    losses_of(model)
    assert len(states) > 5 and not any(states[:2])  # for the labels
    assert sum(states) == on * 5
    assert not any(module.training for module in dropouts)
