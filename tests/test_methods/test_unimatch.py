"""UniMatch: the weak pass by hand, two strong views, memory."""
import copy

import pytest
import torch
import torch.nn.functional as F
from helpers import IGNORE
from ssl_methods import Brighter, batch_of, losses_of, method

from mmseg_fst.models.losses import resize_logits


def test_the_weak_pass_by_hand():
    """The student labels by its pass of both; perturbed features, too."""
    model = method(
        'ssl_unimatch', backward='joint',
        perturbation=dict(type='ChannelDropout', prob=0.))
    student = copy.deepcopy(model.student).train()
    losses = losses_of(model)
    assert model.teacher is None and model.networks == ['student']
    image, label, weak = batch_of(model)
    features = student.extract_feat(torch.cat([image, weak]))
    features = [torch.cat([feature, feature[2:]]) for feature in features]
    for head, part in ((student.decode_head, 'decode'),
                       (student.auxiliary_head, 'aux')):
        share = .4 if part == 'aux' else 1
        logits = resize_logits(head(features), label.shape[1:], False)
        first, clean, again = logits.split(2)
        if part == 'decode':
            confidence, target = clean.detach().softmax(1).max(1)
            weight = (confidence >= .16).float()
            assert torch.equal(model.pseudo_label, target)
            assert torch.equal(model.pseudo_weight, weight)
            assert 0 < weight.mean() < 1
        want = .5 * share * F.cross_entropy(first, label, ignore_index=IGNORE)
        torch.testing.assert_close(losses[f'labeled.{part}.loss_ce'], want)
        # The pseudo-labels are those before they are mixed, the mean is over
        # all pixels, not over the confident ones.
        want = .25 * share * (weight * F.cross_entropy(
            again, target, reduction='none')).mean()
        torch.testing.assert_close(losses[f'perturbed.{part}.loss_ce'], want)
    assert not torch.equal(model.mixed.label, target.repeat(2, 1, 1))


@pytest.mark.parametrize('name', ['ssl_unimatch', 'ssl_unimatch_v2'])
def test_views_are_sampled_anew_from_the_same_labels(name):
    model = method(name, mixer=dict(type='CutMix', prob=1.))
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
