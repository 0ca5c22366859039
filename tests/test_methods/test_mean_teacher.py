"""The mean teacher with mixing: what is learned, and by whom."""
import pytest
import torch
import torch.nn.functional as F
from helpers import (
    IGNORE,
    build_model,
    make_batch,
    model_cfg,
    preprocessor_cfg,
)

TERMS = [
    'labeled.decode.loss_ce', 'labeled.aux.loss_ce', 'mixed.decode.loss_ce',
    'mixed.aux.loss_ce'
]


def losses_of(model, batch=None):
    data = model.data_preprocessor(batch or make_batch(), True)
    return model(**data, mode='loss')


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
        gradients.append(
            [weight.grad for weight in model.student.parameters()])
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
    with pytest.raises(ValueError, match='same batch size, got 2 and 3'):
        losses_of(model, batch)


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


@pytest.mark.parametrize('name', ['mixer', 'pseudo_labeler'])
def test_its_parts_are_required(name):
    with pytest.raises(ValueError, match=f'MeanTeacher needs `model.{name}`'):
        build_model(model_cfg(**{name: None}))
