"""Torchvision's MobileNetV2 -> the keys of mmseg's TIMMBackbone.

Usage: python tools/model_converters/mobilenetv2_to_timm.py SOURCE OUT

Both libraries define the same layers in the same order under other names.
"""
import argparse

import timm
import torch
from torch import Tensor


def convert(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the tensors of a MobileNetV2.

    Args:
        weights (dict[str, Tensor]): State dict of torchvision's
            ``mobilenet_v2``.

    Returns:
        dict[str, Tensor]: The tensors of timm's ``mobilenetv2_100`` without
        its classifier, keys prefixed with ``timm_model.``.

    Raises:
        ValueError: If the tensors are not those of a MobileNetV2.
    """
    target = {
        name: tensor
        for name, tensor in timm.create_model(
            'mobilenetv2_100', pretrained=False).state_dict().items()
        if not name.endswith('num_batches_tracked')
    }
    source = {
        name: tensor
        for name, tensor in weights.items()
        if not name.endswith('num_batches_tracked')
    }
    shapes = [[tuple(tensor.shape) for tensor in side.values()]
              for side in (target, source)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"These are not the {len(target)} tensors of torchvision's "
            f'mobilenet_v2 ({len(source)} found); give '
            'mobilenet_v2-b0353104.pth.')
    return {
        f'timm_model.{name}': tensor
        for name, tensor in zip(target, source.values())
        # The features stop before the last 1 x 1 convolution.
        if not name.startswith(('conv_head', 'bn2', 'classifier'))
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('source', help='mobilenet_v2-b0353104.pth')
    parser.add_argument('out', help='file to write')
    args = parser.parse_args()
    weights = torch.load(args.source, map_location='cpu', weights_only=True)
    torch.save(dict(state_dict=convert(weights)), args.out)


if __name__ == '__main__':
    main()
