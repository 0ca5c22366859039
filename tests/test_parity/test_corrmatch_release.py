"""Parity with the program of CorrMatch."""
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmseg.models.losses import utils
from torch import nn

from mmseg_fst.methods import CorrMatch, corr_match
from mmseg_fst.models import ConfidenceThreshold, CorrelationHead
from mmseg_fst.ops import label_regions
from mmseg_fst.registry import MODELS

from .ssl_peers import load
from .test_ssl_peers import check, one_thread  # noqa: F401

PATH = (Path(__file__).parents[1] / 'data' / 'corrmatch_release'
        / 'corrmatch.pt')
# The float32 epsilon of mmseg's mean is 1e-10 of a loss of 1352 pixels, and
# grows in five steps with a high learning rate; without it all is equal to
# 1e-12.
TOLERANCE = {True: 1e-8, False: 1e-11}


class RecordedDropout(nn.Module):
    """Dropout of the channels that the record has dropped."""

    def __init__(self, masks):
        super().__init__()
        self.masks = list(masks)

    def forward(self, feature):
        mask = self.masks.pop(0)
        assert mask.shape == feature.shape[:2]
        return feature * (mask / .9)[:, :, None, None]


@MODELS.register_module()
class RecordedCorrelation(CorrelationHead):
    """The correlation head with the random choices of the record."""

    def __init__(self, masks, index, **kwargs):
        super().__init__(**kwargs)
        assert self.dropout.p == .1 and self.num_regions == 128
        self.dropout = RecordedDropout(masks)
        self.index = list(index)

    def sample_positions(self, count):
        index = self.index.pop(0)
        assert index.max() < count
        return index


class WithoutEpsilon:
    """PyTorch whose numbers have no smallest distance."""

    def __getattr__(self, name):
        if name == 'finfo':
            return lambda dtype: SimpleNamespace(eps=0.)
        return getattr(torch, name)


class Notes:
    """Thresholds and strong labels of each step, as the record has them."""

    def __init__(self, monkeypatch):
        self.thresholds, self.labels, self.used = [], [], []
        forward, fill = ConfidenceThreshold.forward, CorrMatch._fill_regions

        def note_threshold(module, *args):
            value = forward(module, *args)
            self.thresholds.append(value.item())
            return value

        def note_labels(model, *args):
            mixed, sure = fill(model, *args)
            self.labels.append(mixed.label)
            self.used.append(mixed.weight)
            return mixed, sure

        monkeypatch.setattr(ConfidenceThreshold, 'forward', note_threshold)
        monkeypatch.setattr(CorrMatch, '_fill_regions', note_labels)


def replayed(monkeypatch, epsilon=True, **changes):
    record = load(PATH)
    if not epsilon:
        monkeypatch.setattr(utils, 'torch', WithoutEpsilon())
    return check(
        PATH, monkeypatch, {
            'model.correlation.type': 'RecordedCorrelation',
            'model.correlation.channels': 5,
            'model.correlation.masks': [
                mask for each in record['iters'] for mask in each['dropped']],
            'model.correlation.index': [
                each['index'] for each in record['iters']],
            'model.confidence_threshold.start': record['meta']['thresh_init'],
            **changes
        }, [dict(type='PrepareModelHook')], TOLERANCE[epsilon])


@pytest.mark.parametrize('epsilon', [True, False])
def test_the_record_is_reproduced(monkeypatch, epsilon):
    notes = Notes(monkeypatch)
    found = replayed(monkeypatch, epsilon)
    filled = 0
    for index, values in enumerate(found.record['iters']):
        assert notes.thresholds[index] == pytest.approx(
            values['scalars']['thresh_global'], rel=TOLERANCE[epsilon])
        used = values['used'].bool()
        assert torch.equal(notes.used[index].bool(), used)
        # Elsewhere the program has labels that it does not use.
        assert torch.equal(
            notes.labels[index][used], values['label'][used])
        assert found.losses[index]['loss'] == pytest.approx(
            values['scalars']['loss'], rel=TOLERANCE[epsilon])
        filled += int(found.losses[index]['region_label_weight']
                      > found.losses[index]['pseudo_label_weight'] + .05)
    assert len(notes.labels) == 5 and filled >= 3


def reversed_regions(label, confident, regions, *args):
    """Of overlapping regions the first one wins."""
    return label_regions(label, confident, regions.flip(1), *args)


def own_labels(label, confident, regions, *args):
    """Every region has the first labels, none changes the next."""
    for index in range(regions.shape[1]):
        first, used = label_regions(
            label, confident, regions[:, index:index + 1], *args)
        if index == 0:
            changed, all_used = first, used
        changed = torch.where(first != label, first, changed)
        all_used = all_used | used
    return changed, all_used


@pytest.mark.parametrize('rule', [reversed_regions, own_labels])
def test_another_order_of_regions_is_seen(monkeypatch, rule):
    monkeypatch.setattr(corr_match, 'label_regions', rule)
    with pytest.raises(AssertionError):
        replayed(monkeypatch)


@pytest.mark.parametrize('change', [
    {'model.confidence_threshold.decay': .99},
    {'model.confidence_threshold.start': .46},
    {'model.paste': 'batch'},
    {'model.perturbed_images': 'unlabeled'}], ids=str)
def test_a_different_rule_is_seen(monkeypatch, change):
    with pytest.raises((AssertionError, IndexError)):
        replayed(monkeypatch, **change)


@pytest.mark.parametrize('pixels', ['all', 'weak'])
def test_the_threshold_counts_what_the_strong_view_shows(monkeypatch, pixels):
    """Not the pixels that are no padding of the weak view."""
    forward = ConfidenceThreshold.forward
    unlabeled = load(PATH)['unlabeled']

    def counted(module, confidence, label, valid):
        other = unlabeled.pop(0)[3] != 255
        if pixels == 'all':
            other = torch.ones_like(valid)
        return forward(module, confidence, label, other)

    monkeypatch.setattr(ConfidenceThreshold, 'forward', counted)
    with pytest.raises(AssertionError):
        test_the_record_is_reproduced(monkeypatch, True)
