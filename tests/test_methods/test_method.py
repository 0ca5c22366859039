"""What the methods of the configs share: losses, modes, prediction."""
import copy

import pytest
import torch
from helpers import build_model, make_batch, model_cfg
from ssl_methods import (
    METHODS,
    again_of,
    batch_of,
    losses_of,
    method,
    method_cfg,
    perturb,
    same,
)
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_fst.registry import MODELS

LABELED = {'labeled.decode.loss_ce', 'labeled.aux.loss_ce'}
MIXED = {'mixed.decode.loss_ce', 'mixed.aux.loss_ce'}
PERTURBED = {'perturbed.decode.loss_ce', 'perturbed.aux.loss_ce'}
TERMS = dict(
    ssl_mean_teacher=LABELED | {'mixed.decode.loss_ce'},
    ssl_cutmix_mean_teacher=LABELED | {'mixed.decode.loss_ce'},
    ssl_fixmatch=LABELED | MIXED,
    ssl_unimatch=LABELED | MIXED | PERTURBED,
    ssl_unimatch_v2=LABELED | MIXED)
#: Sizes of the batches of the student's encoder, and of the teacher's.
PASSES = dict(
    ssl_mean_teacher=([4], [2, 4]),
    ssl_cutmix_mean_teacher=([4], [2, 4]),
    ssl_fixmatch=([2, 4, 2], None),  # second crops are labeled before
    ssl_unimatch=([2, 4, 4], None),
    ssl_unimatch_v2=([2, 4], [2]))


def test_all_methods_of_the_configs_are_here():
    """A new method needs a line in the tables above."""
    assert set(TERMS) == set(PASSES) == set(METHODS)


@pytest.mark.parametrize('name', sorted(TERMS))
def test_each_term_trains_the_student_and_not_the_teacher(name):
    model = method(name, backward='joint', dropout=.1)
    teacher = copy.deepcopy(
        dict(model.teacher.named_parameters()) if model.teacher else {})
    losses = losses_of(model)
    terms = {key: value for key, value in losses.items() if 'loss' in key}
    assert set(terms) == TERMS[name]
    assert set(losses) - set(terms) == {'pseudo_label_weight'}
    names, weights = zip(*model.student.named_parameters())
    for key, term in terms.items():
        assert term > 0, key
        gradients = torch.autograd.grad(
            term, weights, retain_graph=True, allow_unused=True)
        unused = ('auxiliary_head', ) if '.decode.' in key else (
            'decode_head', 'backbone.layer4')
        for where, gradient in zip(names, gradients):
            if where.startswith(unused):
                assert gradient is None or not gradient.any(), (key, where)
            else:
                assert gradient.abs().sum() > 0, (key, where)
    if model.teacher is None:
        return
    model.parse_losses(losses)[0].backward()
    for where, weight in model.teacher.named_parameters():
        assert weight.grad is None and not weight.requires_grad
        assert torch.equal(weight, teacher[where])


@pytest.mark.parametrize('name', sorted(TERMS))
def test_who_sees_how_many_images(name):
    model = method(name)
    found = {}
    for network in model.networks:
        found[network] = []
        getattr(model, network).backbone.register_forward_pre_hook(
            lambda _, args, to=found[network]: to.append(args[0]))
    losses_of(model)
    student, teacher = PASSES[name]
    assert [len(image) for image in found['student']] == student
    assert ('teacher' in found) == (teacher is not None)
    image, _, weak = batch_of(model)
    first = next(each for each in found['student']
                 if not torch.equal(each, again_of(model)))
    assert torch.equal(first[:2], image)
    if teacher:
        assert [len(image) for image in found['teacher']] == teacher
        assert torch.equal(found['teacher'][0], weak)
    if teacher and len(teacher) == 2:  # it labels the input of the student
        assert torch.equal(found['teacher'][1], found['student'][0])


@pytest.mark.parametrize('name', sorted(TERMS))
@pytest.mark.parametrize('backward', ['staged', 'separate'])
def test_all_ways_of_backward_give_the_same_gradient(name, backward):
    gradients, values = [], []
    for way in ('joint', backward):
        torch.manual_seed(1)
        model = method(name, backward=way, dropout=.1)
        losses = losses_of(model, seed=3)
        values.append({key: value.detach() for key, value in losses.items()})
        model.parse_losses(losses)[0].backward()
        gradients.append(
            [weight.grad for weight in model.student.parameters()])
    assert all(same(*values).values())
    for joint, other in zip(*gradients):
        torch.testing.assert_close(joint, other)


@pytest.mark.parametrize('name', sorted(TERMS))
def test_weights_of_losses_scale_them_exactly(name):
    factors = dict(labeled=.5, mixed=4., perturbed=.125)
    if name != 'ssl_unimatch':
        del factors['perturbed']
    neutral = dict.fromkeys(factors, 1.)
    plain = losses_of(method(name, loss_weights=neutral))
    for key, factor in factors.items():
        weighed = losses_of(
            method(name, loss_weights={**neutral, key: factor}))
        assert weighed.keys() == plain.keys()
        for term, loss in plain.items():
            scale = factor if term.startswith(key) else 1
            assert torch.equal(weighed[term], scale * loss), term
    absent = losses_of(method(name, loss_weights=None))
    assert all(same(plain, absent).values())


DISTANCE = dict(type='FeatureDistance', classes=[1])


