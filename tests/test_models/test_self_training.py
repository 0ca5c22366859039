"""Tests of the self-training segmentor and of the parts it is made of."""
import copy

import pytest
import torch
import torch.nn.functional as F
from helpers import (
    IGNORE,
    build_model,
    make_batch,
    model_cfg,
    network_cfg,
    preprocessor_cfg,
)
from mmseg.models.data_preprocessor import SegDataPreProcessor
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_fst.models.losses import (
    head_logits,
    head_losses,
    heads_of,
    labeled_losses,
)
from mmseg_fst.registry import MODELS

TERMS = [
    'labeled.decode.loss_ce', 'labeled.aux.loss_ce', 'mixed.decode.loss_ce',
    'mixed.aux.loss_ce'
]


def losses_of(model, batch=None):
    data = model.data_preprocessor(batch or make_batch(), True)
    return model(**data, mode='loss')


def supervised_warmup(network, image, label):
    features = network.extract_feat(image)
    logits = {
        name: head_logits(head, features, label.shape[1:])
        for name, head in heads_of(network).items()
    }
    return labeled_losses(network, logits, label)


def state(module):
    return copy.deepcopy(module.state_dict())


def equal_states(one, other):
    return all(torch.equal(one[key], other[key]) for key in one)


def perturb(module):
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(torch.randn_like(weight) * .1)


# What is learned, and by whom.


@pytest.mark.parametrize('term', TERMS)
def test_each_term_trains_the_student_and_not_the_teacher(term):
    model = build_model(model_cfg(backward='joint')).train()
    perturb(model.student)  # some layers start with zeros
    before = {
        name: weight.clone()
        for name, weight in model.teacher.named_parameters()
    }
    losses_of(model)[term].backward()
    unused = 'auxiliary_head' if '.decode.' in term else 'decode_head'
    behind = ('backbone.layer4', )  # the auxiliary head sits before it
    for name, weight in model.student.named_parameters():
        idle = name.startswith(unused) or (
            '.aux.' in term and name.startswith(behind))
        if idle:
            assert weight.grad is None, name
        else:
            assert weight.grad.abs().sum() > 0, name
    for name, weight in model.teacher.named_parameters():
        assert weight.grad is None and not weight.requires_grad
        assert torch.equal(weight, before[name])


@pytest.mark.parametrize('backward', ['staged', 'separate'])
def test_all_ways_of_backward_give_the_same_gradient(backward):
    gradients = []
    for way in ('joint', backward):
        model = build_model(
            model_cfg(
                backward=way,
                dropout=0.,
                regularizer=dict(type='FeatureDistance', classes=[1, 2, 3])))
        perturb(model.train().student)
        torch.manual_seed(0)
        total, _ = model.parse_losses(losses_of(model))
        total.backward()
        gradients.append([one.grad for one in model.student.parameters()])
    for joint, other in zip(*gradients):
        torch.testing.assert_close(joint, other)


@pytest.mark.parametrize('backward', ['staged', 'separate'])
def test_recomputed_activations_need_one_backward(backward):
    cfg = model_cfg(backward=backward)
    cfg['segmentor']['backbone']['with_cp'] = True
    with pytest.raises(ValueError, match=r'with_cp.*joint'):
        build_model(cfg)
    assert build_model({**cfg, 'backward': 'joint'})


def test_there_are_no_other_terms():
    assert set(losses_of(build_model())) == {*TERMS, 'pseudo_label_weight'}


def test_only_loss_terms_are_minimized():
    model = build_model().train()
    losses = losses_of(model)
    total, logged = model.parse_losses(losses)
    torch.testing.assert_close(total, sum(losses[term] for term in TERMS))
    assert set(logged) == {'loss', *losses}
    assert logged['pseudo_label_weight'] == model.pseudo_weight.mean()
    assert not losses['pseudo_label_weight'].requires_grad


