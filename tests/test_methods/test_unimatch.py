"""UniMatch: the weak pass by hand, two strong views, memory."""
import copy

import pytest
import torch
import torch.nn.functional as F
from helpers import IGNORE
from ssl_methods import (
    THRESHOLD,
    Brighter,
    batch_of,
    losses_of,
    method,
)

from mmseg_fst.models.losses import resize_logits


@pytest.mark.parametrize('perturbed', ['all', 'unlabeled'])
def test_the_weak_pass_by_hand(perturbed):
    """The student labels by its pass of both; perturbed features, too."""
    model = method(
        'ssl_unimatch', backward='joint', perturbed_images=perturbed,
        perturbation=dict(type='ChannelDropout', prob=0.))
    student = copy.deepcopy(model.student).train()
    losses = losses_of(model)
    assert model.teacher is None and model.networks == ['student']
    image, label, weak = batch_of(model)
    features = student.extract_feat(torch.cat([image, weak]))
    first = 0 if perturbed == 'all' else 2
    features = [torch.cat([feature, feature[first:]]) for feature in features]
    for head, part in ((student.decode_head, 'decode'),
                       (student.auxiliary_head, 'aux')):
        share = .4 if part == 'aux' else 1
        logits = resize_logits(head(features), label.shape[1:], False)
        plain, clean, *_, again = logits.split(2)
        if part == 'decode':
            confidence, target = clean.detach().softmax(1).max(1)
            weight = (confidence >= THRESHOLD).float()
            assert torch.equal(model.pseudo_label, target)
            assert torch.equal(model.pseudo_weight, weight)
            assert 0 < weight.mean() < 1
        want = .5 * share * F.cross_entropy(plain, label, ignore_index=IGNORE)
        torch.testing.assert_close(losses[f'labeled.{part}.loss_ce'], want)
        # The pseudo-labels are those before they are mixed, the mean is over
        # all pixels, not over the confident ones.
        want = .25 * share * (weight * F.cross_entropy(
            again, target, reduction='none')).mean()
        torch.testing.assert_close(losses[f'perturbed.{part}.loss_ce'], want)
    assert not torch.equal(model.mixed.label, target.repeat(2, 1, 1))


@pytest.mark.parametrize('name', ['ssl_unimatch', 'ssl_unimatch_v2'])
@pytest.mark.parametrize('mean_over', ['view', 'batch'])
def test_each_view_has_a_mean_of_its_own(name, mean_over):
    """Unless it is over both; padding makes the difference."""
    model = method(name, backward='joint', perturbation=dict(
        type='ChannelDropout', prob=0.), mean_over=mean_over)
    strong_view = model.strong_view

    def padded(*args):
        mixed = strong_view(*args)
        mixed.label[0, :, :40] = IGNORE  # of an image of the first view
        return mixed

    model.strong_view = padded
    student = copy.deepcopy(model.student).train()
    losses = losses_of(model)
    mixed = model.mixed
    logits = resize_logits(
        student.decode_head(student.extract_feat(mixed.image)),
        mixed.label.shape[1:], False)
    loss = mixed.weight * F.cross_entropy(
        logits, mixed.label, ignore_index=IGNORE, reduction='none')
    valid = mixed.label != IGNORE
    means = [part.sum() / known.sum() for part, known in zip(
        loss.chunk(2), valid.chunk(2))]
    both = loss.sum() / valid.sum()
    each = sum(means) / 2
    assert (both - each).abs() > 1e-4 * each
    share = .25 if name == 'ssl_unimatch' else .5
    torch.testing.assert_close(
        losses['mixed.decode.loss_ce'],
        share * (each if mean_over == 'view' else both))


@pytest.mark.parametrize('name', ['ssl_unimatch', 'ssl_unimatch_v2'])
def test_views_are_sampled_anew_from_the_same_labels(name):
    cutmix = dict(type='CutMix', prob=1.)
    if name == 'ssl_unimatch':
        model = method(name, mixer=cutmix, paste='batch')
    else:
        model = method(name, mixer=cutmix)
    model.photometric = Brighter()
    losses_of(model)
    assert model.photometric.calls == 2
    _, _, weak = batch_of(model)
    mixed = model.mixed
    assert len(mixed.image) == 4
    assert not torch.equal(*mixed.mask.chunk(2))
    for view, part in enumerate(zip(*(value.chunk(2) for value in mixed[:4]))):
        image, label, weight, mask = part
        assert mask.any((1, 2)).all()
        for got, source in ((image, weak + 10 * (view + 1)),
                            (label, model.pseudo_label),
                            (weight, model.pseudo_weight)):
            where = mask[:, None] if got.dim() == 4 else mask
            want = torch.where(where, source.flip(0), source)
            assert torch.equal(got, want)