@pytest.mark.parametrize('name, changes, word', [
    ('ssl_fixmatch', dict(backward='never'),
     "FixMatch: backward must be 'joint' or 'staged' or 'separate', got "
     "'never'"),
    ('ssl_fixmatch', dict(mixed_auxiliary='on'), "got 'on'"),
    ('ssl_fixmatch', dict(loss_weights=dict(perturbed=1.)),
     r"FixMatch: loss_weights .*\['perturbed'\].*labeled, mixed"),
    ('ssl_unimatch', dict(loss_weights=dict(unlabeled=1.)),
     'its parts are labeled, mixed, perturbed'),
    ('ssl_fixmatch', dict(warmup_iters=-1), 'warmup_iters must be at least 0'),
    ('ssl_fixmatch', dict(predict_with='teacher'), "'teacher'"),
    ('ssl_mean_teacher', dict(regularizer=DISTANCE),
     'CutMixMeanTeacher does not use `model.regularizer`'),
    ('ssl_mean_teacher', dict(mixer=None),
     'CutMixMeanTeacher needs `model.mixer`; set it in the config'),
    ('ssl_unimatch_v2', dict(pseudo_labeler=None),
     'UniMatchV2 needs `model.pseudo_labeler`'),
    ('ssl_unimatch_v2', dict(teacher_mode='frozen'), 'frozen'),
    ('ssl_unimatch_v2', dict(predict_with='nobody'), 'nobody'),
    ('ssl_unimatch_v2', dict(frozen_dtype='float8'), 'float8'),
])
def test_wrong_arguments_are_named(name, changes, word):
    with pytest.raises(ValueError, match=word):
        method(name, **changes)


@pytest.mark.parametrize('backward', ['staged', 'separate'])
@pytest.mark.parametrize('name', sorted(TERMS))
def test_recomputed_activations_need_a_single_backward(name, backward):
    """Or a method whose images go through the student in one pass."""

    def build(backward):
        cfg = method_cfg(name, backward=backward)
        cfg['segmentor']['backbone']['with_cp'] = True
        return build_model(cfg)

    if PASSES[name][0] == [4]:
        assert build(backward)
        return
    with pytest.raises(ValueError, match=r'with_cp.*joint'):
        build(backward)
    assert build('joint')


# Modes of the teacher.


def modes(network):
    """Whether (all BN layers, any dropout) of a network are training."""
    norms = {
        m.training
        for m in network.modules() if isinstance(m, _BatchNorm)
    }
    drops = {
        m.training
        for m in network.modules() if isinstance(m, nn.Dropout2d)
    }
    assert len(norms) == len(drops) == 1
    return norms.pop(), drops.pop()


def test_teacher_trains_its_norms_alone():
    model = build_model()
    for _ in range(2):  # mmengine's loop calls train() every iteration
        assert model.train() is model
        assert modes(model.student) == (True, True)
        assert modes(model.teacher) == (True, False)
    assert model.eval() is model
    assert modes(model.student) == modes(model.teacher) == (False, False)


def test_teacher_of_mode_eval_never_trains():
    model = build_model(model_cfg(teacher_mode='eval')).train()
    assert modes(model.student) == (True, True)
    assert modes(model.teacher) == (False, False)


@pytest.mark.parametrize('mode, moves', [('train', True), ('eval', False)])
def test_running_statistics_of_the_teacher(mode, moves):
    model = build_model(model_cfg(teacher_mode=mode)).train()
    before = [b.clone() for b in model.teacher.buffers()]
    losses_of(model)
    moved = [
        not torch.equal(a, b)
        for a, b in zip(before, model.teacher.buffers())
    ]
    # The auxiliary head of the teacher is never asked.
    names = [name for name, _ in model.teacher.named_buffers()]
    for name, value in zip(names, moved):
        assert value == (moves and not name.startswith('auxiliary')), name


def test_pseudo_labels_do_not_depend_on_dropout():
    model = build_model(model_cfg(dropout=.9, mixer=dict(
        type='ClassMix'))).train()
    data = model.data_preprocessor(make_batch(), True)
    labels = []
    for seed in range(2):
        torch.manual_seed(seed)
        model(**data, mode='loss')
        labels.append(model.pseudo_label)
    assert torch.equal(*labels)


# Prediction.


def predict(model):
    model.eval()
    batch = make_batch()['unlabeled']
    return [
        sample.seg_logits.data for sample in model.val_step(batch)
    ]


def test_prediction_is_that_of_the_network_asked_for():
    model = build_model()
    student = predict(model)
    perturb(model.teacher)
    assert all(torch.equal(*pair) for pair in zip(student, predict(model)))
    model.predict_with = 'teacher'
    teacher = predict(model)
    assert not any(torch.equal(*pair) for pair in zip(student, teacher))
    inputs = model.data_preprocessor(make_batch()['unlabeled'])['inputs']
    with torch.no_grad():
        for name in ('student', 'teacher'):
            model.predict_with = name
            network = getattr(model, name)
            assert torch.equal(
                model(inputs, mode='tensor'), network(inputs))
            assert torch.equal(
                model.extract_feat(inputs)[-1],
                network.extract_feat(inputs)[-1])


def test_a_network_that_is_not_there_is_named():
    model = build_model(model_cfg(labels_only=True))
    assert model.network() is model.student
    with pytest.raises(ValueError, match="'teacher'.*has student"):
        model.network('teacher')


def test_only_the_student_is_initialized():
    """The teacher is the business of a hook."""
    model = MODELS.build(model_cfg())
    teacher, student = (
        copy.deepcopy(network.state_dict())
        for network in (model.teacher, model.student))
    model.init_weights()
    assert all(same(teacher, model.teacher.state_dict()).values())
    assert not all(same(student, model.student.state_dict()).values())
