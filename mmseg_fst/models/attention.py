"""Attention layers that use the fused kernels of PyTorch."""
from typing import Any, Optional

import torch.nn.functional as F
from mmseg.models.backbones.swin import WindowMSA
from torch import Tensor, nn


class FusedWindowMSA(WindowMSA):
    """Swin's window attention with ``scaled_dot_product_attention``.

    Results are equal to MMSegmentation's up to rounding.
    """

    def forward(self, x: Tensor, mask: Optional[Tensor] = None) -> Tensor:
        """Attend within windows.

        Args:
            x (Tensor): Tokens of all windows, of shape (N * W, L, C), for W
                windows per image and L tokens per window.
            mask (Tensor, optional): Additive mask of the windows of an image,
                (W, L, L). Defaults to None.

        Returns:
            Tensor: Tokens of shape (N * W, L, C).
        """
        count, length, channels = x.shape
        # The windows of an image are treated as heads, so that the mask need
        # not be repeated for every image.
        windows = 1 if mask is None else len(mask)
        query, key, value = self.qkv(x).view(
            count // windows, windows, length, 3, self.num_heads,
            -1).permute(3, 0, 1, 4, 2, 5).flatten(2, 3)
        bias = self.relative_position_bias_table[
            self.relative_position_index].permute(2, 0, 1)[None]
        if mask is not None:
            bias = (bias + mask[:, None]).flatten(0, 1)[None]
        attended = F.scaled_dot_product_attention(
            query,
            key,
            value,
            bias.to(query.dtype),
            self.attn_drop.p if self.training else 0.,
            scale=self.scale)
        attended = attended.unflatten(
            1, (windows, self.num_heads)).transpose(2, 3)
        return self.proj_drop(
            self.proj(attended.reshape(count, length, channels)))


def fuse_attention(network: nn.Module) -> int:
    """Make all attention layers of a network use fused kernels.

    ``nn.MultiheadAttention`` (MiT, ViT) computes explicit matrices whenever
    its attention weights are requested. MMSegmentation requests them, but
    does not use them.

    Args:
        network (nn.Module): The network, changed in place; its parameters and
            their names do not change.

    Returns:
        int: Number of changed modules.

    Example:
        >>> changed = fuse_attention(MODELS.build(cfg.model.segmentor))
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
    """Pre-hook: do not request attention weights, pass contiguous tokens.

    Without autograd PyTorch multiplies transposed tokens with a copy of the
    projection weights for each token.
    """
    dense: dict[int, Any] = {}
    for value in (*args, *kwargs.values()):
        dense[id(value)] = (
            value.contiguous() if isinstance(value, Tensor) else value)
    # Arguments that were the same tensor remain the same tensor: the
    # projection checks identity to detect self-attention.
    return (tuple(dense[id(value)] for value in args),
            {**{key: dense[id(value)] for key, value in kwargs.items()},
             'need_weights': False})
