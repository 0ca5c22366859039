"""Tests of mmseg_fst/ops/gradients.py."""
import pytest
import torch
from torch import nn

from mmseg_fst.methods import DeferredGradient


def network():
    torch.manual_seed(0)
    layers = nn.ModuleDict(
        dict(first=nn.Linear(3, 4), second=nn.Linear(4, 1),
             spare=nn.Linear(4, 1)))
    return layers.double()


def losses(layers, seed):
    generator = torch.Generator().manual_seed(seed)
    image = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    hidden = layers.first(image).tanh()
    return layers.second(hidden).square().mean(), hidden.square().mean()


def gradients(layers):
    return [
        None if weight.grad is None else weight.grad.clone()
        for weight in layers.parameters()
    ]


@pytest.mark.parametrize('factor', [1., 3.])
@pytest.mark.parametrize('scale', [None, 1024.])
@pytest.mark.parametrize('separate', [False, True])
def test_one_backward_gives_the_gradient_of_the_sum(factor, scale, separate):
    layers = network()
    (factor * (sum(losses(layers, 0)) + losses(layers, 1)[0])).backward()
    expected = gradients(layers)
    layers.zero_grad()

    terms = losses(layers, 0)
    deferred = DeferredGradient(
        terms if separate else [sum(terms)], layers.parameters(),
        None if scale is None else torch.tensor(scale, dtype=torch.float64))
    assert gradients(layers) == [None] * 6, 'nothing is written before'
    loss = losses(layers, 1)[0]
    attached = deferred.attach(loss)
    assert torch.equal(attached, loss)
    # A scaler multiplies the loss, and divides the gradients afterwards.
    (factor * (scale or 1.) * attached).backward()
    for want, got in zip(expected, gradients(layers)):
        if want is None:
            assert got is None
        else:
            torch.testing.assert_close(got / (scale or 1.), want)


@pytest.mark.parametrize('factor', [1., 3.])
def test_what_is_done_to_the_gradient_of_weights_is_not_done_to_it(factor):
    """A later step attaches the same one; clipping works in place."""
    layers = network()
    deferred = DeferredGradient(losses(layers, 0), layers.parameters())
    found = []
    for _ in range(2):
        (factor * deferred.attach(losses(layers, 1)[0])).backward()
        found.append(gradients(layers))
        for weight in layers.parameters():
            if weight.grad is not None:
                weight.grad.zero_()
        layers.zero_grad()
    first, second = found
    assert first[:4] and first[4:] == second[4:] == [None] * 2
    assert all(map(torch.equal, first[:4], second[:4]))


def test_graph_of_the_losses_is_freed():
    layers = network()
    loss = losses(layers, 0)[0]
    deferred = DeferredGradient([loss], layers.parameters())
    with pytest.raises(RuntimeError, match='second time'):
        loss.backward()
    assert len(deferred.gradients) == 4, 'the spare layer has none'


def test_weights_that_are_frozen_get_nothing():
    layers = network()
    layers.first.requires_grad_(False)
    deferred = DeferredGradient([losses(layers, 0)[0]], layers.parameters())
    deferred.attach(losses(layers, 1)[0]).backward()
    assert layers.first.weight.grad is None
    assert layers.second.weight.grad is not None


def test_of_a_frozen_network_nothing_is_held():
    loss = torch.ones(())
    deferred = DeferredGradient([loss], [torch.zeros(2)])
    assert deferred.attach(loss) is loss
