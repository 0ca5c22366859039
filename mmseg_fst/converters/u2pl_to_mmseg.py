"""Convert networks of U2PL and of the semi-supervised part of FST.

Both build a ResNet with a deep stem (``encoder.``), DeepLabV3+ or, in FST
only, DeepLabV2 or PSPNet (``decoder.``), and on Cityscapes an auxiliary head
(``auxor.``). Used by ``release_to_mmseg_fst.py``.
"""
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from . import resnet_to_mmseg
from .network import Weights


def _conv_norm(source: str, target: str, first: int = 0) -> dict[str, str]:
    """Map the names of a convolution and its norm in a sequence."""
    return {
        f'{source}.{first}.': f'{target}.conv.',
        f'{source}.{first + 1}.': f'{target}.bn.'
    }


# From the prefixes of U2PL to the prefixes of mmseg. The pyramid of U2PL
# begins with image pooling, followed by the 1x1 convolution.
_DEEPLABV3PLUS = {
    **_conv_norm('decoder.low_conv', 'decode_head.c1_bottleneck'),
    **_conv_norm('decoder.aspp.conv1', 'decode_head.image_pool.1', 1),
    **{
        source: target
        for index in range(4)
        for source, target in _conv_norm(
            f'decoder.aspp.conv{index + 2}',
            f'decode_head.aspp_modules.{index}').items()
    },
    **_conv_norm('decoder.head', 'decode_head.bottleneck'),
    **_conv_norm('decoder.classifier', 'decode_head.fuse.0'),
    **_conv_norm('decoder.classifier', 'decode_head.fuse.2', 4),
    'decoder.classifier.8.': 'decode_head.conv_seg.',
    **_conv_norm('decoder.representation', 'decode_head.represent.0.0'),
    **_conv_norm('decoder.representation', 'decode_head.represent.0.2', 4),
    'decoder.representation.8.': 'decode_head.represent.2.'
}
_DEEPLABV2 = {
    f'decoder.classifier.conv2d_list.{index}.':
    f'decode_head.aspp_modules.{index}.conv.'
    for index in range(4)
}
_PSPNET = {
    **{
        source: target
        for index in range(4)
        for source, target in _conv_norm(
            f'decoder.psp.stages.{index}',
            f'decode_head.psp_modules.{index}.1', 1).items()
    },
    **_conv_norm('decoder.psp.bottleneck', 'decode_head.bottleneck'),
    'decoder.decoder.0.': 'decode_head.conv_seg.',
    **{
        f'decoder.decoder.{index + 1}.conv.':
        f'decode_head.upsample.{index}.0.'
        for index in range(3)
    }
}
_AUXILIARY = {
    **_conv_norm('auxor.aux', 'auxiliary_head.convs.0'),
    'auxor.aux.4.': 'auxiliary_head.conv_seg.'
}
_NAMES = {**_DEEPLABV3PLUS, **_DEEPLABV2, **_PSPNET, **_AUXILIARY}


def is_network(weights: Mapping[str, Any]) -> bool:
    """Check whether weights are from a network of U2PL or FST.

    Args:
        weights (dict[str, Tensor]): State dict.

    Returns:
        bool: True if it has the weights of an encoder and a decoder.
    """
    names = [name.removeprefix('module.') for name in weights]
    return all(any(name.startswith(part) for name in names)
               for part in ('encoder.conv1.', 'decoder.'))


def _rename(name: str) -> str:
    """Convert the name of a weight of a head; keep unknown names."""
    for source, target in _NAMES.items():
        if name.startswith(source):
            return target + name.removeprefix(source)
    return name


def convert(weights: Mapping[str, Tensor], represents: bool) -> Weights:
    """Rename the weights of a network.

    Args:
        weights (dict[str, Tensor]): State dict of ``ModelBuilder`` of U2PL.
        represents (bool): Whether to convert the representation head, which
            U2PL always builds but only the contrastive loss trains.

    Returns:
        dict[str, Tensor]: State dict of an ``EncoderDecoder``.
    """
    weights = {
        name.removeprefix('module.'): tensor
        for name, tensor in weights.items()
    }
    encoder = resnet_to_mmseg.convert({
        name.removeprefix('encoder.'): tensor
        for name, tensor in weights.items() if name.startswith('encoder.')
    })
    heads = {
        _rename(name): tensor
        for name, tensor in weights.items()
        if not name.startswith('encoder.') and
        (represents or not name.startswith('decoder.representation.'))
    }
    # mmseg has no bias before a norm, where a bias only shifts the mean.
    bias = heads.pop('auxiliary_head.convs.0.conv.bias', None)
    if bias is not None:
        mean = 'auxiliary_head.convs.0.bn.running_mean'
        heads[mean] = heads[mean] - bias
    return heads | {
        f'backbone.{name}': tensor for name, tensor in encoder.items()
    }
