"""Methods on networks with one channel for two classes."""
import pytest
import torch
from fake_run import binary_cfg
from helpers import build_model, make_batch
from ssl_methods import METHODS, method_cfg, perturb

THRESHOLD = .4


def binary_batch(model):
    """A batch of two classes."""
    data = model.data_preprocessor(make_batch(again=True), True)
    for sample in data['data_samples']['labeled']:
        label = sample.gt_sem_seg.data
        sample.gt_sem_seg.data = torch.where(label == 255, label, label % 2)
    return data


def binary_method(name):
    cfg = method_cfg(name)
    network = binary_cfg(THRESHOLD)
    network['decode_head']['loss_decode']['avg_non_ignore'] = True
    cfg['segmentor'] = network
    cfg['pseudo_labeler']['threshold'] = .55
    model = build_model(cfg)
    perturb(model.student)
    if model.teacher is not None:
        perturb(model.teacher)
    center(model)
    return model.train()


@torch.no_grad()
def center(model):
    """Set biases so that about half of the pixels belong to each class."""
    image = model.data_preprocessor(make_batch(), True)['inputs']['unlabeled']
    for network in (model.student, model.teacher):
        if network is not None:
            network.train()
            head = network.decode_head
            head.conv_seg.weight.normal_()
            head.conv_seg.bias -= network(image).median()


@pytest.mark.parametrize('name', METHODS)
def test_pseudo_labels_are_the_predictions(name, monkeypatch):
    model = binary_method(name)
    data = binary_batch(model)
    received = []
    labeler = model.pseudo_labeler.forward

    def forward(logits):
        received.append(logits)
        return labeler(logits)

    monkeypatch.setattr(model.pseudo_labeler, 'forward', forward)
    losses = model(**data, mode='loss')
    total = sum(value for key, value in losses.items() if 'loss' in key)
    total.backward()
    assert torch.isfinite(total)
    logits = received[-1]  # second crops are labeled before
    assert logits.shape[1] == 2
    shift = torch.logit(torch.tensor(THRESHOLD))
    share = (logits[:, 1] + shift).sigmoid()
    label = model.pseudo_label
    known = label != 255
    assert torch.equal(label[known], (share > THRESHOLD).long()[known])
    assert 0 < label[known].float().mean() < 1
    assert 0 <= model.pseudo_weight.min() <= model.pseudo_weight.max() <= 1
