"""Fused attention is the attention of MMSegmentation."""
import copy

import pytest
import torch
import torch.nn.functional as F
from mmseg.models.backbones import MixVisionTransformer, SwinTransformer
from torch import nn

from mmseg_fst.models import fuse_attention

NETWORKS = {
    'mit': lambda: MixVisionTransformer(
        embed_dims=8, num_heads=[1, 2, 2, 4], num_layers=[1, 1, 1, 2]),
    # Windows of 7 over 24 x 20 places: shifted, masked and padded.
    'swin': lambda: SwinTransformer(
        embed_dims=12, depths=[2, 2, 2, 2], num_heads=[1, 2, 2, 4]),
}


@pytest.mark.parametrize('name', NETWORKS)
def test_outputs_and_gradients(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().double()
    network.eval()
    # The bias of windows is initialized with zero.
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=.2)
    fused = copy.deepcopy(network)
    assert fuse_attention(fused) == dict(mit=5, swin=8)[name]
    assert list(fused.state_dict()) == list(network.state_dict())
    image = torch.randn(2, 3, 96, 80, dtype=torch.float64)
    for plain, fast in zip(network(image), fused(image)):
        torch.testing.assert_close(fast, plain, rtol=1e-9, atol=1e-9)
    for model in (network, fused):
        sum(stage.square().mean() for stage in model(image)).backward()
    for (key, weight), other in zip(network.named_parameters(),
                                  fused.parameters()):
        if weight.grad is not None:
            torch.testing.assert_close(
                other.grad, weight.grad, rtol=1e-7, atol=1e-9, msg=key)


def test_weights_of_attention_are_not_asked_for():
    network = NETWORKS['mit']()
    fuse_attention(network)
    asked = []
    for module in network.modules():
        if isinstance(module, nn.MultiheadAttention):
            module.register_forward_hook(
                lambda _, args, out: asked.append(out[1]))
    network(torch.randn(1, 3, 64, 64))
    assert asked and set(asked) == {None}


def test_tokens_are_dense_and_stay_one_tensor(monkeypatch):
    """Else PyTorch copies weights, or projects the same thing twice."""
    network, calls = NETWORKS['mit'](), []
    fuse_attention(network)
    compute = F.multi_head_attention_forward

    def spy(query, key, value, *args, **options):
        calls.append((query, key, value))
        return compute(query, key, value, *args, **options)

    monkeypatch.setattr(F, 'multi_head_attention_forward', spy)
    network(torch.randn(2, 3, 64, 64))
    assert len(calls) == 5
    for query, key, value in calls:
        assert query.is_contiguous() and key.is_contiguous()
        assert key is value


def test_windows_drop_what_they_are_told_to():
    """Only while training."""
    network = SwinTransformer(
        embed_dims=12, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 4],
        attn_drop_rate=.5, drop_path_rate=0.)
    fuse_attention(network)
    image = torch.randn(1, 3, 64, 64)
    network.train()
    assert not torch.equal(network(image)[0], network(image)[0])
    network.eval()
    assert torch.equal(network(image)[0], network(image)[0])