def test_labels_alone_need_no_teacher_and_no_second_side():
    model = build_model(model_cfg(labels_only=True)).train()
    assert model.teacher is None and model.networks == ['student']
    for batch in (make_batch(unlabeled=False), make_batch()):
        assert set(losses_of(model, batch)) == set(TERMS[:2])
    assert model.mixed is None


def by_hand(network, head, image, label, weight):
    """Cross-entropy as DACS has it: the mean over ALL pixels."""
    logits = head(network.extract_feat(image))
    logits = F.interpolate(logits, label.shape[1:], mode='bilinear')
    loss = F.cross_entropy(
        logits, label, reduction='none', ignore_index=IGNORE)
    return (loss * weight).mean()


def median_confidence(model):
    """The threshold that half of the unlabeled pixels pass."""
    data = model.data_preprocessor(make_batch(), True)
    with torch.no_grad():
        logits = model.teacher(data['inputs']['unlabeled'])
    return logits.softmax(1).amax(1).median().item()


def test_weights_of_pixels_reach_both_heads():
    labeler = dict(type='ConfidentRatio', ignore_top=5)
    model = build_model(model_cfg(dropout=0., pseudo_labeler=labeler)).train()
    perturb(model.teacher)
    model.pseudo_labeler.threshold = median_confidence(model)
    losses = losses_of(model)
    mixed, student = model.mixed, model.student
    inside = mixed.weight[(mixed.weight > 0) & (mixed.weight < 1)]
    assert inside.numel() and (mixed.weight == 0).any()
    assert (mixed.label == IGNORE).sum() == 0 and mixed.mask.any()
    for name, head, share in (('decode', student.decode_head, 1),
                              ('aux', student.auxiliary_head, .4)):
        want = share * by_hand(student, head, mixed.image, mixed.label,
                               mixed.weight)
        torch.testing.assert_close(losses[f'mixed.{name}.loss_ce'], want)


def test_labeled_pixels_weigh_all_the_same():
    model = build_model(model_cfg(dropout=0.)).train()
    batch = make_batch()
    losses = losses_of(model, batch)
    data = model.data_preprocessor(batch, True)
    label = torch.cat([
        sample.gt_sem_seg.data for sample in data['data_samples']['labeled']
    ])
    assert (label == IGNORE).any()
    want = by_hand(model.student, model.student.decode_head,
                   data['inputs']['labeled'], label, 1)
    torch.testing.assert_close(losses['labeled.decode.loss_ce'], want)


def test_pseudo_labels_are_the_teachers():
    model = build_model(model_cfg(dropout=0.)).train()
    perturb(model.teacher)
    data = model.data_preprocessor(make_batch(), True)
    model(**data, mode='loss')
    image = data['inputs']['unlabeled']
    found = {}
    for name in model.networks:
        with torch.no_grad():
            logits = getattr(model, name)(image)
        logits = F.interpolate(logits, image.shape[2:], mode='bilinear')
        found[name] = logits.argmax(1)
    assert torch.equal(model.pseudo_label, found['teacher'])
    assert not torch.equal(model.pseudo_label, found['student'])


def test_mixed_batch_is_labeled_over_unlabeled():
    model = build_model().train()
    data = model.data_preprocessor(make_batch(), True)
    model(**data, mode='loss')
    mixed = model.mixed
    labels = torch.cat([
        sample.gt_sem_seg.data for sample in data['data_samples']['labeled']
    ])
    inputs = data['inputs']
    mask = mixed.mask[:, None].expand_as(mixed.image)
    assert mixed.mask.any() and not mixed.mask.all()
    assert torch.equal(mixed.image[mask], inputs['labeled'][mask])
    assert torch.equal(mixed.image[~mask], inputs['unlabeled'][~mask])
    assert torch.equal(mixed.label[mixed.mask], labels[mixed.mask])
    assert torch.equal(mixed.label[~mixed.mask],
                       model.pseudo_label[~mixed.mask])
    assert (mixed.weight[mixed.mask] == 1).all()


