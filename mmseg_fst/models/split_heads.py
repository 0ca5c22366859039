"""Decode heads that are cut in two: in front of their last layers."""
from collections.abc import Sequence

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn


class LastLayers(nn.Sequential):
    """The last layers of a decode head, applied to a single map.

    It shares the layers of the head and is not a part of it.

    Args:
        *layers (nn.Module, optional): The layers in order; None is left out.
    """

    def __init__(self, *layers: nn.Module | None) -> None:
        super().__init__(*(layer for layer in layers if layer is not None))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Logits.

        Args:
            maps (Sequence[Tensor]): One map of shape (N, D, h, w).

        Returns:
            Tensor: Logits of shape (N, C, H, W).
        """
        single, = maps
        return super().forward(single)


def encode(head: BaseDecodeHead, features: Sequence[Tensor]) -> list[Tensor]:
    """What the first layers of a head make of the features.

    Perturbations of features are applied to it. A head can be cut that has
    methods ``encode``, from features to one map, and ``last_layers``, from
    that map to logits: :class:`ShufflePSPHead`, :class:`DeepLabV3PlusHead`.
    Of any other head the encoder is nothing and the decoder is all of it.

    Args:
        head (BaseDecodeHead): A decode head.
        features (Sequence[Tensor]): Feature maps of its network.

    Returns:
        list[Tensor]: Maps of shape (N, D, h, w).
    """
    if hasattr(head, 'encode'):
        return [head.encode(features)]
    return list(features)


def decoder_of(head: BaseDecodeHead) -> nn.Module:
    """The layers of a head that follow :func:`encode`.

    Args:
        head (BaseDecodeHead): A decode head.

    Returns:
        nn.Module: From the maps of :func:`encode` to logits of shape
        (N, C, H, W), with the layers of the head itself.
    """
    return head.last_layers() if hasattr(head, 'last_layers') else head
