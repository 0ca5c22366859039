"""The mean teacher with CutMix, against its step written down plainly."""
import copy

import pytest
import torch
import torch.nn.functional as F
from helpers import IGNORE, make_batch
from ssl_methods import batch_of, logits_of, losses_of, method, same
from torch.nn.modules.batchnorm import _BatchNorm

from mmseg_fst.models.losses import resize_logits


def norms(network, training):
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.train(training)


def test_without_a_filter_the_weights_of_the_labeler_apply():
    model = method(
        'ssl_cutmix_mean_teacher', pseudo_filter=None,
        pseudo_labeler=dict(type='ClassThreshold'))
    assert not model.teacher_updates_statistics
    student, calls = copy.deepcopy(model.student), []
    model.teacher.backbone.register_forward_hook(
        lambda *args: calls.append(1))
    losses = losses_of(model)
    assert len(calls) == 1, 'no pass of the mixed images'
    image, label, _ = batch_of(model)
    mixed = model.mixed
    assert 0 < mixed.weight.mean() < 1 and not (mixed.label == IGNORE).any()
    features = student.train().extract_feat(torch.cat([image, mixed.image]))
    logits = resize_logits(
        student.decode_head(features), label.shape[1:], False)[2:]
    plain = F.cross_entropy(logits, mixed.label, reduction='none')
    torch.testing.assert_close(
        losses['mixed.decode.loss_ce'], (plain * mixed.weight).mean())


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
            known = (target != IGNORE).sum()
            want = target.numel() / known * F.cross_entropy(
                logits[2:], target, ignore_index=IGNORE)
            torch.testing.assert_close(losses['mixed.decode.loss_ce'], want)
    # Both networks have normalized labeled and mixed images together.
    assert all(same(student.state_dict(),
                    model.student.state_dict()).values())
    assert all(same(teacher.state_dict(),
                    model.teacher.state_dict()).values())


@pytest.mark.parametrize('mode', ['eval', 'train'])
def test_the_second_pass_of_the_teacher_moves_running_statistics_alone(mode):
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


def test_one_image_cannot_be_mixed_with_itself():
    model = method('ssl_cutmix_mean_teacher')
    data = model.data_preprocessor(make_batch(1), True)
    with pytest.raises(ValueError, match='HalfCutMix.*batch_size'):
        model(**data, mode='loss')
