"""Convert the vision transformers of DINOv3 for TIMMVisionTransformer.

    python tools/model_converters/dinov3_to_timm.py SOURCE.pth OUT.pth

For ViT-S/16, B/16 and L/16 (``lvd1689m``), whose weights are under the DINOv3
License. The biases of queries, keys and values, which are zero, are left out,
and the frequencies of the rotations, which follow from the width.
"""
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

sys.path.append(str(Path(__file__).resolve().parents[1]))

from model_converters.dinov2_to_timm import (  # noqa: E402
    MASK_TOKEN,
    PREFIX,
    PlainTransformer,
)
from model_converters.network import Converter, Weights  # noqa: E402
from model_converters.shell import run  # noqa: E402

_COMPUTED = ('.periods', '.bias_mask')
_NAMES = {'ls1.gamma': 'gamma_1', 'ls2.gamma': 'gamma_2',
          'storage_tokens': 'reg_token'}
_SIZES = {384: 'small', 768: 'base', 1024: 'large'}


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
    """Return the config of the encoder of these weights.

    Args:
        weights (dict[str, Tensor]): Converted state dict.

    Returns:
        dict: Config for ``MODELS``.

    Raises:
        ValueError: If the width is not the width of ViT-S, B or L.
    """
    width = weights[PREFIX + 'cls_token'].shape[-1]
    if width not in _SIZES:
        raise ValueError('The embedding width must be one of '
                         f'{", ".join(map(str, _SIZES))}, got {width}; use '
                         'DINOv3 ViT-S/16, B/16 or L/16.')
    return dict(
        type=PlainTransformer,
        model_name=f'vit_{_SIZES[width]}_patch16_dinov3')


CONVERTER = Converter(convert, config, fresh=(MASK_TOKEN, ))

if __name__ == '__main__':
    run(__doc__, CONVERTER)