def test_one_image_of_no_class_at_all():
    """Nothing is pasted; the loss is that of pseudo-labels, and finite."""
    batch = make_batch(1)
    batch['labeled']['data_samples'][0].gt_sem_seg.data.fill_(IGNORE)
    model = build_model().train()
    losses = losses_of(model, batch)
    assert losses['labeled.decode.loss_ce'] == 0
    assert not model.mixed.mask.any()
    assert losses['mixed.decode.loss_ce'].isfinite()


def test_batches_of_different_shape_are_refused():
    preprocessor = preprocessor_cfg(size=None)
    preprocessor['size_divisor'] = 1
    model = build_model(model_cfg(data_preprocessor=preprocessor)).train()
    batch = make_batch()
    batch['unlabeled'] = make_batch(size=(32, 32))['unlabeled']
    with pytest.raises(ValueError, match=r'32, 64.*32, 32.*crop size'):
        losses_of(model, batch)
    batch['unlabeled'] = make_batch(3)['unlabeled']
    with pytest.raises(ValueError, match='labeled batch has shape'):
        losses_of(model, batch)


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
    for name, one in zip(names, moved):
        assert one == (moves and not name.startswith('auxiliary')), name


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


@pytest.mark.parametrize('wrong, word', [
    (dict(mixer=None), 'pseudo_labeler and mixer'),
    (dict(pseudo_labeler=None), 'pseudo_labeler and mixer'),
    (dict(teacher_mode='frozen'), 'frozen'),
    (dict(predict_with='nobody'), 'nobody'),
])
def test_wrong_arguments_are_named(wrong, word):
    with pytest.raises(ValueError, match=word):
        MODELS.build(model_cfg(**wrong))


def test_a_teacher_to_predict_with_must_be_there():
    cfg = model_cfg(labels_only=True, predict_with='teacher')
    with pytest.raises(ValueError, match='teacher'):
        MODELS.build(cfg)


def test_only_the_student_is_initialized():
    """The teacher is the business of a hook."""
    model = MODELS.build(model_cfg())
    before = state(model.teacher), state(model.student)
    model.init_weights()
    assert equal_states(before[0], model.teacher.state_dict())
    assert not equal_states(before[1], model.student.state_dict())


# Data preprocessor.


def test_preprocessing_does_not_write_to_the_batch():
    """Virtual steps preprocess the same batch again."""
    model = build_model().train()
    batch = make_batch()
    copies = copy.deepcopy(batch)
    first = model.data_preprocessor(batch, True)
    model(**first, mode='loss')
    second = model.data_preprocessor(batch, True)
    for name in ('labeled', 'unlabeled'):
        assert torch.equal(second['inputs'][name], model.data_preprocessor(
            copies, True)['inputs'][name])
        for mine, its in zip(batch[name]['inputs'], copies[name]['inputs']):
            assert torch.equal(mine, its)
    for mine, its in zip(batch['labeled']['data_samples'],
                         copies['labeled']['data_samples']):
        assert torch.equal(mine.gt_sem_seg.data, its.gt_sem_seg.data)
        assert mine.metainfo == its.metainfo
    for mine, its in zip(second['data_samples']['labeled'],
                         copies['labeled']['data_samples']):
        assert torch.equal(mine.gt_sem_seg.data, its.gt_sem_seg.data)


def test_padding_does_not_write_to_the_batch():
    model = build_model(model_cfg(size=(40, 72))).train()
    batch = make_batch()
    for _ in range(2):
        done = model.data_preprocessor(batch, True)
        assert done['inputs']['unlabeled'].shape == (2, 3, 40, 72)
        sample = done['data_samples']['labeled'][0]
        assert sample.gt_sem_seg.data.shape == (1, 40, 72)
        assert (sample.gt_sem_seg.data[:, 32:] == IGNORE).all()
    sample = batch['labeled']['data_samples'][0]
    assert sample.gt_sem_seg.data.shape == (1, 32, 64)


