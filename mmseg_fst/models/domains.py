"""Input domain of a network: RGB images, or maps computed from them.

A backbone with another input domain has three attributes: its name
``domain``, a method ``to_domain`` that converts normalized images to maps,
and ``domain_stride``, the stride of the maps in pixels.
"""
from torch import Tensor, nn

#: Domain of a backbone without the attribute ``domain``.
RGB = 'rgb'


def domain_of(network: nn.Module) -> str:
    """Input domain of a network.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.

    Returns:
        str: Name of the domain, for example ``'rgb'`` or ``'dct'``.
    """
    return getattr(getattr(network, 'backbone', None), 'domain', RGB)


def to_domain(network: nn.Module, image: Tensor) -> Tensor:
    """Convert images to the input domain of a network.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        image (Tensor): Normalized images of shape (N, 3, H, W).

    Returns:
        Tensor: Maps of shape (N, D, h, w); the images themselves for RGB.
    """
    if domain_of(network) == RGB:
        return image
    return network.backbone.to_domain(image)


def domain_stride(network: nn.Module) -> int:
    """Stride of the input of a network, in pixels of the image.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.

    Returns:
        int: The stride; 1 for RGB.
    """
    return 1 if domain_of(network) == RGB else network.backbone.domain_stride


def domain_slice(network: nn.Module, span: slice) -> slice:
    """Convert a slice of an image to a slice of the input map.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        span (slice): Rows or columns of the image.

    Returns:
        slice: Rows or columns of the map that cover the slice.
    """
    stride = domain_stride(network)
    return slice(span.start // stride, -(-span.stop // stride))
