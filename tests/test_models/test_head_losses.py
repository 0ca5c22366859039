"""Losses of heads, with and without weights of pixels."""
import pytest
import torch
import torch.nn.functional as F
from helpers import IGNORE, network_cfg
from torch import nn

from mmseg_fst.models.losses import (
    head_logits,
    head_losses,
    heads_of,
    labeled_losses,
)
from mmseg_fst.registry import MODELS


def supervised_losses(network, image, label):
    features = network.extract_feat(image)
    logits = {
        name: head_logits(head, features, label.shape[1:])
        for name, head in heads_of(network).items()
    }
    return labeled_losses(network, logits, label)


def by_hand(network, head, image, label, weight):
    """Cross-entropy as DACS has it: the mean over ALL pixels."""
    logits = head(network.extract_feat(image))
    logits = F.interpolate(logits, label.shape[1:], mode='bilinear')
    loss = F.cross_entropy(
        logits, label, reduction='none', ignore_index=IGNORE)
    return (loss * weight).mean()


def test_several_auxiliary_heads_have_names_of_their_own():
    cfg = network_cfg(dropout=0.)
    head = cfg['auxiliary_head']
    cfg['auxiliary_head'] = [{**head, 'in_index': 1, 'in_channels': 8}, head]
    network = MODELS.build(cfg)
    image, label = torch.randn(2, 3, 32, 64), torch.zeros(2, 32, 64).long()
    assert set(supervised_losses(network, image, label)) == {
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
    losses = supervised_losses(network, image, label)
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
    sampled = head.sampler.sample(logits, label[:, None])
    assert 0 < sampled.mean() < 1
    for given, used in ((None, sampled), (weight, weight)):
        want = by_hand(network, head, image, label, used)
        got = head_losses(head, logits, label, given)['loss_ce']
        torch.testing.assert_close(got, want)


def test_all_of_few_labeled_pixels_are_hard():
    """Also the surest one, which MMSegmentation's sampler leaves out."""
    cfg = network_cfg(dropout=0., auxiliary=False)
    cfg['decode_head']['sampler'] = dict(
        type='OHEMPixelSampler', thresh=.01, min_kept=20)
    cfg['decode_head']['loss_decode']['avg_non_ignore'] = True
    head = MODELS.build(cfg).decode_head
    logits = torch.randn(2, head.num_classes, 4, 8)
    label = torch.full((2, 4, 8), IGNORE)
    label[:, 0] = 1
    got = head_losses(head, logits, label)['loss_ce']
    torch.testing.assert_close(
        got, F.cross_entropy(logits, label, ignore_index=IGNORE))


def dice_by_hand(logits, label, weight):
    """Class by class, in NumPy's order of things."""
    probability = logits.softmax(1)
    valid = label != IGNORE
    terms = []
    for index in range(logits.shape[1]):
        shown = (label == index) & (weight > 0)
        if not shown.any():
            continue
        overlap = (weight * probability[:, index])[shown].sum()
        total = (weight * probability[:, index])[valid].sum()
        terms.append(1 - 2 * overlap / (total + weight[shown].sum()))
    return torch.stack(terms).mean() * weight[valid].mean()


def labeled_logits(num_classes=4):
    generator = torch.Generator().manual_seed(0)
    label = torch.randint(0, 3, (2, 6, 7), generator=generator)
    label[0, :2] = IGNORE
    logits = torch.randn(2, num_classes, 6, 7, generator=generator)
    weight = torch.rand(2, 6, 7, generator=generator)
    weight[1, :3] = 0
    return logits, label, weight


def test_dice_counts_classes_alike_and_weights_pixels():
    logits, label, weight = labeled_logits()
    dice = MODELS.build(dict(type='ClassDiceLoss', loss_weight=3.))
    for given in (None, weight, .5 * torch.ones_like(weight)):
        used = torch.ones_like(weight) if given is None else given
        torch.testing.assert_close(
            dice(logits, label, given), 3 * dice_by_hand(logits, label, used))
    changed = logits.clone()
    changed[0, :, :2] = 9.  # ignored pixels
    assert torch.equal(dice(logits, label), dice(changed, label))


def test_dice_without_a_label_is_zero_and_has_a_gradient():
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    label = torch.full((1, 4, 4), IGNORE)
    dice = MODELS.build(dict(type='ClassDiceLoss'))
    for weight in (None, torch.ones(1, 4, 4)):
        loss = dice(logits, label, weight)
        loss.backward()
        assert loss == 0 and not logits.grad.any()
    loss = dice(logits, label.fill_(1), torch.zeros(1, 4, 4))
    assert loss == 0


def test_dice_of_one_channel_is_that_of_two_classes():
    logits, label, weight = labeled_logits(1)
    label[label == 2] = 1
    dice = MODELS.build(dict(type='ClassDiceLoss'))
    both = torch.cat([torch.zeros_like(logits), logits], 1)
    torch.testing.assert_close(
        dice(logits, label, weight), dice(both, label, weight))


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('ignored', [0, 500, 2048])
def test_a_mean_over_labeled_pixels_is_that_of_pytorch(dtype, ignored):
    """MMSegmentation's has the epsilon of float32 in float64 as well."""
    cfg = network_cfg(dropout=0., auxiliary=False)
    cfg['decode_head']['loss_decode'] = dict(
        type='CrossEntropyLoss', avg_non_ignore=True)
    head = MODELS.build(cfg).decode_head
    logits = torch.randn(1, head.num_classes, 32, 64, dtype=dtype)
    label = torch.zeros(1, 32, 64).long()
    label.view(-1)[:ignored] = IGNORE
    found = head_losses(head, logits, label)['loss_ce']
    assert found.dtype == dtype
    if ignored == 2048:
        assert found == 0
        return
    torch.testing.assert_close(
        found, F.cross_entropy(logits, label, ignore_index=IGNORE),
        rtol=1e-14 if dtype == torch.float64 else 1e-6, atol=0.)
    if dtype == torch.float32:
        assert torch.equal(found, head.loss_decode(
            logits, label, ignore_index=IGNORE))


@pytest.mark.parametrize('avg_non_ignore', [True, False])
@pytest.mark.parametrize('weighted', [True, False])
def test_class_weights_for_labels_and_pseudo_labels(avg_non_ignore, weighted):
    cfg = network_cfg(dropout=0., auxiliary=False)
    head = cfg['decode_head']
    weights = torch.rand(head['num_classes'])
    head['loss_decode'] = [
        dict(type='CrossEntropyLoss', avg_non_ignore=avg_non_ignore,
             class_weight=weights.tolist()),
        dict(type='ClassDiceLoss')
    ]
    head = MODELS.build(cfg).decode_head
    logits, label, weight = labeled_logits(len(weights))
    losses = head_losses(head, logits, label, weight if weighted else None)
    assert set(losses) == {'loss_ce', 'loss_dice'}
    plain = F.cross_entropy(
        logits, label, weights, reduction='none', ignore_index=IGNORE)
    expected = (plain * (weight if weighted else 1)).sum() / weights[
        label[label != IGNORE]].sum()
    torch.testing.assert_close(losses['loss_ce'], expected)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('weighted', [True, False])
def test_class_weights_are_copied_to_a_device_once(weighted, dtype,
                                                   monkeypatch):
    """To the same numbers as by MMSegmentation, which copies at every step."""
    cfg = network_cfg(dropout=0., auxiliary=False)
    weights = torch.rand(cfg['decode_head']['num_classes']).tolist()
    cfg['decode_head']['loss_decode'] = dict(
        type='CrossEntropyLoss', avg_non_ignore=True, class_weight=weights,
        loss_weight=.3)
    head = MODELS.build(cfg).decode_head
    logits, label, weight = labeled_logits(len(weights))
    logits = logits.to(dtype).requires_grad_()
    weight = weight if weighted else None
    ids = label.masked_fill(label == IGNORE, len(weights))
    expected = head.loss_decode(
        logits, label, weight=weight, ignore_index=IGNORE,
        avg_factor=label.new_tensor([*weights, 0.], dtype=torch.float32)[
            ids].sum())
    gradient, = torch.autograd.grad(expected, logits)
    for _ in range(2):
        found = head_losses(head, logits, label, weight)['loss_ce']
        assert torch.equal(found, expected)
        assert torch.equal(torch.autograd.grad(found, logits)[0], gradient)
        # The second time nothing is copied.
        monkeypatch.setattr(torch.Tensor, 'new_tensor', None)
        monkeypatch.setattr(torch, 'tensor', None)


def test_a_loss_without_pixel_weights_is_refused():
    cfg = network_cfg(dropout=0., auxiliary=False)
    cfg['decode_head']['loss_decode'] = dict(type='DiceLoss')
    head = MODELS.build(cfg).decode_head
    logits, label, weight = labeled_logits()
    with pytest.raises(TypeError, match='Use ClassDiceLoss for a Dice loss'):
        head_losses(head, logits, label, weight)


def test_a_head_without_logits_is_named():

    class TwoOutputsHead(nn.Module):

        def forward(self, features):
            return features, features

    with pytest.raises(TypeError, match='TwoOutputsHead must .*got tuple'):
        head_logits(TwoOutputsHead(), [], (2, 2))
