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


def test_a_head_without_logits_is_named():

    class TwoOutputsHead(nn.Module):

        def forward(self, features):
            return features, features

    with pytest.raises(TypeError, match='TwoOutputsHead must .*got tuple'):
        head_logits(TwoOutputsHead(), [], (2, 2))
