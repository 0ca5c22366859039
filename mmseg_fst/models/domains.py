"""What a network reads: RGB images, or maps that its backbone makes of them.

A backbone for another domain has its name as ``domain``, a method
``to_domain`` from normalized images to maps, and ``domain_stride``, the
distance of the places of a map in pixels.
"""
from torch import Tensor, nn

#: What a network reads whose backbone does not say.
RGB = 'rgb'


def domain_of(network: nn.Module) -> str:
    """What a network reads.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.

    Returns:
        str: Name of the domain, such as ``'rgb'`` or ``'dct'``.
    """
    return getattr(getattr(network, 'backbone', None), 'domain', RGB)


def to_domain(network: nn.Module, image: Tensor) -> Tensor:
    """Images as a network reads them.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        image (Tensor): Normalized images of shape (N, C, H, W).

    Returns:
        Tensor: Of shape (N, D, h, w); the images themselves for RGB, and for
        images of any other number of channels.
    """
    if domain_of(network) == RGB:
        return image
    return network.backbone.to_domain(image)


def domain_stride(network: nn.Module) -> int:
    """Pixels of the image from one place to the next of what a network reads.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.

    Returns:
        int: 1 for RGB.
    """
    return 1 if domain_of(network) == RGB else network.backbone.domain_stride


def domain_slice(network: nn.Module, span: slice) -> slice:
    """Places of a map that show some rows or columns of the image.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        span (slice): Rows or columns of the image.

    Returns:
        slice: Rows or columns of the map.
    """
    stride = domain_stride(network)
    return slice(span.start // stride, -(-span.stop // stride))
