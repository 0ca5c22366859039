"""Convert ResNets of torchvision, timm, U2PL and others to mmseg's ResNet.

    python tools/model_converters/resnet_to_mmseg.py SOURCE.pth OUT.pth

A stem of one convolution (torchvision, timm's resnet50) gives ``ResNet``. A
stem of three convolutions (timm's resnet50c and resnet50d; U2PL and UniMatch,
twice as wide) gives ``ResNetV1c``, or ``ResNetV1d`` with average pooling in
the shortcuts. No stem (Diverse Co-training, for DCT maps) gives ``DCTResNet``
of mmseg_fst.
"""
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from .network import Converter, Weights, count
from .shell import run

# The ImageNet classifier.
DROPPED = ('fc.', )
_DEPTHS = {(2, 2, 2, 2): 18, (3, 4, 6, 3): 50, (3, 4, 23, 3): 101,
           (3, 8, 36, 3): 152}


def convert(weights: Mapping[str, Tensor]) -> Weights:
    """Rename the weights of a ResNet.

    Args:
        weights (dict[str, Tensor]): State dict of torchvision, timm or U2PL.

    Returns:
        dict[str, Tensor]: State dict of a ``ResNet`` or a variant of it.
    """
    is_deep = 'conv1.0.weight' in weights
    converted = {}
    for name, tensor in weights.items():
        if name.startswith(DROPPED):
            continue
        if is_deep and name.startswith('conv1.'):
            name = 'stem.' + name.removeprefix('conv1.')
        elif is_deep and name.startswith('bn1.'):
            # The norm after the last convolution of the stem, layer 6.
            name = 'stem.7.' + name.removeprefix('bn1.')
        converted[name] = tensor
    return converted


def config(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the config of the encoder of these weights.

    Args:
        weights (dict[str, Tensor]): State dict in the keys of mmseg.

    Returns:
        dict: Config for ``MODELS``.

    Raises:
        ValueError: If mmseg has no ResNet with these numbers of blocks.
    """
    first, second, third, fourth = (
        count(weights, f'layer{stage}.{{}}.') for stage in (1, 2, 3, 4))
    blocks = first, second, third, fourth
    is_basic = 'layer1.0.conv3.weight' not in weights
    depth = _DEPTHS.get(blocks)
    if is_basic and depth == 50:
        depth = 34
    if depth is None or is_basic != (depth in (18, 34)):
        raise ValueError('The number of blocks must be that of a ResNet-18, '
                         f'34, 50, 101 or 152, got {blocks}.')
    if 'stem.0.weight' not in weights:
        has_stem = 'conv1.weight' in weights
        return dict(type='ResNet' if has_stem else 'DCTResNet', depth=depth)
    # With average pooling, the convolution of a shortcut is layer 1.
    is_pooled = 'layer2.0.downsample.2.weight' in weights
    return dict(
        type='ResNetV1d' if is_pooled else 'ResNetV1c',
        depth=depth,
        stem_channels=len(weights['stem.6.weight']))


CONVERTER = Converter(convert, config)


def main() -> None:
    """Run from the command line."""
    run(__doc__, CONVERTER)


if __name__ == '__main__':
    main()
