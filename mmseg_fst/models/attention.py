"""Attention by PyTorch's fused kernels, where MMSegmentation's miss them."""
from typing import Any, Optional

import torch.nn.functional as F
from mmseg.models.backbones.swin import WindowMSA
from torch import Tensor, nn


class FusedWindowMSA(WindowMSA):
    """Window attention of Swin by ``scaled_dot_product_attention``.

    The same up to rounding.
    """

    def forward(self, x: Tensor, mask: Optional[Tensor] = None) -> Tensor:
        """Attend within windows.

        Args:
            x (Tensor): Tokens of all windows, (W x N, L, C).
            mask (Tensor, optional): What is added to the scores of each
                window of an image, (W, L, L). Defaults to None.

        Returns:
            Tensor: Of the shape of ``x``.
        """
        count, length, channels = x.shape
        # The windows of an image are more heads, so that the bias of each is
        # not repeated for every image.
        windows = 1 if mask is None else len(mask)
        query, key, value = self.qkv(x).view(
            count // windows, windows, length, 3, self.num_heads,
            -1).permute(3, 0, 1, 4, 2, 5).flatten(2, 3)
        bias = self.relative_position_bias_table[
            self.relative_position_index].permute(2, 0, 1)[None]
        if mask is not None:
            bias = (bias + mask[:, None]).flatten(0, 1)[None]
        found = F.scaled_dot_product_attention(
            query,
            key,
            value,
            bias.to(query.dtype),
            self.attn_drop.p if self.training else 0.,
            scale=self.scale)
        found = found.unflatten(1, (windows, self.num_heads)).transpose(2, 3)
        return self.proj_drop(
            self.proj(found.reshape(count, length, channels)))


def fuse_attention(network: nn.Module) -> int:
    """Let all attention of a network go through fused kernels.

    ``nn.MultiheadAttention``, of MiT and ViT, falls back on explicit matrices
    as long as it is asked for its weights, which nobody reads.

    Args:
        network (nn.Module): Changed in place; parameters and their names
            stay.

    Returns:
        int: Number of modules that were changed.
    """
    changed = 0
    for module in network.modules():
        if isinstance(module, nn.MultiheadAttention):
            module.register_forward_pre_hook(_prepare_call, with_kwargs=True)
        elif type(module) is WindowMSA:
            module.__class__ = FusedWindowMSA  # same state, other forward
        else:
            continue
        changed += 1
    return changed


def _prepare_call(module: nn.Module, args: tuple,
                  kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Do not ask for attention weights, and pass dense tokens.

    Without a graph PyTorch multiplies transposed tokens with a copy of the
    projection's weights for each of them.
    """
    dense: dict[int, Any] = {}
    for one in (*args, *kwargs.values()):
        dense[id(one)] = (
            one.contiguous() if isinstance(one, Tensor) else one)
    # What was one tensor stays one, which the projection looks at.
    return (tuple(dense[id(one)] for one in args),
            {**{key: dense[id(one)] for key, one in kwargs.items()},
             'need_weights': False})
