"""Parity with the program of AllSpark."""
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner
from torch import nn

from mmseg_fst.models.losses import resize_logits
from mmseg_fst.registry import MODELS

from .ssl_peers import rename
from .test_ssl_peers import check, one_thread  # noqa: F401

PATH = (Path(__file__).parents[1] / 'data' / 'allspark_release'
        / 'allspark.pt')
# In the release, dropout of unlabeled images comes before that of labeled
# ones, and of the decode head last; here labeled images come first.
ORDER = (2, 3, 0, 1, 4)


@MODELS.register_module()
class AllSparkToyEncoder(nn.Module):
    """Four maps of strides 2, 4, 4 and 8, with 6, 6, 6 and 8 channels."""

    def __init__(self):
        super().__init__()
        channels = 3
        for index, (width, stride) in enumerate(
                ((6, 2), (6, 2), (6, 1), (8, 2)), 1):
            self.add_module(f'l{index}', nn.Sequential(
                nn.Conv2d(channels, width, 3, stride, 1, bias=False),
                nn.BatchNorm2d(width), nn.ReLU()))
            channels = width

    def forward(self, image):
        maps = []
        for stage in self.children():
            image = stage(image)
            maps.append(image)
        return maps


def fill(record, model):
    """Fill in the model of AllSpark and what it has augmented."""
    classes = record['meta']['nclass']
    segmentor = model.segmentor
    segmentor.backbone = dict(type='AllSparkToyEncoder')
    segmentor.neck.update(in_channels=8, num_classes=classes, size=(3, 3))
    segmentor.decode_head.update(
        in_channels=[6, 6, 6, 8], channels=6, num_classes=classes)
    model.memory_from = record['meta']['warmup_epoch'] / (
        record['meta']['epochs'])
    model.photometric = dict(
        type='RecordedPhotometric',
        views=[image for image, _ in record['labeled']])
    return rename(record['init']), [
        dict(labeled=(torch.zeros_like(unlabeled), label),
             unlabeled=(unlabeled, torch.zeros_like(label)))
        for (_, label), unlabeled in zip(
            record['labeled'], record['unlabeled'])
    ]


@pytest.fixture
def recorded(monkeypatch):
    """Replays the record, with its dropout, and keeps the runner."""
    masks, runners = [], []

    def dropout(self, values):
        if not self.training:
            return values
        mask = masks.pop(0)
        expected = values.shape if isinstance(self, nn.Dropout) else (
            *values.shape[:2], 1, 1)
        assert mask.shape == expected and self.p == .1
        return values * mask / (1 - self.p)

    def noted(self, *args, original=Runner.__init__, **kwargs):
        original(self, *args, **kwargs)
        runners.append(self)

    def replayed(**changes):
        def filled(record, model):
            masks.extend(each['masks'][index] for each in record['iters']
                         for index in ORDER)
            return fill(record, model)

        found = check(PATH, monkeypatch, changes, [
            dict(type='PrepareModelHook')], fill=filled)
        assert not masks
        return found, runners[0].model

    for kind in (nn.Dropout, nn.Dropout2d):
        monkeypatch.setattr(kind, 'forward', dropout)
    monkeypatch.setattr(Runner, '__init__', noted)
    return replayed


def test_the_record_is_reproduced(recorded):
    """Losses, pseudo-labels, weights, statistics, memory, evaluation."""
    found, model = recorded()
    states = 0
    for index, values in enumerate(found.record['iters']):
        state = found.states[index][0]
        assert torch.equal(found.labels[index], values['pseudo'])
        assert torch.equal(
            state['neck.memory.position'], values['queue_ptr'])
        states += 'decoder.allspark.attn.kv_queue' in values.get('model', {})
    assert states == 3
    labels = torch.cat([each['pseudo'].flatten()
                        for each in found.record['iters']])
    assert (labels.bincount() > 5).sum() > 2
    student = model.student.eval()
    for index, (image, logits) in zip((7, 15), found.record['eval']):
        student.load_state_dict(found.states[index][0])
        with torch.no_grad():
            evaluated = resize_logits(
                student(image), image.shape[2:], False)
        torch.testing.assert_close(evaluated, logits, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('change', [
    {'model.group_by': 'probabilities'}, {'model.label_by': 'image'},
    {'model.memory_from': 0.}], ids=str)
def test_a_different_rule_is_seen(recorded, monkeypatch, change):
    with pytest.raises(AssertionError):
        recorded(**change)
