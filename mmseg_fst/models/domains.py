"""Input domain of a network: RGB images, or maps computed from them.

A backbone with another input domain has three attributes: its name
``domain``, a method ``to_domain`` that converts normalized images to maps,
and ``domain_stride``, the stride of the maps in pixels.
"""
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Union, cast

import torch
import torch.nn.functional as F
from mmseg.models.segmentors import EncoderDecoder
from torch import Tensor, nn

from .losses import resize_logits
from .mixers import CutMix, NoMix

#: Domain of a backbone without the attribute ``domain``.
RGB = 'rgb'


def domain_of(network: EncoderDecoder) -> str:
    """Input domain of a network.

    Args:
        network (EncoderDecoder): A segmentor of MMSegmentation.

    Returns:
        str: Name of the domain, for example ``'rgb'`` or ``'dct'``.
    """
    return getattr(getattr(network, 'backbone', None), 'domain', RGB)


def to_domain(network: EncoderDecoder, image: Tensor) -> Tensor:
    """Convert images to the input domain of a network.

    Args:
        network (EncoderDecoder): A segmentor of MMSegmentation.
        image (Tensor): Normalized images of shape (N, C, H, W).

    Returns:
        Tensor: Maps of shape (N, D, h, w); the images themselves for RGB and
        for any other number of channels.
    """
    if domain_of(network) == RGB:
        return image
    return network.backbone.to_domain(image)


def domain_stride(network: EncoderDecoder) -> int:
    """Stride of the input of a network, in pixels of the image.

    Args:
        network (EncoderDecoder): A segmentor of MMSegmentation.

    Returns:
        int: The stride; 1 for RGB.
    """
    return 1 if domain_of(network) == RGB else network.backbone.domain_stride


def domain_slice(network: EncoderDecoder, span: slice) -> slice:
    """Convert a slice of an image to a slice of the input map.

    Args:
        network (EncoderDecoder): A segmentor of MMSegmentation.
        span (slice): Rows or columns of the image.

    Returns:
        slice: Rows or columns of the map that cover the slice.
    """
    stride = domain_stride(network)
    return slice(span.start // stride, -(-span.stop // stride))


def domain_logits(network: EncoderDecoder, image: Tensor) -> Tensor:
    """Logits of a network for images, at their size.

    Args:
        network (EncoderDecoder): A segmentor of MMSegmentation.
        image (Tensor): Normalized images of shape (N, C, H, W).

    Returns:
        Tensor: Logits of shape (N, K, H, W).
    """
    return resize_logits(
        network(to_domain(network, image)), image.shape[2:],
        network.align_corners)


def views_in_domains(augment: Callable[[Tensor], Tensor],
                     networks: Union[nn.ModuleDict, Mapping[str, nn.Module]],
                     image: Tensor, shared: bool
                     ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Sample a strong view for each network.

    Args:
        augment (Callable): The strong augmentation.
        networks (nn.ModuleDict | Mapping[str, nn.Module]): Networks by name.
        image (Tensor): Normalized images of shape (N, C, H, W).
        shared (bool): Whether the networks of one domain share a view.

    Returns:
        tuple: By network, images of shape (N, C, H, W), and its input, of
        shape (N, D, h, w).
    """
    keys = {
        name: domain_of(network) if shared else name
        for name, network in networks.items()
    }
    views = {key: augment(image) for key in dict.fromkeys(keys.values())}
    strong = {name: views[key] for name, key in keys.items()}
    return strong, {
        name: to_domain(network, strong[name])
        for name, network in networks.items()
    }


def mix_in_domains(
    mixer: nn.Module, inputs: Iterable[Tensor],
    size: Sequence[int]) -> tuple[Callable[[Tensor], Tensor], Tensor, Tensor]:
    """Sample boxes that are the same in the domains of several networks.

    They are sampled on the coarsest grid that one of the networks reads.

    Args:
        mixer (nn.Module): A :class:`CutMix` or :class:`NoMix`.
        inputs (Iterable[Tensor]): The input of each network, (N, D, h, w).
        size (Sequence[int]): Height and width of the images.

    Returns:
        tuple: A function that mixes images (N, C, h, w) or labels (N, h, w)
        of any size; the mask of pasted pixels (N, H, W), bool; and the index
        of the image they are taken from, (N, ), int64.
    """
    coarsest = min(inputs, key=lambda image: image.shape[2:].numel())
    mask, index = cast(Union[CutMix, NoMix], mixer).plan(
        len(coarsest), tuple(coarsest.shape[2:]), coarsest.device)

    def mix(part: Tensor) -> Tensor:
        where = resize_mask(mask, part.shape[-2:])
        return torch.where(where[:, None] if part.dim() == 4 else where,
                           part[index], part)

    return mix, resize_mask(mask, size), index


def resize_mask(mask: Tensor, size: Sequence[int]) -> Tensor:
    """Resize a mask by the nearest pixel.

    Args:
        mask (Tensor): Bool mask of shape (N, h, w).
        size (Sequence[int]): Height and width to resize to.

    Returns:
        Tensor: Bool mask of shape (N, *size).
    """
    if tuple(mask.shape[1:]) == tuple(size):
        return mask
    return F.interpolate(mask[:, None].float(), tuple(size))[:, 0] > 0
