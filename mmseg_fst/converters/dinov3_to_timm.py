"""Convert the vision transformers of DINOv3 for TIMMVisionTransformer.

    python tools/model_converters/dinov3_to_timm.py SOURCE.pth OUT.pth

For ViT-S/16, B/16 and L/16 (``lvd1689m``), whose weights are under the DINOv3
License. The biases of queries, keys and values, which are zero, are left out,
and the frequencies of the rotations, which follow from the width.
"""
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .dinov2_to_timm import (
    MASK_TOKEN,
    PREFIX,
    plain_config,
)
from .network import Converter, Weights
from .shell import run

_COMPUTED = ('.periods', '.bias_mask')
_NAMES = {'ls1.gamma': 'gamma_1', 'ls2.gamma': 'gamma_2',
          'storage_tokens': 'reg_token'}


def convert(weights: Mapping[str, Tensor]) -> Weights:
    """Rename the weights of a DINOv3.

    Args:
        weights (dict[str, Tensor]): State dict of the release.

    Returns:
        dict[str, Tensor]: State dict of timm's ``vit_*_patch16_dinov3``,
        keys prefixed with ``timm_model.``, and the mask token.

    Raises:
        ValueError: If a bias of queries or values is not zero.
    """
    converted = {}
    for name, tensor in weights.items():
        if name.endswith(_COMPUTED):
            continue
        if name.endswith('qkv.bias'):
            query, _, value = tensor.chunk(3)  # that of keys is masked
            if torch.cat([query, value]).any():
                raise ValueError(f'{name} is not zero; use DINOv3 ViT-S/16, '
                                 'B/16 or L/16 (lvd1689m).')
            continue
        for old, new in _NAMES.items():
            name = name.replace(old, new)
        converted[name if name == MASK_TOKEN else PREFIX + name] = tensor
    return converted


def config(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the config of a DINOv3, see :func:`plain_config`.

    Args:
        weights (dict[str, Tensor]): Converted state dict.

    Returns:
        dict: Config for ``MODELS``.
    """
    return plain_config(weights, 'patch16_dinov3',
                        'DINOv3 ViT-S/16, B/16 or L/16')


CONVERTER = Converter(convert, config, fresh=(MASK_TOKEN, ))


def main() -> None:
    """Run from the command line."""
    run(__doc__, CONVERTER)


if __name__ == '__main__':
    main()
