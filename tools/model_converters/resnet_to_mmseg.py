"""ResNets of torchvision, timm, U2PL and others -> mmseg's ResNet.

    python tools/model_converters/resnet_to_mmseg.py SOURCE.pth OUT.pth

A stem of one convolution (torchvision, timm's resnet50) makes mmseg's
``ResNet``, one of three (timm's resnet50c, resnet50d; U2PL's and UniMatch's,
which is twice as wide) ``ResNetV1c`` or, with average pooling in the
shortcuts, ``ResNetV1d``. Without a stem, as Diverse Co-training's for DCT
maps, it is our ``DCTResNet``.
"""
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

sys.path.append(str(Path(__file__).resolve().parents[1]))

from model_converters.network import Converter, Weights, count  # noqa: E402
from model_converters.shell import run  # noqa: E402

# The classifier of ImageNet.
DROPPED = ('fc.', )
_DEPTHS = {(2, 2, 2, 2): 18, (3, 4, 6, 3): 50, (3, 4, 23, 3): 101,
           (3, 8, 36, 3): 152}


def convert(weights: Mapping[str, Tensor]) -> Weights:
    """Rename the weights of a ResNet.

    Args:
        weights (dict[str, Tensor]): State dict of torchvision's, timm's or
            U2PL's.

    Returns:
        dict[str, Tensor]: State dict of a ``ResNet`` or its variants.
    """
    is_deep = 'conv1.0.weight' in weights
    converted = {}
    for name, tensor in weights.items():
        if name.startswith(DROPPED):
            continue
        if is_deep and name.startswith('conv1.'):
            name = 'stem.' + name.removeprefix('conv1.')
        elif is_deep and name.startswith('bn1.'):
            # The norm after the last convolution, 6, of the stem.
            name = 'stem.7.' + name.removeprefix('bn1.')
        converted[name] = tensor
    return converted


def config(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """The encoder that these weights are of.

    Args:
        weights (dict[str, Tensor]): State dict in the keys of mmseg.

    Returns:
        dict: Config for ``MODELS``.

    Raises:
        ValueError: If mmseg has no ResNet of so many blocks.
    """
    blocks = tuple(count(weights, f'layer{stage}.{{}}.')
                   for stage in (1, 2, 3, 4))
    is_basic = 'layer1.0.conv3.weight' not in weights
    depth = _DEPTHS.get(blocks)
    if is_basic and depth == 50:
        depth = 34
    if depth is None or is_basic != (depth in (18, 34)):
        raise ValueError(f'MMSegmentation has no ResNet of {blocks} blocks; '
                         'take a ResNet-18, 34, 50, 101 or 152.')
    if 'stem.0.weight' not in weights:
        has_stem = 'conv1.weight' in weights
        return dict(type='ResNet' if has_stem else 'DCTResNet', depth=depth)
    # Pooling stands before the convolution of a shortcut.
    is_pooled = 'layer2.0.downsample.2.weight' in weights
    return dict(
        type='ResNetV1d' if is_pooled else 'ResNetV1c',
        depth=depth,
        stem_channels=len(weights['stem.6.weight']))


CONVERTER = Converter(convert, config)

if __name__ == '__main__':
    run(__doc__, CONVERTER)
