"""Convert the vision transformers of DINOv2 for TIMMVisionTransformer.

    python tools/model_converters/dinov2_to_timm.py SOURCE.pth OUT.pth

timm uses the same names. The position embedding keeps the 37 x 37 patches of
images of 518 pixels; the encoder resamples it. The mask token, which timm does
not have, is for encoders with `mask_token=True`; others ignore it.
"""
from collections.abc import Mapping
from typing import Any

import timm
import torch
from torch import Tensor, nn

from .network import Converter, Weights
from .shell import run

# Of the encoder itself, not of the transformer of timm in it.
MASK_TOKEN = 'mask_token'
PREFIX = 'timm_model.'
_SIZES = {384: 'small', 768: 'base', 1024: 'large'}


class PlainTransformer(nn.Module):
    """A vision transformer of timm, with the keys of TIMMVisionTransformer.

    Args:
        model_name (str): Name of the model in timm.
    """

    def __init__(self, model_name: str) -> None:
        super().__init__()
        model: Any = timm.create_model(
            model_name, pretrained=False, num_classes=0)
        self.timm_model = model
        self.mask_token = nn.Parameter(
            torch.empty(1, model.embed_dim))


def convert(weights: Mapping[str, Tensor]) -> Weights:
    """Rename the weights of a DINOv2 without registers.

    Args:
        weights (dict[str, Tensor]): State dict of the release.

    Returns:
        dict[str, Tensor]: State dict of timm's ``vit_*_patch14_dinov2``,
        keys prefixed with ``timm_model.``, and the mask token.
    """
    return {
        name if name == MASK_TOKEN else PREFIX + name: tensor
        for name, tensor in weights.items()
    }


def plain_config(weights: Mapping[str, Tensor], model: str,
                 names: str) -> dict[str, Any]:
    """Return the config of a plain vision transformer of timm.

    Args:
        weights (dict[str, Tensor]): Converted state dict.
        model (str): Ending of its name in timm, such as ``patch14_dinov2``.
        names (str): The transformers that can be converted, for the error.

    Returns:
        dict: Config for ``MODELS``.

    Raises:
        ValueError: If the width is not the width of ViT-S, B or L.
    """
    width = weights[PREFIX + 'cls_token'].shape[-1]
    if width not in _SIZES:
        raise ValueError('The embedding width must be one of '
                         f'{", ".join(map(str, _SIZES))}, got {width}; use '
                         f'{names}.')
    return dict(
        type=PlainTransformer, model_name=f'vit_{_SIZES[width]}_{model}')


def config(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the config of a DINOv2, see :func:`plain_config`.

    Args:
        weights (dict[str, Tensor]): Converted state dict.

    Returns:
        dict: Config for ``MODELS``.
    """
    return plain_config(weights, 'patch14_dinov2',
                        'DINOv2 ViT-S/14, B/14 or L/14')


# Copies of the release may lack the mask token.
CONVERTER = Converter(convert, config, fresh=(MASK_TOKEN, ))


def main() -> None:
    """Run from the command line."""
    run(__doc__, CONVERTER)


if __name__ == '__main__':
    main()
