"""What holds for every semi-supervised method of the configs."""
import copy

import pytest
import torch
from helpers import build_model, model_cfg
from ssl_methods import METHODS, batch_of, losses_of, method, same

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
    ssl_fixmatch=([4, 2], None),
    ssl_unimatch=([4, 4], None),
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
    terms = {key: one for key, one in losses.items() if 'loss' in key}
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
    seen = {}
    for network in model.networks:
        seen[network] = []
        getattr(model, network).backbone.register_forward_pre_hook(
            lambda _, args, to=seen[network]: to.append(args[0]))
    losses_of(model)
    student, teacher = PASSES[name]
    assert [len(image) for image in seen['student']] == student
    assert ('teacher' in seen) == (teacher is not None)
    image, _, weak = batch_of(model)
    for one in seen['student'][:1]:
        assert torch.equal(one[:2], image)
    if teacher:
        assert [len(image) for image in seen['teacher']] == teacher
        assert torch.equal(seen['teacher'][0], weak)
    if teacher and len(teacher) == 2:  # it looks at what the student sees
        assert torch.equal(seen['teacher'][1], seen['student'][0])


@pytest.mark.parametrize('name', sorted(TERMS))
@pytest.mark.parametrize('backward', ['staged', 'separate'])
def test_all_ways_of_backward_give_the_same_gradient(name, backward):
    gradients, values = [], []
    for way in ('joint', backward):
        torch.manual_seed(1)
        model = method(name, backward=way, dropout=.1)
        losses = losses_of(model, seed=3)
        values.append({key: one.detach() for key, one in losses.items()})
        model.parse_losses(losses)[0].backward()
        gradients.append([one.grad for one in model.student.parameters()])
    assert all(same(*values).values())
    for joint, other in zip(*gradients):
        torch.testing.assert_close(joint, other)


@pytest.mark.parametrize('name', sorted(TERMS))
def test_weights_of_losses_scale_them_exactly(name):
    factors = dict(labeled=.5, mixed=4., perturbed=.125)
    ones = dict.fromkeys(factors, 1.)
    plain = losses_of(method(name, loss_weights=ones))
    for key, factor in factors.items():
        weighed = losses_of(method(name, loss_weights={**ones, key: factor}))
        assert weighed.keys() == plain.keys()
        for term, loss in plain.items():
            scale = factor if term.startswith(key) else 1
            assert torch.equal(weighed[term], scale * loss), term
    absent = losses_of(method(name, loss_weights=None))
    assert all(same(plain, absent).values())


FILTER = dict(type='EntropyPercentile')
DISTANCE = dict(type='FeatureDistance', classes=[1])
PAIRS = dict(type='ComplementaryDropout')


@pytest.mark.parametrize('changes, word', [
    (dict(label_with='both'), "label_with='both'.*'teacher' or 'student'"),
    (dict(photometric_on='all'), "photometric_on='all'"),
    (dict(passes='twice'), "passes='twice'"),
    (dict(backward='never'), "backward='never'"),
    (dict(mixed_auxiliary='on'), "mixed_auxiliary='on'"),
    (dict(loss_weights=dict(unlabeled=1.)), r"loss_weights.*\['unlabeled'\]"),
    (dict(passes='joint', label_with='student'), "passes='joint' .*student|"
     "passes='joint' goes with label_with='teacher'"),
    (dict(passes='joint', regularizer=DISTANCE), "passes='joint'.*regular"),
    (dict(passes='joint', view_perturbation=PAIRS, num_views=2),
     "view_perturbation goes with passes='separate'"),
    (dict(pseudo_filter=FILTER, label_with='student'), 'pseudo_filter'),
    (dict(weak_perturbation=dict(type='ChannelDropout')),
     "weak_perturbation goes with label_with='student'"),
    (dict(num_views=0), 'num_views=0'),
    (dict(view_perturbation=PAIRS), 'num_views=1.*num_views=2'),
    (dict(view_perturbation=PAIRS, num_views=4), 'num_views=4.*num_views=2'),
    (dict(label_with='student', predict_with='teacher'), "'teacher'"),
])
def test_wrong_combinations_are_named(changes, word):
    with pytest.raises(ValueError, match=word):
        build_model(model_cfg(**changes))


def test_a_joint_pass_goes_with_recomputed_activations():
    cfg = model_cfg(passes='joint')
    cfg['segmentor']['backbone']['with_cp'] = True
    assert build_model(cfg)
