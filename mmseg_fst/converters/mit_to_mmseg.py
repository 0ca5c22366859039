"""Convert SegFormer's MiT to the keys of mmseg's MixVisionTransformer.

    python tools/model_converters/mit_to_mmseg.py mit_b5.pth OUT.pth

For files of NVlabs/SegFormer and of projects that use its class, such as
DAFormer and FST. The outputs of mmseg are equal except for the epsilon of the
norms after patch embedding and key reduction, which is 1e-6 instead of 1e-5.
"""
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .network import Converter, Weights, count
from .shell import run

# The ImageNet classifier.
DROPPED = ('head.', )
# mmseg uses 1x1 convolutions instead of linear layers. Layers 2, 3 and 5 of
# the feed-forward sequence have no weights.
_NAMES = {
    '.0.proj.': '.0.projection.',
    '.attn.proj.': '.attn.attn.out_proj.',
    '.attn.q.weight': '.attn.attn.in_proj_weight',
    '.attn.q.bias': '.attn.attn.in_proj_bias',
    '.mlp.fc1.': '.ffn.layers.0.',
    '.mlp.dwconv.dwconv.': '.ffn.layers.1.',
    '.mlp.fc2.': '.ffn.layers.4.',
}
# SegFormer numbers the stages from 1; in mmseg each stage is a list of these
# parts.
_PART = re.compile(r'(patch_embed|block|norm)(\d)\.')
_INDICES = dict(patch_embed=0, block=1, norm=2)


def _rename(name: str) -> str:
    """Return the name in mmseg."""
    name = _PART.sub(
        lambda match: 'layers.{}.{}.'.format(
            int(match[2]) - 1, _INDICES[match[1]]),
        name,
        count=1)
    for old, new in _NAMES.items():
        name = name.replace(old, new)
    return name


def convert(weights: Mapping[str, Tensor]) -> Weights:
    """Rename the weights of a Mix Transformer.

    Args:
        weights (dict[str, Tensor]): State dict of SegFormer.

    Returns:
        dict[str, Tensor]: State dict of mmseg's ``MixVisionTransformer``.

    Raises:
        KeyError: If queries come without keys and values.
    """
    converted = {}
    for name, tensor in weights.items():
        if name.startswith(DROPPED) or '.attn.kv.' in name:
            continue
        if '.attn.q.' in name:
            # mmseg has a single projection for queries, keys and values.
            other = weights[name.replace('.attn.q.', '.attn.kv.')]
            tensor = torch.cat([tensor, other])
        elif name.endswith(('.mlp.fc1.weight', '.mlp.fc2.weight')):
            tensor = tensor[:, :, None, None]
        converted[_rename(name)] = tensor
    return converted


def config(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the config of the encoder of these weights.

    Args:
        weights (dict[str, Tensor]): State dict in the keys of mmseg.

    Returns:
        dict: Config for ``MODELS``. The number of heads cannot be derived
        from the weights; as in all MiT, a head is assumed to be as wide as
        the first stage.
    """
    stages = range(count(weights, 'layers.{}.'))
    projections = [weights[f'layers.{stage}.0.projection.weight']
                   for stage in stages]
    reductions = [weights.get(f'layers.{stage}.1.0.attn.sr.weight')
                  for stage in stages]
    width = projections[0].shape[0]
    hidden = weights['layers.0.1.0.ffn.layers.0.weight'].shape[0]
    return dict(
        type='MixVisionTransformer',
        embed_dims=width,
        num_layers=[count(weights, f'layers.{stage}.1.{{}}.')
                    for stage in stages],
        num_heads=[tensor.shape[0] // width for tensor in projections],
        patch_sizes=[tensor.shape[-1] for tensor in projections],
        sr_ratios=[1 if tensor is None else tensor.shape[-1]
                   for tensor in reductions],
        mlp_ratio=hidden // width,
        qkv_bias='layers.0.1.0.attn.attn.in_proj_bias' in weights)


CONVERTER = Converter(convert, config)


def main() -> None:
    """Run from the command line."""
    run(__doc__, CONVERTER)


if __name__ == '__main__':
    main()