def test_each_branch_is_turned_to_rgb_and_normalized():
    preprocessor = MODELS.build(preprocessor_cfg())
    batch = make_batch()
    done = preprocessor(batch, True)
    cfg = preprocessor_cfg()
    for name in ('labeled', 'unlabeled'):
        for mine, raw in zip(done['inputs'][name], batch[name]['inputs']):
            for channel in range(3):
                want = (raw[2 - channel].float() -
                        cfg['mean'][channel]) / cfg['std'][channel]
                torch.testing.assert_close(mine[channel], want)


@pytest.mark.parametrize('training', [True, False])
def test_a_batch_without_branches_is_mmsegmentations(training):
    cfg = preprocessor_cfg()
    plain = SegDataPreProcessor(
        **{key: value
           for key, value in cfg.items() if key != 'type'})
    batch = make_batch()['labeled']
    got = MODELS.build(cfg)(copy.deepcopy(batch), training)
    want = plain(copy.deepcopy(batch), training)
    assert torch.equal(got['inputs'], want['inputs'])
    assert len(got['data_samples']) == 2


# Losses of heads.


def test_several_auxiliary_heads_have_names_of_their_own():
    cfg = network_cfg(dropout=0.)
    head = cfg['auxiliary_head']
    cfg['auxiliary_head'] = [{**head, 'in_index': 1, 'in_channels': 8}, head]
    network = MODELS.build(cfg)
    image, label = torch.randn(2, 3, 32, 64), torch.zeros(2, 32, 64).long()
    assert set(supervised_warmup(network, image, label)) == {
        'decode.loss_ce', 'aux_0.loss_ce', 'aux_1.loss_ce'
    }


def test_losses_of_one_name_are_added_up():
    cfg = network_cfg(dropout=0., auxiliary=False)
    ce = cfg['decode_head']['loss_decode']
    cfg['decode_head']['loss_decode'] = [
        ce, {**ce, 'loss_weight': 2.}, dict(type='DiceLoss')
    ]
    network = MODELS.build(cfg)
    image, label = torch.randn(2, 3, 32, 64), torch.zeros(2, 32, 64).long()
    losses = supervised_warmup(network, image, label)
    assert set(losses) == {'decode.loss_ce', 'decode.loss_dice'}
    once = by_hand(network, network.decode_head, image, label, 1)
    torch.testing.assert_close(losses['decode.loss_ce'], 3 * once)


def test_a_sampler_chooses_among_labeled_pixels_alone():
    cfg = network_cfg(dropout=0., auxiliary=False)
    cfg['decode_head']['sampler'] = dict(
        type='OHEMPixelSampler', thresh=.2, min_kept=10)
    network = MODELS.build(cfg)
    image, label = torch.randn(2, 3, 32, 64), torch.zeros(2, 32, 64).long()
    weight = torch.rand(2, 32, 64)
    head = network.decode_head
    features = network.extract_feat(image)
    logits = F.interpolate(head(features), (32, 64), mode='bilinear')
    kept = head.sampler.sample(logits, label[:, None])
    assert 0 < kept.mean() < 1
    for given, used in ((None, kept), (weight, weight)):
        want = by_hand(network, head, image, label, used)
        got = head_losses(head, logits, label, given)['loss_ce']
        torch.testing.assert_close(got, want)


def test_a_head_without_logits_is_named():

    class TwoOutputsHead(nn.Module):

        def forward(self, features):
            return features, features

    with pytest.raises(TypeError, match='TwoOutputsHead must .*got tuple'):
        head_logits(TwoOutputsHead(), [], (2, 2))


# Pseudo-labeler, mixer, photometric augmentation as modules.


