"""FixMatch: strong views and what heads learn from them."""
import copy

import pytest
import torch
import torch.nn.functional as F
from ssl_methods import Brighter, batch_of, losses_of, method

from mmseg_fst.models.losses import resize_logits


def test_labeled_pixels_are_not_augmented():
    model = method('ssl_fixmatch', mixer=dict(type='ClassMix'))
    model.photometric = Brighter()
    losses_of(model)
    image, _, weak = batch_of(model)
    mask = model.mixed.mask[:, None]
    assert mask.any() and not mask.all()
    assert torch.equal(model.mixed.image,
                       torch.where(mask, image, weak + 10))


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
