"""Networks of U2PL and of FST's semi-supervised half, in our names.

Both build a ResNet with a deep stem (``encoder.``), DeepLabV3+ and, FST
alone, DeepLabV2 or PSPNet (``decoder.``) and on Cityscapes an auxiliary head
(``auxor.``). See ``release_to_mmseg_fst.py``, which uses this.
"""
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from . import resnet_to_mmseg
from .network import Weights


def _normed(theirs: str, ours: str, first: int = 0) -> dict[str, str]:
    """Names of a convolution and the norm behind it, in a sequence."""
    return {
        f'{theirs}.{first}.': f'{ours}.conv.',
        f'{theirs}.{first + 1}.': f'{ours}.bn.'
    }


# Beginnings of names. The pyramid has its image pooling first, then the 1x1.
_DEEPLABV3PLUS = {
    **_normed('decoder.low_conv', 'decode_head.c1_bottleneck'),
    **_normed('decoder.aspp.conv1', 'decode_head.image_pool.1', 1),
    **{
        theirs: ours
        for place in range(4)
        for theirs, ours in _normed(f'decoder.aspp.conv{place + 2}',
                                    f'decode_head.aspp_modules.{place}'
                                    ).items()
    },
    **_normed('decoder.head', 'decode_head.bottleneck'),
    **_normed('decoder.classifier', 'decode_head.fuse.0'),
    **_normed('decoder.classifier', 'decode_head.fuse.2', 4),
    'decoder.classifier.8.': 'decode_head.conv_seg.',
    **_normed('decoder.representation', 'decode_head.represent.0.0'),
    **_normed('decoder.representation', 'decode_head.represent.0.2', 4),
    'decoder.representation.8.': 'decode_head.represent.2.'
}
_DEEPLABV2 = {
    f'decoder.classifier.conv2d_list.{place}.':
    f'decode_head.aspp_modules.{place}.conv.'
    for place in range(4)
}
_PSPNET = {
    **{
        theirs: ours
        for place in range(4)
        for theirs, ours in _normed(f'decoder.psp.stages.{place}',
                                    f'decode_head.psp_modules.{place}.1', 1
                                    ).items()
    },
    **_normed('decoder.psp.bottleneck', 'decode_head.bottleneck'),
    'decoder.decoder.0.': 'decode_head.conv_seg.',
    **{
        f'decoder.decoder.{place + 1}.conv.':
        f'decode_head.upsample.{place}.0.'
        for place in range(3)
    }
}
_AUXILIARY = {
    **_normed('auxor.aux', 'auxiliary_head.convs.0'),
    'auxor.aux.4.': 'auxiliary_head.conv_seg.'
}
_NAMES = {**_DEEPLABV3PLUS, **_DEEPLABV2, **_PSPNET, **_AUXILIARY}


def is_network(weights: Mapping[str, Any]) -> bool:
    """Whether these are the weights of such a network.

    Args:
        weights (dict[str, Tensor]): State dict.

    Returns:
        bool: True if its names are those of an encoder and a decoder.
    """
    names = [name.removeprefix('module.') for name in weights]
    return all(any(name.startswith(part) for name in names)
               for part in ('encoder.conv1.', 'decoder.'))


def _rename(name: str) -> str:
    """Our name of a weight of a head; as it is if it is not known."""
    for theirs, ours in _NAMES.items():
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name


def convert(weights: Mapping[str, Tensor], represents: bool) -> Weights:
    """Rename the weights of a network.

    Args:
        weights (dict[str, Tensor]): State dict of their ``ModelBuilder``.
        represents (bool): Whether the representation of pixels is kept, which
            they always build and the contrastive loss alone trains.

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
    # Ours has no bias there; before a norm it only moves the mean.
    bias = heads.pop('auxiliary_head.convs.0.conv.bias', None)
    if bias is not None:
        mean = 'auxiliary_head.convs.0.bn.running_mean'
        heads[mean] = heads[mean] - bias
    return heads | {
        f'backbone.{name}': tensor for name, tensor in encoder.items()
    }
