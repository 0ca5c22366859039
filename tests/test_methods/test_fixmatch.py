"""FixMatch: strong views and what heads learn from them."""
import copy

import pytest
import torch
import torch.nn.functional as F
from helpers import make_batch
from ssl_methods import (
    THRESHOLD,
    Brighter,
    again_of,
    batch_of,
    losses_of,
    method,
)

from mmseg_fst.models.losses import resize_logits


def test_labeled_pixels_are_not_augmented():
    model = method(
        'ssl_fixmatch', paste='batch', mixer=dict(type='ClassMix'))
    model.photometric = Brighter()
    losses_of(model)
    image, _, weak = batch_of(model)
    mask = model.mixed.mask[:, None]
    assert mask.any() and not mask.all()
    assert torch.equal(model.mixed.image,
                       torch.where(mask, image, weak + 10))


def test_boxes_are_cut_from_a_second_crop_labeled_in_evaluation_mode():
    """By the student as it was, with running statistics and no dropout."""
    model = method('ssl_fixmatch', dropout=.5, mixer=dict(
        type='CutMix', prob=1.))
    model.photometric = Brighter()
    student = copy.deepcopy(model.student).eval()
    losses_of(model)
    assert model.student.training
    again, mixed, mask = again_of(model), model.mixed, model.mixed.mask
    logits = resize_logits(student(again), again.shape[2:], False)
    confidence, label = logits.softmax(1).max(1)
    assert mask.any((1, 2)).all() and not mask.all()
    assert torch.equal(mixed.image, torch.where(
        mask[:, None], again + 20, batch_of(model)[2] + 10))
    assert torch.equal(mixed.label, torch.where(
        mask, label, model.pseudo_label))
    assert torch.equal(mixed.weight, torch.where(
        mask, (confidence >= THRESHOLD).float(), model.pseudo_weight))
    # Its passes in training mode move the statistics; that one does not.
    counts = {
        int(value) - int(student.state_dict()[key])
        for key, value in model.student.state_dict().items()
        if key.endswith('num_batches_tracked')
    }
    assert counts == {2}


def test_a_second_crop_is_asked_for():
    model = method('ssl_fixmatch')
    data = model.data_preprocessor(make_batch(), True)
    with pytest.raises(AttributeError, match="'unlabeled_again'.*`again`"):
        model(**data, mode='loss')


@pytest.mark.parametrize('wrong, message', [
    (dict(paste='other'), "'batch' or 'again'"),
    (dict(mixer=dict(type='ClassMix')), "needs the mixer 'CutMix'"),
])
def test_where_boxes_may_be_cut_from(wrong, message):
    with pytest.raises(ValueError, match=message):
        method('ssl_fixmatch', **wrong)


@pytest.mark.parametrize('auxiliary', ['weighted', 'plain', 'off'])
def test_what_auxiliary_heads_learn_from_mixed_images(auxiliary):
    model = method('ssl_fixmatch', mixed_auxiliary=auxiliary)
    student = copy.deepcopy(model.student)
    losses = losses_of(model)
    if auxiliary == 'off':
        assert 'mixed.aux.loss_ce' not in losses
        return
    mixed = model.mixed
    features = student.train().extract_feat(mixed.image)
    logits = resize_logits(
        student.auxiliary_head(features), mixed.label.shape[1:], False)
    loss = F.cross_entropy(logits, mixed.label, reduction='none')
    assert 0 < mixed.weight.mean() < 1
    if auxiliary == 'weighted':
        loss = loss * mixed.weight
    torch.testing.assert_close(losses['mixed.aux.loss_ce'],
                               .5 * .4 * loss.mean())
