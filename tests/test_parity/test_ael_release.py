"""AEL equals its release, step by step.

The records were made by ``train`` of ``train.py`` of hzhupku/SemiSeg-AEL
(MIT): three iterations in float64 of a toy network, with its losses, mixers
and confidence bank. What was sampled there is given here.
"""
from pathlib import Path

import pytest
import torch
from torch import nn

from mmseg_fst.engine import MeanTeacherHook
from mmseg_fst.ops import Mixed, connected_components, sample_object_box

from .method_release import (
    assert_close,
    build_toy,
    learn,
    optimizer_of,
    rename,
    runner_of,
    samples_of,
)

FOLDER = Path(__file__).parents[1] / 'data' / 'ael_release'
NAMES = {'encoder.': 'backbone.layers.', 'decoder.': 'decode_head.conv_seg.',
         'auxor.': 'auxiliary_head.conv_seg.'}


class RecordedCutMix(nn.Module):
    """The box of the release; the second image is cut, one is mixed."""

    def forward(self, unlabeled, confidence):
        image, label, weight = unlabeled
        mask = self.mask[None]
        return Mixed(
            torch.where(mask[:, None], image[1:], image[:1]),
            torch.where(mask, label[1:], label[:1]),
            torch.where(mask, weight[1:], weight[:1]), mask,
            torch.tensor([1]))


def recorded_rand(numbers):
    """``torch.rand`` with the random numbers of the losses."""
    numbers, original = iter(numbers), torch.rand

    def rand(*shape):
        if isinstance(shape[0], torch.Size):
            return next(numbers)
        return original(*shape)

    return rand


def replay(record, monkeypatch, **changes):
    """Train as in the record, and compare after each iteration."""
    meta = record['meta']
    model = build_toy(
        'ssl_ael', meta['num_classes'], True, **{
            'bank.match_release': True, 'copy_paste.prob': 1.,
            'pseudo_labeler.threshold': meta['threshold'], **changes
        })
    for network, state in record['init'].items():
        if network != 'bank':
            model.network(network).load_state_dict(rename(state, **NAMES))
    model.bank.confidence.copy_(record['init']['bank'])
    model.mixer = RecordedCutMix()
    hook = MeanTeacherHook(decay=.99, when='after')
    optimizer = optimizer_of(model, .01, 1e-4)
    start = [group['lr'] for group in optimizer.param_groups]
    for index, entry in enumerate(record['iters']):
        for group, rate in zip(optimizer.param_groups, start):
            group['lr'] = rate * (1 - index / meta['iters'])**.9
        chosen = torch.zeros(meta['num_classes'], dtype=torch.bool)
        chosen[entry['classes']] = True
        model.copy_paste.sample_classes = lambda _, chosen=chosen: chosen
        model.mixer.mask = entry['mask']
        image, label = entry['images'].double(), entry['labels']
        inputs = dict(labeled=image[:, :3], paste=image[:, 3:],
                      unlabeled=entry['unlabeled'].double())
        samples = dict(labeled=samples_of(label[:, 0]),
                       paste=samples_of(label[:, 1]),
                       unlabeled=samples_of(count=2))
        with monkeypatch.context() as patch:
            patch.setattr(torch, 'rand', recorded_rand(entry['number']))
            losses = learn(model, optimizer, inputs, samples)
        hook.update_teacher(runner_of(model, index))
        found = (
            losses['labeled.decode.loss_ce'] + losses['labeled.aux.loss_ce'],
            losses['own.decode.loss_balanced'],
            losses['mixed.decode.loss_balanced'])
        assert found == pytest.approx(entry['losses'], rel=1e-9), index
        for network in ('student', 'teacher'):
            assert_close(model.network(network).state_dict(),
                         rename(entry[network], **NAMES), 1e-9)
    assert torch.equal(model.bank.confidence, record['final_bank'])


def load(name):
    return torch.load(FOLDER / f'{name}.pt', weights_only=True)


@pytest.mark.parametrize('name', ['cityscapes', 'voc'])
def test_losses_weights_and_bank_are_equal(name, monkeypatch):
    replay(load(name), monkeypatch)


@pytest.mark.parametrize('changes', [
    {'pseudo_labeler.power': 1.}, {'balanced.power': .5},
    {'bank.match_release': False}], ids=lambda change: next(iter(change)))
def test_another_rule_is_detected(changes, monkeypatch):
    with pytest.raises(AssertionError):
        replay(load('cityscapes'), monkeypatch, **changes)


@pytest.mark.parametrize('name', ['cityscapes', 'voc'])
def test_regions_are_equal(name):
    """All that ``generate_cutmix`` has returned in 150 calls."""
    for entry in load(name)['boxes']:
        # The release names rows first.
        expected = {(left, top, right, bottom) for top, left, bottom, right
                    in entry['boxes'].tolist()}
        assert len(expected) > 1
        mask = (entry['prediction'] == 1).expand(2 * len(expected), -1, -1)
        found, is_large = sample_object_box(
            connected_components(mask),
            (torch.arange(len(mask)) + .5) / len(mask),
            .005 * mask[0].numel())
        assert is_large.all()
        assert set(map(tuple, found.tolist())) == expected
