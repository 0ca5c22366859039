"""Heads that MMSegmentation lacks: shapes, values, gradients, errors."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmseg.models.losses import CrossEntropyLoss

from mmseg_fst.models import DAFormerHead, DeepLabV2Head, PlainDPTHead
from mmseg_fst.models.losses import head_logits, head_losses

BN = dict(type='BN', requires_grad=True)
CHANNELS = (4, 6, 8, 10)


def pyramid(count=2, size=16, channels=CHANNELS):
    """Feature maps of four stages, each half the size of the one before."""
    return [
        torch.randn(count, width, size >> stage, size >> stage)
        for stage, width in enumerate(channels)
    ]


def tokens(count=2, height=3, width=5, channels=6):
    """Four maps of patch tokens, all of one size."""
    return [torch.randn(count, channels, height, width) for _ in range(4)]


def daformer(**kwargs):
    return DAFormerHead(
        **{
            **dict(
                in_channels=CHANNELS,
                channels=8,
                embed_dims=6,
                num_classes=5,
                norm_cfg=BN), **kwargs
        })


def deeplabv2(**kwargs):
    return DeepLabV2Head(
        **{**dict(in_channels=10, num_classes=5, in_index=3), **kwargs})


def dpt(**kwargs):
    return PlainDPTHead(
        **{
            **dict(
                in_channels=(6, ) * 4,
                stage_channels=(4, 6, 8, 10),
                channels=8,
                num_classes=5,
                dropout_ratio=0,
                align_corners=True), **kwargs
        })


BUILDERS = [(daformer, pyramid), (deeplabv2, pyramid), (dpt, tokens)]


@pytest.mark.parametrize('build, features', BUILDERS)
def test_each_weight_learns_from_our_loss(build, features):
    head = build().train()
    label = torch.randint(0, 5, (2, 32, 32))
    logits = head_logits(head, features(), (32, 32))
    losses = head_losses(head, logits, label, torch.rand(2, 32, 32))
    assert isinstance(head.loss_decode, CrossEntropyLoss)
    losses['loss_ce'].backward()
    for name, weight in head.named_parameters():
        assert weight.grad is not None and weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize('count', [1, 2])
@pytest.mark.parametrize('build, features, size', [
    (daformer, pyramid, (16, 16)), (deeplabv2, pyramid, (2, 2)),
    (dpt, tokens, (24, 40))
])
def test_shape_and_independence_of_images(build, features, size, count):
    """Evaluated, an image has the same logits alone and in a batch."""
    head = build().eval()
    maps = features(count)
    with torch.no_grad():
        logits = head(maps)
        alone = [head([one[i:i + 1] for one in maps]) for i in range(count)]
    assert logits.shape == (count, 5, *size)
    torch.testing.assert_close(logits, torch.cat(alone))


def test_deeplabv2_is_a_sum_of_dilated_convolutions():
    head = deeplabv2(dilations=(6, 12))
    maps = pyramid(size=128)
    expected = sum(
        F.conv2d(maps[3], one.conv.weight, one.conv.bias,
                 padding=dilation, dilation=dilation)
        for one, dilation in zip(head.aspp_modules, (6, 12)))
    torch.testing.assert_close(head(maps), expected)


def test_deeplabv2_keys_and_first_weights():
    """The keys of the release; biases zero, deviation 0.01."""
    head = DeepLabV2Head(2048, 19, dilations=(6, 12))
    head.init_weights()
    state = head.state_dict()
    assert list(state) == [
        f'aspp_modules.{i}.conv.{kind}' for i in (0, 1)
        for kind in ('weight', 'bias')
    ]
    for weight, bias in zip(*[iter(state.values())] * 2):
        assert weight.std().item() == pytest.approx(0.01, rel=0.02)
        assert not bias.any()
    with pytest.raises(ValueError, match='dilations is empty'):
        deeplabv2(dilations=())


def test_daformer_by_hand():
    """Embed, resize, concatenate, pyramid, 3x3, classify."""
    head = daformer(dilations=(1, 2)).eval()
    for name, value in head.named_buffers():
        if 'running' in name:
            value.uniform_(0.5, 1.5)
    state = head.state_dict()
    maps = pyramid(size=8)

    def conv(x, name, **kwargs):
        x = F.conv2d(x, state[f'{name}.conv.weight'], **kwargs)
        mean, var, weight, bias = (
            state[f'{name}.bn.{key}'].view(1, -1, 1, 1)
            for key in ('running_mean', 'running_var', 'weight', 'bias'))
        return F.relu((x - mean) / (var + 1e-5).sqrt() * weight + bias)

    embedded = []
    for stage, feature in enumerate(maps):
        key = f'embed_layers.{stage}.proj'
        x = torch.einsum('nchw,oc->nohw', feature, state[f'{key}.weight'])
        x = x + state[f'{key}.bias'].view(1, -1, 1, 1)
        embedded.append(
            F.interpolate(x, (8, 8), mode='bilinear', align_corners=False))
    x = torch.cat(embedded, 1)
    key = 'fuse_layer.aspp_modules'
    deep = conv(x, f'{key}.1.depthwise_conv', padding=2, dilation=2, groups=24)
    x = torch.cat([conv(x, f'{key}.0'), conv(deep, f'{key}.1.pointwise_conv')],
                  1)
    x = conv(x, 'fuse_layer.bottleneck', padding=1)
    expected = F.conv2d(x, state['conv_seg.weight'], state['conv_seg.bias'])
    with torch.no_grad():
        torch.testing.assert_close(head(maps), expected)


def test_daformer_chooses_stages():
    """Not the first two: logits are as fine as the third."""
    head = daformer(in_channels=CHANNELS[2:], in_index=(2, 3)).eval()
    maps = pyramid()
    logits = head(maps)
    assert logits.shape == (2, 5, 4, 4)
    torch.testing.assert_close(head([None, None, *maps[2:]]), logits)


def test_dpt_reads_every_map():
    head = dpt().eval()
    maps = [one.requires_grad_() for one in tokens()]
    head(maps).square().sum().backward()
    assert all(one.grad.abs().sum() > 0 for one in maps)


@pytest.mark.parametrize('height, width', [(1, 1), (3, 5), (37, 4)])
def test_dpt_takes_odd_numbers_of_patches(height, width):
    logits = dpt()(tokens(1, height, width))
    assert logits.shape == (1, 5, 8 * height, 8 * width)


def test_dpt_keeps_places():
    """A change of one patch shows most around that patch."""
    head = dpt().eval()
    maps = tokens(1, 9, 9)
    changed = [one.clone() for one in maps]
    for one in changed:
        one[..., 6, 2] += 1
    with torch.no_grad():
        gap = (head(changed) - head(maps)).abs().sum(1)[0]
    row, column = np.unravel_index(int(gap.argmax()), gap.shape)
    assert abs(row / 8 - 6.5) < 1.5 and abs(column / 8 - 2.5) < 1.5


@pytest.mark.parametrize('key, value', [
    ('in_channels', (6, ) * 3), ('stage_channels', (4, 6)),
    ('in_index', (0, 1, 2))
])
def test_dpt_wants_four_maps(key, value):
    with pytest.raises(ValueError, match='four'):
        dpt(**{key: value})


@pytest.mark.parametrize('build, features', BUILDERS)
def test_a_misspelt_argument_is_refused(build, features):
    with pytest.raises(TypeError, match='dropout'):
        build(dropout=0.1)
