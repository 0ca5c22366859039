"""UniMatch V2: the teacher labels, two views with complementary features."""
import copy

import torch
import torch.nn.functional as F
from ssl_methods import (
    THRESHOLD,
    batch_of,
    logits_of,
    losses_of,
    method,
    same,
)

from mmseg_fst.models.losses import resize_logits


def test_a_pass_of_the_teacher_moves_nothing_of_it():
    model = method('ssl_unimatch_v2')
    before = copy.deepcopy(model.teacher.state_dict())
    losses_of(model)
    assert all(same(before, model.teacher.state_dict()).values())


def test_the_step_by_hand():
    """Both views share a pass; the perturbation makes the masks."""
    model = method('ssl_unimatch_v2', backward='joint')
    masks = []
    perturb = model.perturbation.forward
    model.perturbation.forward = lambda features: masks.append(
        perturb([torch.ones_like(feature) for feature in features])) or [
            feature * mask for feature, mask in zip(features, masks[-1])]
    student = copy.deepcopy(model.student).train()
    teacher = copy.deepcopy(model.teacher)
    losses = losses_of(model)
    image, label, weak = batch_of(model)
    confidence, target = logits_of(teacher, weak).softmax(1).max(1)
    assert torch.equal(model.pseudo_label, target)
    assert torch.equal(model.pseudo_weight, (confidence >= THRESHOLD).float())
    mixed = model.mixed
    assert len(mixed.image) == 2 * len(image)
    features = [
        feature * mask
        for feature, mask in zip(student.extract_feat(mixed.image), *masks)
    ]
    logits = resize_logits(
        student.decode_head(features), label.shape[1:], False)
    loss = F.cross_entropy(logits, mixed.label, reduction='none')
    torch.testing.assert_close(losses['mixed.decode.loss_ce'],
                               .5 * (loss * mixed.weight).mean())
    first, second = masks[0][-1].chunk(2)
    assert ((first + second) == 2).all()


def test_without_a_perturbation_features_are_plain():
    model = method('ssl_unimatch_v2', perturbation=None)
    image = batch_of(model)[2]
    model.student.eval()
    for feature, other in zip(model.features_of(image),
                          model.student.extract_feat(image)):
        assert torch.equal(feature, other)
