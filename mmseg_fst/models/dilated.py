"""Fast dilated depthwise convolutions for CPUs."""
from collections.abc import Iterator
from itertools import product
from typing import Any, Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SpaceToBatchConv2d(nn.Conv2d):
    """Dilated depthwise convolution, computed without dilation.

    With a dilation of d, every d-th pixel of every d-th row interacts. These
    pixels become d * d smaller images of a larger batch ("space to batch", as
    in TensorFlow's atrous convolution). Results are equal up to rounding. On
    CPUs it takes a quarter of the time of oneDNN's dilated kernels, whose
    weight gradient is also wrong for bfloat16 in NHWC. Float32 in NCHW still
    uses oneDNN, because space to batch is not faster there and needs more
    memory.

    Takes the arguments of :class:`torch.nn.Conv2d`, which must satisfy
    :func:`is_dilated_depthwise`.
    """

    def _conv_forward(self, input: Tensor, weight: Tensor,
                      bias: Optional[Tensor]) -> Tensor:
        """Convolve; overrides the method of PyTorch.

        Args:
            input (Tensor): Features of shape (N, C, H, W).
            weight (Tensor): Kernels of shape (C, 1, k, k).
            bias (Tensor, optional): Biases of shape (C,).

        Returns:
            Tensor: Features of shape (N, C, H, W).
        """
        kind = input.device.type
        # Cast here, so that the custom function saves tensors of the dtype in
        # which its backward computes.
        if torch.is_autocast_enabled(kind):
            dtype = torch.get_autocast_dtype(kind)
            input, weight = input.to(dtype), weight.to(dtype)
            bias = None if bias is None else bias.to(dtype)
        if input.dtype == torch.float32 and input.is_contiguous():
            return super()._conv_forward(input, weight, bias)
        output = _SpaceToBatch.apply(input, weight, self.dilation[0])
        return output if bias is None else output + bias[:, None, None]


class _SpaceToBatch(torch.autograd.Function):
    """The convolution; backward copies only the incoming gradient."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, weight: Tensor,
                dilation: int) -> Tensor:
        phases = split_phases(image, dilation)
        ctx.save_for_backward(phases, weight)
        ctx.dilation, ctx.size = dilation, image.shape[2:]
        output = F.conv2d(
            phases, weight, padding=weight.shape[2] // 2, groups=len(weight))
        return merge_phases(output, dilation, ctx.size)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple:
        phases, weight = ctx.saved_tensors
        reach = weight.shape[2] // 2
        of_image, of_weight, _ = torch.ops.aten.convolution_backward(
            split_phases(gradient, ctx.dilation), phases, weight, None,
            (1, 1), (reach, reach), (1, 1), False, (0, 0), len(weight),
            (*ctx.needs_input_grad[:2], False))
        if of_image is not None:
            of_image = merge_phases(of_image, ctx.dilation, ctx.size)
        return of_image, of_weight, None


def split_phases(image: Tensor, dilation: int) -> Tensor:
    """Split images into their d * d phases (space to batch).

    Args:
        image (Tensor): Features of shape (N, C, H, W).
        dilation (int): Dilation d, the distance of interacting pixels.

    Returns:
        Tensor: Phases of shape (d * d * N, C, ceil(H / d), ceil(W / d)),
        padded with zeros; in NHWC, so that whole pixels are copied at once.
    """
    count, channels, height, width = image.shape
    rows, columns = -(-height // dilation), -(-width // dilation)
    phases = image.new_empty(
        dilation, dilation, count, rows, columns, channels)
    phases[height % dilation or dilation:, :, :, -1] = 0
    phases[:, width % dilation or dilation:, :, :, -1] = 0
    for pixels, target in _matching_views(image, phases):
        target.copy_(pixels)
    return phases.flatten(0, 2).permute(0, 3, 1, 2)


def merge_phases(phases: Tensor, dilation: int,
                 size: tuple[int, int]) -> Tensor:
    """Inverse of :func:`split_phases`.

    Args:
        phases (Tensor): Phases of shape
            (d * d * N, C, ceil(H / d), ceil(W / d)).
        dilation (int): Dilation d.
        size (tuple[int, int]): Height H and width W of the images.

    Returns:
        Tensor: Features of shape (N, C, H, W), in NHWC.
    """
    parts = phases.permute(0, 2, 3, 1).unflatten(0, (dilation, dilation, -1))
    image = phases.new_empty(
        parts.shape[2], *size, parts.shape[-1]).permute(0, 3, 1, 2)
    for pixels, source in _matching_views(image, parts):
        pixels.copy_(source)
    return image


def _matching_views(image: Tensor,
                    phases: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Views of the same pixels, (N, h, p, w, q, C), in both layouts.

    The layouts are an image (N, C, H, W) and its phases (d, d, N, h, w, C).
    The part of the image that is divisible by d comes first, then the
    remainder at the edges, so that each pixel is copied once.
    """
    image, dilation = image.permute(0, 2, 3, 1), len(phases)
    phases = phases.permute(2, 3, 0, 4, 1, 5)
    edges = [_whole_and_rest(side, dilation) for side in image.shape[1:3]]
    for (lines, rows, down), (pixels, columns, right) in product(*edges):
        part = image[:, lines, pixels]
        yield (part.unflatten(2, (-1, right)).unflatten(1, (-1, down)),
               phases[:, rows, :down, columns, :right])


def _whole_and_rest(side: int,
                    dilation: int) -> list[tuple[slice, slice, int]]:
    """Pixels along a side, their indices in a phase, and number of phases."""
    whole, rest = divmod(side, dilation)
    parts = [(slice(0, whole * dilation), slice(0, whole), dilation),
             (slice(whole * dilation, side), slice(whole, None), rest)]
    return [part for part in parts if part[0].start < part[0].stop]


def is_dilated_depthwise(module: nn.Module) -> bool:
    """Whether :class:`SpaceToBatchConv2d` can replace a module.

    Args:
        module (nn.Module): Any module.

    Returns:
        bool: True for a dilated depthwise convolution with zero padding that
        preserves the size of the image.
    """
    if type(module) is not nn.Conv2d or module.padding_mode != 'zeros':
        return False
    (kernel, other), (dilation, same) = module.kernel_size, module.dilation
    reach = dilation * (kernel // 2)
    return (dilation == same > 1 and kernel == other and kernel % 2 == 1
            and module.stride == (1, 1) and module.padding == (reach, reach)
            and module.groups == module.in_channels == module.out_channels)


def split_dilated(network: nn.Module) -> int:
    """Compute dilated depthwise convolutions of a network by space to batch.

    Args:
        network (nn.Module): The network, changed in place; its parameters and
            their names do not change.

    Returns:
        int: Number of changed modules.
    """
    found = [
        module for module in network.modules() if is_dilated_depthwise(module)
    ]
    for module in found:
        module.__class__ = SpaceToBatchConv2d  # same state, other forward
    return len(found)
