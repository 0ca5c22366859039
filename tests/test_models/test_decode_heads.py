"""Heads that MMSegmentation lacks: shapes, values, gradients, errors."""
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmseg.models.losses import CrossEntropyLoss

from mmseg_fst.models import (
    DAFormerHead,
    DeepLabV2Head,
    DeepLabV3PlusHead,
    PlainDPTHead,
    ShufflePSPHead,
)
from mmseg_fst.models.losses import head_logits, head_losses

BN = dict(type='BN', requires_grad=True)
CHANNELS = (4, 6, 8, 10)


def pyramid(count=2, size=16, channels=CHANNELS):
    """Feature maps of four stages, each half the size of the previous one."""
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


def deeplabv3plus(**kwargs):
    return DeepLabV3PlusHead(
        **{
            **dict(
                in_channels=10,
                in_index=3,
                channels=8,
                dilations=(1, 2, 3, 4),
                c1_in_channels=4,
                c1_channels=6,
                num_classes=5,
                norm_cfg=BN,
                align_corners=True), **kwargs
        })


def unimatch(**kwargs):
    return deeplabv3plus(
        **{
            **dict(bottleneck_kernel_size=1, bias=False, dropout_ratio=0),
            **kwargs
        })


def shuffled(**kwargs):
    return ShufflePSPHead(
        **{
            **dict(
                in_channels=10,
                in_index=3,
                channels=8,
                num_classes=5,
                norm_cfg=BN), **kwargs
        })


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


BUILDERS = [(daformer, pyramid), (deeplabv2, pyramid),
            (deeplabv3plus, pyramid), (unimatch, pyramid),
            (shuffled, pyramid), (dpt, tokens)]


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
    (deeplabv3plus, pyramid, (16, 16)), (unimatch, pyramid, (16, 16)),
    (shuffled, pyramid, (16, 16)), (dpt, tokens, (24, 40))
])
def test_shape_and_independence_of_images(build, features, size, count):
    """Evaluated, an image has the same logits alone and in a batch."""
    head = build().eval()
    maps = features(count)
    with torch.no_grad():
        logits = head(maps)
        alone = [
            head([feature[i:i + 1] for feature in maps])
            for i in range(count)
        ]
    assert logits.shape == (count, 5, *size)
    torch.testing.assert_close(logits, torch.cat(alone))


def test_deeplabv2_is_a_sum_of_dilated_convolutions():
    head = deeplabv2(dilations=(6, 12))
    maps = pyramid(size=128)
    expected = sum(
        F.conv2d(maps[3], module.conv.weight, module.conv.bias,
                 padding=dilation, dilation=dilation)
        for module, dilation in zip(head.aspp_modules, (6, 12)))
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
    with pytest.raises(ValueError, match='dilations must not be empty'):
        deeplabv2(dilations=())


def with_statistics(head):
    """A head in evaluation, none of its running statistics the first ones."""
    for name, value in head.named_buffers():
        if 'running' in name:
            value.uniform_(0.5, 1.5)
    return head.eval()


def by_hand(state, x, name, **kwargs):
    """Convolution, norm and ReLU of that name."""
    x = F.conv2d(x, state[f'{name}.conv.weight'],
                 state.get(f'{name}.conv.bias'), **kwargs)
    mean, var, weight, bias = (
        state[f'{name}.bn.{key}'].view(1, -1, 1, 1)
        for key in ('running_mean', 'running_var', 'weight', 'bias'))
    return F.relu((x - mean) / (var + 1e-5).sqrt() * weight + bias)


def test_daformer_by_hand():
    """Embed, resize, concatenate, pyramid, 3x3, classify."""
    head = with_statistics(daformer(dilations=(1, 2)))
    state = head.state_dict()
    conv = partial(by_hand, state)
    maps = pyramid(size=8)
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


def aligned(x, size):
    return F.interpolate(x, (size, size), mode='bilinear', align_corners=True)


@pytest.mark.parametrize('build', [deeplabv3plus, unimatch])
def test_deeplabv3plus_by_hand(build):
    """Pyramid, bottleneck, finest map first, two 3x3, classify."""
    head = with_statistics(build(representation_channels=7))
    state = head.state_dict()
    conv = partial(by_hand, state)
    maps = pyramid(size=32)
    pooled = conv(maps[3].mean((2, 3), keepdim=True), 'image_pool.1')
    x = torch.cat([pooled.expand(-1, -1, 4, 4)] + [
        conv(maps[3], f'aspp_modules.{branch}', padding=padding,
             dilation=dilation)
        for branch, (padding, dilation) in enumerate([(0, 1), (2, 2), (3, 3),
                                                      (4, 4)])
    ], 1)
    is_small = build is unimatch
    x = conv(x, 'bottleneck', padding=0 if is_small else 1)
    x = torch.cat([conv(maps[0], 'c1_bottleneck'), aligned(x, 32)], 1)
    outputs = []
    for convs, last in (('fuse', 'conv_seg'), ('represent.0', 'represent.2')):
        y = conv(conv(x, f'{convs}.0', padding=1), f'{convs}.2', padding=1)
        outputs.append(
            F.conv2d(y, state[f'{last}.weight'], state[f'{last}.bias']))
    with torch.no_grad():
        logits, representation = head.forward_represented(maps)
        torch.testing.assert_close(head(maps), logits)
    torch.testing.assert_close(logits, outputs[0])
    torch.testing.assert_close(representation, outputs[1])
    assert is_small == ('c1_bottleneck.conv.bias' not in state)


