"""Dilated depthwise convolutions, which CPUs are slow at."""
from collections.abc import Iterator
from itertools import product
from typing import Any, Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SpaceToBatchConv2d(nn.Conv2d):
    """Dilated depthwise convolution, computed without dilation.

    The pixels that a dilation of d lets meet, every d-th of every d-th row,
    become d x d smaller images of a larger batch ("space to batch", as in
    TensorFlow's atrous convolution). The same up to rounding. On CPUs it
    takes a quarter of the time of oneDNN's dilated kernels, whose gradient of
    the weights is also wrong for bfloat16 in NHWC. Float32 in NCHW, where
    nothing is gained and memory is lost, is left to them.

    Takes the arguments of :class:`torch.nn.Conv2d`; groups, kernel, stride,
    padding and dilation must be such that :func:`is_dilated_depthwise` holds.
    """

    def _conv_forward(self, input: Tensor, weight: Tensor,
                      bias: Optional[Tensor]) -> Tensor:
        """Convolve; the name and the arguments are those of PyTorch.

        Args:
            input (Tensor): Of shape (N, C, H, W).
            weight (Tensor): Of shape (C, 1, k, k).
            bias (Tensor, optional): Of shape (C,).

        Returns:
            Tensor: Of shape (N, C, H, W).
        """
        kind = input.device.type
        if torch.is_autocast_enabled(kind):
            dtype = torch.get_autocast_dtype(kind)
            input, weight = input.to(dtype), weight.to(dtype)
            bias = None if bias is None else bias.to(dtype)
        if input.dtype == torch.float32 and input.is_contiguous():
            return super()._conv_forward(input, weight, bias)
        output = _SpaceToBatch.apply(input, weight, self.dilation[0])
        return output if bias is None else output + bias[:, None, None]


class _SpaceToBatch(torch.autograd.Function):
    """The convolution; backward needs no copies but those of its gradient."""

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
    """Make a batch of what a dilated kernel sees.

    Args:
        image (Tensor): Of shape (N, C, H, W).
        dilation (int): Distance d of the pixels that meet.

    Returns:
        Tensor: Of shape (d x d x N, C, ceil(H / d), ceil(W / d)), zero where
        there is no pixel, in NHWC, because whole pixels are copied fast.
    """
    count, channels, height, width = image.shape
    rows, columns = -(-height // dilation), -(-width // dilation)
    phases = image.new_empty(
        dilation, dilation, count, rows, columns, channels)
    phases[height % dilation or dilation:, :, :, -1] = 0
    phases[:, width % dilation or dilation:, :, :, -1] = 0
    for pixels, places in _same_places(image, phases):
        places.copy_(pixels)
    return phases.flatten(0, 2).permute(0, 3, 1, 2)


def merge_phases(phases: Tensor, dilation: int,
                 size: tuple[int, int]) -> Tensor:
    """Put pixels back where :func:`split_phases` took them from.

    Args:
        phases (Tensor): Of shape (d x d x N, C, ceil(H / d), ceil(W / d)).
        dilation (int): Distance d.
        size (tuple[int, int]): H and W.

    Returns:
        Tensor: Of shape (N, C, H, W), in NHWC.
    """
    parts = phases.permute(0, 2, 3, 1).unflatten(0, (dilation, dilation, -1))
    image = phases.new_empty(
        parts.shape[2], *size, parts.shape[-1]).permute(0, 3, 1, 2)
    for pixels, places in _same_places(image, parts):
        pixels.copy_(places)
    return image


def _same_places(image: Tensor,
                 phases: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Views of the same pixels, (N, h, p, w, q, C), in both arrangements.

    Of an image, (N, C, H, W), and its phases, (d, d, N, h, w, C). What a
    dilation divides comes first, then what is left at the edges, so that
    each pixel is copied once.
    """
    image, dilation = image.permute(0, 2, 3, 1), len(phases)
    phases = phases.permute(2, 3, 0, 4, 1, 5)
    edges = [_whole_and_rest(side, dilation) for side in image.shape[1:3]]
    for (pixels, rows, down), (others, columns, right) in product(*edges):
        part = image[:, pixels, others]
        yield (part.unflatten(2, (-1, right)).unflatten(1, (-1, down)),
               phases[:, rows, :down, columns, :right])


def _whole_and_rest(side: int,
                    dilation: int) -> list[tuple[slice, slice, int]]:
    """Pixels along a side, their places in a phase, and in how many."""
    whole, rest = divmod(side, dilation)
    parts = [(slice(0, whole * dilation), slice(0, whole), dilation),
             (slice(whole * dilation, side), slice(whole, None), rest)]
    return [part for part in parts if part[0].start < part[0].stop]


def is_dilated_depthwise(module: nn.Module) -> bool:
    """Whether a module can be computed by :class:`SpaceToBatchConv2d`.

    Args:
        module (nn.Module): Any.

    Returns:
        bool: Whether it is a dilated convolution of each channel for itself
        that keeps the size of the image and pads with zeros.
    """
    if type(module) is not nn.Conv2d or module.padding_mode != 'zeros':
        return False
    (kernel, other), (dilation, same) = module.kernel_size, module.dilation
    reach = dilation * (kernel // 2)
    return (dilation == same > 1 and kernel == other and kernel % 2 == 1
            and module.stride == (1, 1) and module.padding == (reach, reach)
            and module.groups == module.in_channels == module.out_channels)


def split_dilated(network: nn.Module) -> int:
    """Let a network compute dilated depthwise convolutions without dilation.

    Args:
        network (nn.Module): Changed in place; parameters and their names
            stay.

    Returns:
        int: Number of modules that were changed.
    """
    found = [one for one in network.modules() if is_dilated_depthwise(one)]
    for module in found:
        module.__class__ = SpaceToBatchConv2d  # same state, other forward
    return len(found)
