"""Convert torchvision's MobileNetV2 to the keys of mmseg's TIMMBackbone.

    python tools/model_converters/mobilenetv2_to_timm.py SOURCE.pth OUT.pth

Both libraries define the same layers in the same order under other names.
"""
from collections.abc import Mapping
from typing import Any

import timm
from torch import Tensor

from .network import Converter, Weights
from .shell import run

MODEL_NAME = 'mobilenetv2_100'


def _without_counters(weights: Mapping[str, Tensor]) -> Weights:
    """Drop the batch counters, which old files do not have."""
    return {
        name: tensor
        for name, tensor in weights.items()
        if not name.endswith('num_batches_tracked')
    }


def convert(weights: Mapping[str, Tensor]) -> Weights:
    """Rename the tensors of a MobileNetV2.

    Args:
        weights (dict[str, Tensor]): State dict of torchvision's
            ``mobilenet_v2``.

    Returns:
        dict[str, Tensor]: The tensors of timm's ``mobilenetv2_100`` without
        its classifier, keys prefixed with ``timm_model.``.

    Raises:
        ValueError: If the weights are not from a MobileNetV2.
    """
    model = timm.create_model(MODEL_NAME, pretrained=False)
    target = _without_counters(model.state_dict())
    source = _without_counters(weights)
    if [tensor.shape for tensor in target.values()
        ] != [tensor.shape for tensor in source.values()]:
        raise ValueError(
            f'The file must have the {len(target)} tensors of '
            f"torchvision's mobilenet_v2, got {len(source)} tensors; use "
            'mobilenet_v2-b0353104.pth.')
    return {
        f'timm_model.{name}': tensor
        for name, tensor in zip(target, source.values())
        # Feature extraction ends before the last 1 x 1 convolution.
        if not name.startswith(('conv_head', 'bn2', 'classifier'))
    }


def config(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the config of the encoder of these weights.

    Args:
        weights (dict[str, Tensor]): Converted state dict.

    Returns:
        dict: Config for ``MODELS``.
    """
    return dict(
        type='TIMMBackbone', model_name=MODEL_NAME, pretrained=False)


CONVERTER = Converter(convert, config)


def main() -> None:
    """Run from the command line."""
    run(__doc__, CONVERTER)


if __name__ == '__main__':
    main()