@pytest.mark.parametrize('build, places', [(deeplabv3plus, 3), (unimatch, 0)])
def test_deeplabv3plus_drops_whole_maps(build, places, monkeypatch):
    """Behind the bottleneck and both 3x3 convolutions; UniMatch: nowhere."""
    dropped = []
    monkeypatch.setattr(
        F, 'dropout2d', lambda x, p, training, inplace: dropped.append(
            (p, x.shape[1])) or x)
    build().train()(pyramid())
    assert [call for call in dropped if call[0]] == [(0.1, 8)] * places


def test_dropout_of_stpp(monkeypatch):
    """Half of the channels behind the pyramid, values before the classes."""
    dropped = []
    for name in ('dropout', 'dropout2d'):
        monkeypatch.setattr(
            F, name, lambda x, p, training, inplace, name=name:
            dropped.append((name, p, tuple(x.shape[1:]))) or x)
    head = unimatch(context_dropout_ratio=.5, dropout_ratio=.1)
    head.train()(pyramid())
    context, values = [call for call in dropped if call[1]]
    assert context[:2] == ('dropout2d', .5) and context[2][0] == 8
    assert values == ('dropout', .1, (8, 16, 16))
    assert set(head.state_dict()) == set(unimatch().state_dict())


def test_a_representation_is_built_on_demand():
    head = deeplabv3plus()
    assert not any('represent' in name for name in head.state_dict())
    with pytest.raises(RuntimeError, match='representation_channels'):
        head.forward_represented(pyramid())


def test_first_weights_of_deeplabv3plus():
    """PyTorch's own: uniform, up to 1 / sqrt(inputs of a neuron)."""
    head = deeplabv3plus(
        channels=64, c1_channels=64, representation_channels=4)
    head.init_weights()
    for name, conv in head.named_modules():
        if isinstance(conv, torch.nn.Conv2d):
            bound = conv.weight[0].numel()**-.5
            peak = conv.weight.abs().max().item()
            assert .9 * bound < peak <= bound, name


def test_shuffled_pspnet_by_hand():
    """Pyramid, 3x3, classes, three times: 1x1, ReLU, four maps to one."""
    head = with_statistics(shuffled())
    state = head.state_dict()
    conv = partial(by_hand, state)
    maps = pyramid(size=64)
    pooled = [
        conv(F.adaptive_avg_pool2d(maps[3], scale), f'psp_modules.{i}.1')
        for i, scale in enumerate((1, 2, 3, 6))
    ]
    x = torch.cat([maps[3]] + [
        F.interpolate(level, (8, 8), mode='bilinear', align_corners=False)
        for level in pooled
    ], 1)
    x = conv(x, 'bottleneck', padding=1)
    x = F.conv2d(x, state['conv_seg.weight'])
    for stage in range(3):
        key = f'upsample.{stage}.0'
        x = F.relu(F.conv2d(x, state[f'{key}.weight'], state[f'{key}.bias']))
        count, _, height, width = x.shape
        x = x.view(count, 5, 2, 2, height, width).permute(0, 1, 4, 2, 5, 3)
        x = x.reshape(count, 5, 2 * height, 2 * width)
    with torch.no_grad():
        torch.testing.assert_close(head(maps), x)
    assert x.min() == 0 and 'conv_seg.bias' not in state
    assert head.align_corners and head.dropout is None


def test_first_weights_of_a_shuffled_pspnet():
    """ICNR: without biases each position becomes a square of one value."""
    head = shuffled(num_classes=64, channels=64)
    head.init_weights()
    for stage in head.upsample:
        weight = stage[0].weight.data
        assert weight.std().item() == pytest.approx((2 / 64)**.5, rel=.1)
        assert stage[0].bias.abs().max() <= 64**-.5
        stage[0].bias.data.zero_()
    x = torch.randn(1, 64, 3, 4)
    torch.testing.assert_close(
        head.upsample(x),
        F.interpolate(head.upsample(x)[..., ::8, ::8], scale_factor=8.))
    bound = (6 / head.psp_modules.in_channels)**.5
    peak = head.psp_modules[0][1].conv.weight.abs().max().item()
    assert .9 * bound < peak <= bound


@pytest.mark.parametrize('build', [deeplabv3plus, shuffled])
def test_first_weights_are_not_to_be_configured(build):
    with pytest.raises(TypeError, match='init_cfg'):
        build(init_cfg=dict(type='Normal'))


def test_daformer_chooses_stages():
    """Not the first two: logits are as fine as the third."""
    head = daformer(in_channels=CHANNELS[2:], in_index=(2, 3)).eval()
    maps = pyramid()
    logits = head(maps)
    assert logits.shape == (2, 5, 4, 4)
    torch.testing.assert_close(head([None, None, *maps[2:]]), logits)


def test_dpt_reads_every_map():
    head = dpt().eval()
    maps = [feature.requires_grad_() for feature in tokens()]
    head(maps).square().sum().backward()
    assert all(feature.grad.abs().sum() > 0 for feature in maps)


@pytest.mark.parametrize('height, width', [(1, 1), (3, 5), (37, 4)])
def test_dpt_takes_odd_numbers_of_patches(height, width):
    logits = dpt()(tokens(1, height, width))
    assert logits.shape == (1, 5, 8 * height, 8 * width)


def test_dpt_keeps_places():
    """A change of one patch shows most around that patch."""
    head = dpt().eval()
    maps = tokens(1, 9, 9)
    changed = [feature.clone() for feature in maps]
    for feature in changed:
        feature[..., 6, 2] += 1
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
