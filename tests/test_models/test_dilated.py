"""Dilated depthwise convolutions are what PyTorch says they are."""
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mmseg_fst.models import DAFormerHead, split_dilated
from mmseg_fst.models.dilated import (
    SpaceToBatchConv2d,
    merge_phases,
    split_phases,
)


def convolution(dilation=3, kernel=3, channels=4, **changes):
    return nn.Conv2d(channels, channels, kernel, **{
        **dict(padding=dilation * (kernel // 2), dilation=dilation,
               groups=channels), **changes})


def results(module, image, gradient):
    """The output, and gradients of image, weight and bias."""
    inputs = [image.clone().requires_grad_(), *module.parameters()]
    output = module(inputs[0])
    return [output, *torch.autograd.grad(output, inputs, gradient)]


# Sides that the dilation divides, does not, and that are smaller than it.
@pytest.mark.parametrize('size', [(12, 9), (13, 11), (2, 3), (7, 2)])
@pytest.mark.parametrize('dilation', [2, 3, 5])
@pytest.mark.parametrize('kernel', [3, 5])
@pytest.mark.parametrize('layout', [
    torch.contiguous_format, torch.channels_last])
def test_output_and_gradients(size, dilation, kernel, layout):
    torch.manual_seed(0)
    module = convolution(dilation, kernel).double()
    image, gradient = torch.randn(2, 2, 4, *size, dtype=torch.float64)
    image = image.contiguous(memory_format=layout)
    expected = results(module, image, gradient)
    assert split_dilated(module) == 1
    assert type(module) is SpaceToBatchConv2d
    for result, reference in zip(results(module, image, gradient), expected):
        torch.testing.assert_close(result, reference)


@pytest.mark.parametrize('layout', [
    torch.contiguous_format, torch.channels_last])
def test_bfloat16_is_float32_rounded(layout):
    """The weight's gradient of oneDNN is noise in NHWC."""
    torch.manual_seed(0)
    module = convolution(6, channels=64)
    image, gradient = torch.randn(2, 2, 64, 32, 32)
    expected = results(module, image, gradient)
    split_dilated(module)
    with torch.autocast('cpu', torch.bfloat16):
        found = results(module, image.contiguous(memory_format=layout),
                        gradient.bfloat16())
    assert found[0].dtype == torch.bfloat16
    assert found[2].dtype == torch.float32  # of the weight itself
    for result, reference in zip(found, expected):
        assert (result.float() - reference).norm() < .01 * reference.norm()


def test_phases_are_dense_and_go_back():
    image = torch.randn(2, 3, 7, 8)
    phases = split_phases(image, 3)
    assert phases.shape == (18, 3, 3, 3)
    assert phases.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(phases[2:4, :, :, :2], image[..., ::3, 1:7:3])
    assert phases.count_nonzero() == image.numel()
    back = merge_phases(phases, 3, (7, 8))
    assert back.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(back, image)


@pytest.mark.parametrize('changes', [
    dict(dilation=1, padding=1), dict(groups=2), dict(padding=2),
    dict(stride=2), dict(padding_mode='reflect'), dict(dilation=(3, 2)),
    dict(kernel_size=(3, 1)), dict(out_channels=8)], ids=str)
def test_others_stay(changes):
    module = nn.Conv2d(**{**dict(
        in_channels=4, out_channels=4, kernel_size=3, padding=3, dilation=3,
        groups=4), **changes})
    assert split_dilated(module) == 0 and type(module) is nn.Conv2d


def test_a_head():
    torch.manual_seed(0)
    head = DAFormerHead(
        in_channels=[4, 8], in_index=[0, 1], channels=8, num_classes=3,
        norm_cfg=dict(type='BN'), dropout_ratio=0.)
    head = head.double()
    stages = [torch.randn(2, 4, 16, 16).double(),
              torch.randn(2, 8, 8, 8).double()]
    names, expected = list(head.state_dict()), head(stages)
    assert split_dilated(head) == 3
    assert list(head.state_dict()) == names
    torch.testing.assert_close(head(stages), expected)


@pytest.mark.parametrize('which', [0, 1])
def test_a_gradient_that_nobody_needs(which):
    """Of the image in the first layer, of weights that are frozen."""
    module = convolution().double()
    split_dilated(module)
    image = torch.randn(
        1, 4, 6, 6, dtype=torch.float64, requires_grad=which == 0)
    module.requires_grad_(which == 1)
    module(image).sum().backward()
    assert (image.grad is None) == (which == 1)
    assert (module.weight.grad is None) == (which == 0)
    if which == 0:
        image.grad, gradient = None, image.grad
        F.conv2d(image, module.weight, module.bias, padding=3, dilation=3,
                 groups=4).sum().backward()
        torch.testing.assert_close(gradient, image.grad)


def test_float32_in_nchw_is_left_alone():
    """To the last bit, and without copies to keep."""
    torch.manual_seed(0)
    module = convolution()
    image, gradient = torch.randn(2, 2, 4, 6, 6)
    expected = results(module, image, gradient)
    split_dilated(module)
    for result, reference in zip(results(module, image, gradient), expected):
        assert torch.equal(result, reference)


def test_a_head_of_channels_last_works_in_it():
    torch.manual_seed(0)
    head = DAFormerHead(
        in_channels=[4, 8], in_index=[0, 1], channels=8, num_classes=3,
        norm_cfg=dict(type='BN'), dropout_ratio=0.)
    stages = [torch.randn(2, 4, 16, 16), torch.randn(2, 8, 8, 8)]
    expected = head(stages)
    layouts = []
    head.fuse_layer.register_forward_hook(
        lambda module, args, output: layouts.extend([*args, output]))
    found = head.to(memory_format=torch.channels_last)(stages)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    for tensor in layouts:
        assert tensor.is_contiguous(memory_format=torch.channels_last)
