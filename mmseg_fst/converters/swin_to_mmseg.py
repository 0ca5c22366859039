"""Convert Swin Transformers of Microsoft or timm to mmseg's keys.

    python tools/model_converters/swin_to_mmseg.py SOURCE.pth OUT.pth

A classifier does not have the norms of the four outputs; they keep their
initial values.
"""
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from .network import Converter, Weights, count
from .shell import run

# The classifier, and tables that are computed from the window size.
DROPPED = re.compile(
    r'(head|norm)\..*|.*\.(relative_position_index|attn_mask)')
_NAMES = {
    'patch_embed.proj.': 'patch_embed.projection.',
    '.attn.': '.attn.w_msa.',
    '.mlp.fc1.': '.ffn.layers.0.0.',
    '.mlp.fc2.': '.ffn.layers.1.',
}


def _merging_order(tensor: Tensor) -> Tensor:
    """Reorder the 4 C channels of patch merging.

    Both sources concatenate 2 x 2 patches in the order (column, row, channel).
    mmseg unfolds them in the order (channel, row, column).

    Args:
        tensor (Tensor): Weights of shape (..., 4 C).

    Returns:
        Tensor: The reordered weights, of the same shape.
    """
    split = tensor.unflatten(-1, (2, 2, -1))
    return split.transpose(-1, -3).flatten(-3)


def convert(weights: Mapping[str, Tensor]) -> Weights:
    """Rename the weights of a Swin Transformer.

    Args:
        weights (dict[str, Tensor]): State dict of Microsoft or timm.

    Returns:
        dict[str, Tensor]: State dict of mmseg's ``SwinTransformer``, without
        the norms of its outputs.
    """
    # timm merges patches at the beginning of a stage, Microsoft and mmseg at
    # the end of the previous stage.
    shift = 0 if 'layers.0.downsample.norm.weight' in weights else -1
    converted = {}
    for name, tensor in weights.items():
        if DROPPED.fullmatch(name):
            continue
        if '.downsample.' in name:
            _, stage, *rest = name.split('.')
            name = '.'.join(['layers', str(int(stage) + shift), *rest])
            tensor = _merging_order(tensor)
        for old, new in _NAMES.items():
            name = name.replace(old, new)
        converted[re.sub('^layers', 'stages', name)] = tensor
    return converted


def config(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the config of the encoder of these weights.

    Args:
        weights (dict[str, Tensor]): State dict in the keys of mmseg.

    Returns:
        dict: Config for ``MODELS``.
    """
    stages = range(count(weights, 'stages.{}.'))
    tables = [
        weights[f'stages.{stage}.blocks.0.attn.w_msa.'
                'relative_position_bias_table'] for stage in stages
    ]
    projection = weights['patch_embed.projection.weight']
    hidden = weights['stages.0.blocks.0.ffn.layers.0.0.weight'].shape[0]
    patch = projection.shape[-1]
    return dict(
        type='SwinTransformer',
        embed_dims=projection.shape[0],
        patch_size=patch,
        strides=(patch, ) + (2, ) * (len(stages) - 1),
        depths=[count(weights, f'stages.{stage}.blocks.{{}}.')
                for stage in stages],
        num_heads=[table.shape[1] for table in tables],
        # A table has (2 w - 1)^2 rows for a window of size w.
        window_size=(round(tables[0].shape[0]**.5) + 1) // 2,
        mlp_ratio=hidden / projection.shape[0],
        out_indices=tuple(stages),
        patch_norm='patch_embed.norm.weight' in weights)


CONVERTER = Converter(
    convert, config, fresh=('norm0.', 'norm1.', 'norm2.', 'norm3.'))


def main() -> None:
    """Run from the command line."""
    run(__doc__, CONVERTER)


if __name__ == '__main__':
    main()
