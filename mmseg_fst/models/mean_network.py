"""Several networks of one architecture that predict together."""
from collections.abc import Sequence
from typing import Any, Optional, cast

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.segmentors import BaseSegmentor, EncoderDecoder
from mmseg.utils import SampleList
from torch import Tensor, nn

from .losses import resize_logits
from .split_heads import decoder_of


class MeanNetwork(EncoderDecoder):
    """The mean of the logits of several networks, in the place of one.

    Args:
        networks (Sequence[EncoderDecoder]): Networks of one architecture.
    """

    def __init__(self, networks: Sequence[EncoderDecoder]) -> None:
        BaseSegmentor.__init__(self)
        self.networks = nn.ModuleList(networks)
        first = networks[0]
        self.test_cfg = first.test_cfg
        self.align_corners = first.align_corners
        self.num_classes = first.num_classes
        self.out_channels = first.out_channels

    @property
    def backbone(self) -> nn.Module:
        """The encoder of the first network."""
        return cast(nn.Module, self.networks[0].backbone)

    @property
    def decode_head(self) -> BaseDecodeHead:
        """The decode head of the first network."""
        return cast(BaseDecodeHead, self.networks[0].decode_head)

    def encode_decode(self, inputs: Tensor,
                      batch_img_metas: list[dict]) -> Tensor:
        """Mean logits at the size of the images.

        Args:
            inputs (Tensor): Normalized images of shape (N, C, H, W).
            batch_img_metas (list[dict]): Metainfo of the images.

        Returns:
            Tensor: Logits of shape (N, C, H, W).
        """
        return _mean([
            network.encode_decode(inputs, batch_img_metas)
            for network in self._each()
        ])

    def _forward(self,
                 inputs: Tensor,
                 data_samples: Optional[SampleList] = None) -> Tensor:
        """Mean raw logits, of shape (N, C, h, w)."""
        return _mean([network(inputs) for network in self._each()])

    def _each(self) -> list[Any]:
        """The networks."""
        return list(self.networks)


class MeanDecoder(nn.Module):
    """The mean logits of the decoders of several networks.

    It shares their layers.

    Args:
        network (MeanNetwork): The networks.
        size (Sequence[int]): Height and width of the logits.
    """

    def __init__(self, network: MeanNetwork, size: Sequence[int]) -> None:
        super().__init__()
        self.decoders = nn.ModuleList(
            decoder_of(cast(BaseDecodeHead, member.decode_head))
            for member in network.networks)
        self.align_corners = network.align_corners
        self.size = tuple(size)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Mean logits.

        Args:
            maps (Sequence[Tensor]): Of :func:`encode`, (N, D, h, w).

        Returns:
            Tensor: Logits of shape (N, C, *size).
        """
        return _mean([
            resize_logits(decoder(maps), self.size, self.align_corners)
            for decoder in self.decoders
        ])


def _mean(logits: list[Tensor]) -> Tensor:
    """Mean of logits of equal shapes."""
    return torch.stack(logits).mean(0)
