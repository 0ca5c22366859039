"""Swin Transformers of Microsoft and timm -> mmseg's SwinTransformer.

    python tools/model_converters/swin_to_mmseg.py SOURCE.pth OUT.pth

The norms of the four outputs are not in a classifier; they stay as mmseg
initializes them.
"""
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

sys.path.append(str(Path(__file__).resolve().parents[1]))

from model_converters.network import Converter, Weights, count  # noqa: E402
from model_converters.shell import run  # noqa: E402

# The classifier, and tables that follow from the window.
DROPPED = re.compile(
    r'(head|norm)\..*|.*\.(relative_position_index|attn_mask)')
_NAMES = {
    'patch_embed.proj.': 'patch_embed.projection.',
    '.attn.': '.attn.w_msa.',
    '.mlp.fc1.': '.ffn.layers.0.0.',
    '.mlp.fc2.': '.ffn.layers.1.',
}


def _merging_order(tensor: Tensor) -> Tensor:
    """Reorder the 4 C channels that patch merging puts together.

    Both sources take, column by column, the rows of each 2 x 2 patches and
    then the channels: (column, row, channel). mmseg's unfolding makes
    (channel, row, column).

    Args:
        tensor (Tensor): Weights whose last dimension are those channels.

    Returns:
        Tensor: Of the same shape.
    """
    split = tensor.unflatten(-1, (2, 2, -1))
    return split.transpose(-1, -3).flatten(-3)


def convert(weights: Mapping[str, Tensor]) -> Weights:
    """Rename the weights of a Swin Transformer.

    Args:
        weights (dict[str, Tensor]): State dict of Microsoft's or timm's.

    Returns:
        dict[str, Tensor]: State dict of mmseg's ``SwinTransformer``, without
        the norms of its outputs.
    """
    # timm merges patches at the beginning of a stage, the others at the end
    # of the one before.
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
    """The encoder that these weights are of.

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
        # A table has (2 w - 1) ** 2 rows for a window of w.
        window_size=(round(tables[0].shape[0]**.5) + 1) // 2,
        mlp_ratio=hidden / projection.shape[0],
        out_indices=tuple(stages),
        patch_norm='patch_embed.norm.weight' in weights)


CONVERTER = Converter(
    convert, config, fresh=('norm0.', 'norm1.', 'norm2.', 'norm3.'))

if __name__ == '__main__':
    run(__doc__, CONVERTER)
