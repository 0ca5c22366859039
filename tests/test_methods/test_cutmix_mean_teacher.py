"""One training step of semi-supervised methods, written down plainly."""
import copy

import pytest
import torch
import torch.nn.functional as F
from helpers import IGNORE, make_batch
from ssl_methods import batch_of, logits_of, losses_of, method, same
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_fst.models.losses import resize_logits


def norms(network, training):
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.train(training)


@pytest.mark.parametrize('name',
                         ['ssl_mean_teacher', 'ssl_cutmix_mean_teacher'])
@pytest.mark.parametrize('percentile', [80, 30])
def test_joint_pass_against_the_step_by_hand(name, percentile):
    """Section B.3 of the release, written down plainly."""
    model = method(name, pseudo_filter=dict(
        type='EntropyPercentile', percentile=percentile))
    student = copy.deepcopy(model.student)
    teacher = copy.deepcopy(model.teacher)
    losses = losses_of(model)
    image, label, weak = batch_of(model)
    with torch.no_grad():
        target = logits_of(teacher.eval(), weak).argmax(1)
    assert torch.equal(model.pseudo_label, target)
    mixed, target = model.mixed.image, target.clone()
    if name == 'ssl_mean_teacher':
        assert torch.equal(mixed, weak)
    else:
        mask = model.mixed.mask
        target = torch.where(mask, target.roll(-1, 0), target)
        assert torch.equal(mixed, torch.where(
            mask[:, None], weak.roll(-1, 0), weak))
    both = torch.cat([image, mixed])
    with torch.no_grad():
        norms(teacher, True)
        probability = logits_of(teacher, both)[2:].softmax(1)
    entropy = -(probability * (probability + 1e-10).log()).sum(1)
    threshold = torch.quantile(entropy.flatten(), percentile / 100)
    target[entropy >= threshold] = IGNORE
    assert torch.equal(model.mixed.label, target)
    features = student.train().extract_feat(both)
    for head, part in ((student.decode_head, 'decode'),
                       (student.auxiliary_head, 'aux')):
        share = .4 if part == 'aux' else 1
        logits = resize_logits(head(features), label.shape[1:], False)
        want = share * F.cross_entropy(logits[:2], label, ignore_index=IGNORE)
        torch.testing.assert_close(losses[f'labeled.{part}.loss_ce'], want)
        if part == 'decode':
            kept = (target != IGNORE).sum()
            want = target.numel() / kept * F.cross_entropy(
                logits[2:], target, ignore_index=IGNORE)
            torch.testing.assert_close(losses['mixed.decode.loss_ce'], want)
    # Both networks have normalized labeled and mixed images together.
    assert all(same(student.state_dict(),
                    model.student.state_dict()).values())
    assert all(same(teacher.state_dict(),
                    model.teacher.state_dict()).values())


@pytest.mark.parametrize('mode', ['eval', 'train'])
def test_the_second_look_moves_running_statistics_alone(mode):
    model = method('ssl_mean_teacher', teacher_mode=mode, dropout=.5)
    before = copy.deepcopy(model.teacher.state_dict())
    training = [module.training for module in model.teacher.modules()]
    losses_of(model)
    buffers = {name for name, _ in model.teacher.named_buffers()}
    for name, equal in same(before, model.teacher.state_dict()).items():
        moved = name in buffers and not name.startswith('auxiliary_head')
        assert equal != moved, name
    counts = {
        int(value) for name, value in model.teacher.named_buffers()
        if name.endswith('num_batches_tracked')
        and not name.startswith('auxiliary_head')
    }
    assert counts == {1 if mode == 'eval' else 2}
    assert training == [m.training for m in model.teacher.modules()]


def test_without_a_second_look_nothing_of_the_teacher_moves():
    model = method('ssl_unimatch_v2')
    before = copy.deepcopy(model.teacher.state_dict())
    losses_of(model)
    assert all(same(before, model.teacher.state_dict()).values())
    assert model.mixed.factor is None


def test_the_student_labels_by_its_pass_of_both_batches():
    """FixMatch, and the perturbed features of UniMatch, by hand."""
    model = method(
        'ssl_unimatch', backward='joint',
        weak_perturbation=dict(type='ChannelDropout', prob=0.))
    student = copy.deepcopy(model.student).train()
    losses = losses_of(model)
    assert model.teacher is None and model.networks == ['student']
    image, label, weak = batch_of(model)
    features = student.extract_feat(torch.cat([image, weak]))
    features = [torch.cat([one, one[2:]]) for one in features]
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


class Brighter(nn.Module):
    """An augmentation that counts its calls."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, image, mean, std):
        self.calls += 1
        return image + 10 * self.calls


@pytest.mark.parametrize('name', ['ssl_unimatch', 'ssl_unimatch_v2'])
@pytest.mark.parametrize('where', ['unlabeled', 'mixed'])
def test_views_are_drawn_anew_from_the_same_labels(name, where):
    model = method(
        name, mixer=dict(type='CutMix', prob=1.), photometric_on=where)
    model.photometric = Brighter()
    losses_of(model)
    assert model.photometric.calls == 2
    _, _, weak = batch_of(model)
    mixed = model.mixed
    assert len(mixed.image) == 4
    assert not torch.equal(*mixed.mask.chunk(2))
    for view, part in enumerate(zip(*(one.chunk(2) for one in mixed[:4]))):
        image, label, weight, mask = part
        assert mask.any((1, 2)).all()
        for got, source in ((image, weak + 10 * (view + 1)),
                            (label, model.pseudo_label),
                            (weight, model.pseudo_weight)):
            where_ = mask[:, None] if got.dim() == 4 else mask
            want = torch.where(where_, source.flip(0), source)
            assert torch.equal(got, want)


@pytest.mark.parametrize('where', ['unlabeled', 'mixed'])
def test_labeled_pixels_are_augmented_only_if_mixed(where):
    model = method(
        'ssl_fixmatch', mixer=dict(type='ClassMix'), photometric_on=where)
    model.photometric = Brighter()
    losses_of(model)
    image, _, weak = batch_of(model)
    mask = model.mixed.mask[:, None]
    pasted = image + (10 if where == 'mixed' else 0)
    assert mask.any() and not mask.all()
    assert torch.equal(model.mixed.image,
                       torch.where(mask, pasted, weak + 10))


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


def test_one_image_cannot_be_mixed_with_itself():
    model = method('ssl_cutmix_mean_teacher')
    data = model.data_preprocessor(make_batch(1), True)
    with pytest.raises(ValueError, match='HalfCutMix.*batch_size'):
        model(**data, mode='loss')