@pytest.mark.parametrize('wrong', [
    dict(threshold=1.1),
    dict(threshold=-.1),
    dict(ignore_top=-1),
    dict(ignore_bottom=-1)
])
def test_confident_ratio_names_wrong_arguments(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MODELS.build(dict(type='ConfidentRatio', **wrong))


def test_confident_ratio_ignores_rows():
    labeler = MODELS.build(
        dict(
            type='ConfidentRatio',
            threshold=.4,
            ignore_top=1,
            ignore_bottom=2))
    _, weight = labeler(torch.zeros(2, 2, 5, 3))
    assert weight[1, :, 0].tolist() == [0, 1, 1, 0, 0]


def test_class_mix_draws_on_the_global_generator():
    mixer = MODELS.build(dict(type='ClassMix'))
    label = torch.arange(8).repeat(2, 4, 1)
    masks = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        masks.append(mixer.sample_mask(label))
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])
    assert not torch.equal(masks[0][0], masks[0][1])


@pytest.fixture
def normal():
    mean = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
    std = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
    image = (torch.rand(4, 3, 16, 16) * 255 - mean) / std
    return image, mean, std


def test_padding_of_unlabeled_images_has_no_label():
    everything = dict(type='ConfidentRatio', threshold=0.)
    model = build_model(model_cfg(pseudo_labeler=everything)).train()
    batch = make_batch()
    images = batch['unlabeled']['inputs']
    images[1] = images[1][:, :20, :50]
    losses_of(model, batch)
    label = model.pseudo_label
    assert label[0].max() < IGNORE
    assert label[1, :20, :50].max() < IGNORE
    assert label[1, 20:].min() == IGNORE and label[1, :, 50:].min() == IGNORE


def test_photometric_of_probability_zero_changes_nothing(normal):
    module = MODELS.build(
        dict(type='StrongPhotometric', jitter_prob=0, blur_prob=0))
    torch.testing.assert_close(
        module(*normal), normal[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize('name', ['jitter_prob', 'blur_prob'])
def test_photometric_draws_for_each_image_on_its_own(name, normal):
    args = dict(jitter_prob=0, blur_prob=0)
    args[name] = .5
    module = MODELS.build(dict(type='StrongPhotometric', **args))
    image, mean, std = normal
    before = image.clone()
    changed = torch.stack([
        (module(image, mean, std) - image).abs().amax((1, 2, 3)) > 1e-4
        for _ in range(25)
    ])
    assert .3 < changed.float().mean() < .7
    assert (changed.any(1) & ~changed.all(1)).any()
    assert torch.equal(image, before)


@pytest.mark.parametrize('name', ['jitter_prob', 'blur_prob'])
def test_photometric_of_the_release_draws_once_for_the_batch(name, normal):
    args = dict(
        jitter_prob=0, blur_prob=0, blur_sigma=(.5, 1.), per_image=False)
    args[name] = .5
    module = MODELS.build(
        dict(type='StrongPhotometric', random_order=True, **args))
    image, mean, std = normal
    changed = torch.stack([
        (module(image, mean, std) - image).abs().amax((1, 2, 3)) > 1e-4
        for _ in range(25)
    ])
    assert .2 < changed.float().mean() < .8
    assert (changed.any(1) == changed.all(1)).all()


def test_photometric_names_a_wrong_strength():
    with pytest.raises(
            ValueError, match='jitter_strength must be in .*, got 0.6'):
        MODELS.build(dict(type='StrongPhotometric', jitter_strength=.6))


def test_photometric_is_applied_to_mixed_images():
    cfg = model_cfg(
        photometric=dict(
            type='StrongPhotometric', jitter_prob=1, blur_prob=0))
    model = build_model(cfg).train()
    data = model.data_preprocessor(make_batch(), True)
    model(**data, mode='loss')
    plain = torch.where(model.mixed.mask[:, None], data['inputs']['labeled'],
                        data['inputs']['unlabeled'])
    assert (model.mixed.image - plain).abs().max() > .05
    losses = losses_of(model)
    assert all(losses[term].isfinite() for term in TERMS)
