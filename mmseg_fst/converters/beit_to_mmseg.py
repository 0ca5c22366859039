"""Convert BEiT of microsoft/unilm or timm to the keys of mmseg's BEiT.

    python tools/model_converters/beit_to_mmseg.py SOURCE.pth OUT.pth

The relative position biases are written at the size of pretraining; the
encoder resizes them when it loads the file.
"""
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from .network import Converter, Weights, count
from .shell import run

# The classifier and its norm, the mask token, and tables that are computed
# from the window size.
DROPPED = re.compile(r'(head|lm_head|norm|fc_norm)\..*|mask_token|'
                     r'.*\brelative_position_index|.*\.k_bias')
_NAMES = {
    'patch_embed.proj.': 'patch_embed.projection.',
    '.norm1.': '.ln1.',
    '.norm2.': '.ln2.',
    '.mlp.fc1.': '.ffn.layers.0.0.',
    '.mlp.fc2.': '.ffn.layers.1.',
}
_SHARED = 'rel_pos_bias.relative_position_bias_table'


def convert(weights: Mapping[str, Tensor]) -> Weights:
    """Rename the weights of a BEiT.

    Args:
        weights (dict[str, Tensor]): State dict of unilm or timm. A table of
            position biases that all blocks share, as after self-supervised
            pretraining, is copied to each block.

    Returns:
        dict[str, Tensor]: State dict of mmseg's ``BEiT``.
    """
    weights = dict(weights)
    shared = weights.pop(_SHARED, None)
    converted = {}
    for name, tensor in weights.items():
        if DROPPED.fullmatch(name):
            continue
        for old, new in _NAMES.items():
            name = name.replace(old, new)
        converted[re.sub('^blocks', 'layers', name)] = tensor
    if shared is not None:
        for layer in range(count(converted, 'layers.{}.')):
            converted[f'layers.{layer}.attn.'
                      'relative_position_bias_table'] = shared
    return converted


def config(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the config of the encoder of these weights.

    Args:
        weights (dict[str, Tensor]): State dict in the keys of mmseg.

    Returns:
        dict: Config for ``MODELS``.
    """
    table = weights['layers.0.attn.relative_position_bias_table']
    width, _, _, patch = weights['patch_embed.projection.weight'].shape
    hidden = weights['layers.0.ffn.layers.0.0.weight'].shape[0]
    # (2 w - 1)^2 offsets of a window of size w, and 3 of the class token.
    window = (round((table.shape[0] - 3)**.5) + 1) // 2
    return dict(
        type='BEiT',
        img_size=window * patch,
        patch_size=patch,
        embed_dims=width,
        num_layers=count(weights, 'layers.{}.'),
        num_heads=table.shape[1],
        mlp_ratio=hidden // width,
        qv_bias='layers.0.attn.q_bias' in weights)


CONVERTER = Converter(convert, config)


def main() -> None:
    """Run from the command line."""
    run(__doc__, CONVERTER)


if __name__ == '__main__':
    main()
