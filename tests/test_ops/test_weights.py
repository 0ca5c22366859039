"""Tests of mmseg_fst/ops/weights.py."""
import numpy as np
import pytest
import torch

from mmseg_fst.ops import ema_decay, ema_update_

SHAPES = [(3, 4), (5, ), ()]


def tensors(seed, requires_grad=False):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(shape, generator=generator).requires_grad_(requires_grad)
        for shape in SHAPES
    ]


@pytest.mark.parametrize('updates, expected', [(0, 0), (1, .5), (2, 2 / 3),
                                               (9, .9), (98, 98 / 99),
                                               (99, .99), (10**6, .99)])
def test_ema_decay_warms_up_to_its_cap(updates, expected):
    assert ema_decay(updates, .99) == pytest.approx(expected, abs=1e-15)


def test_ema_decay_of_zero_always_copies():
    assert [ema_decay(t, 0.) for t in (0, 1, 1000)] == [0, 0, 0]


@pytest.mark.parametrize('decay', [0., .3, .999, 1.])
def test_ema_update_is_the_formula_in_place(decay):
    average, weights = tensors(1), tensors(2)
    expected = [
        decay * a.numpy().astype(float) + (1 - decay) * w.numpy()
        for a, w in zip(average, weights)
    ]
    addresses = [a.data_ptr() for a in average]
    before = [w.clone() for w in weights]
    ema_update_(average, weights, decay)
    for got, want in zip(average, expected):
        np.testing.assert_allclose(got.numpy(), want, rtol=0, atol=1e-6)
    assert [a.data_ptr() for a in average] == addresses
    assert all(torch.equal(w, b) for w, b in zip(weights, before))


def test_ema_update_copies_exactly_at_the_first_update():
    average, weights = tensors(1), tensors(2)
    ema_update_(average, weights, ema_decay(0, .999))
    assert all(torch.equal(a, w) for a, w in zip(average, weights))


def test_ema_during_warm_up_is_the_mean_of_all_weights():
    average = tensors(0)
    history = [tensors(seed) for seed in range(1, 6)]
    for t, weights in enumerate(history):
        ema_update_(average, weights, ema_decay(t, .999))
    for i, got in enumerate(average):
        want = np.mean([weights[i].numpy() for weights in history], 0)
        np.testing.assert_allclose(got.numpy(), want, rtol=0, atol=1e-6)


def test_weights_that_need_gradients_leave_no_graph():
    average, weights = tensors(1), tensors(2, requires_grad=True)
    ema_update_(average, weights, .5)
    assert not any(a.requires_grad for a in average)
