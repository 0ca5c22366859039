"""Predictions that spread along the correlation of positions: CorrMatch."""
from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from mmseg_fst.ops import correlation_map, region_masks, spread
from mmseg_fst.registry import MODELS

from .losses import resize_logits


@MODELS.register_module()
class CorrelationHead(nn.Module):
    """The pixel propagation of CorrMatch (Sun et al., CVPR 2024).

    A 3x3 convolution and two 1x1 convolutions represent the positions of a
    feature map; their correlation spreads the logits of the decode head::

        query, key = features of the positions
        correlation = softmax(query^T key / sqrt(classes))
        logits -> resized to the map -> logits correlation -> resized back

    The logits of the decode head get no gradient. Layers are initialized as
    PyTorch does, as in the release.

    Args:
        in_channels (int): Channels of the feature map.
        num_classes (int): Number of classes, which query and key have as
            channels.
        channels (int): Channels behind the 3x3 convolution. Defaults to 256.
        in_index (int): Index of the feature map. Defaults to -1.
        dropout_ratio (float): Probability that a channel is dropped before
            the 1x1 convolutions. Defaults to 0.1.
        num_regions (int): Number of regions of an image, at least 1. Defaults
            to 128.
        align_corners (bool): As in :func:`torch.nn.functional.interpolate`.
            Defaults to False.

    Raises:
        ValueError: If ``num_regions`` is smaller than 1.
    """

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 channels: int = 256,
                 in_index: int = -1,
                 dropout_ratio: float = 0.1,
                 num_regions: int = 128,
                 align_corners: bool = False) -> None:
        super().__init__()
        if num_regions < 1:
            raise ValueError('CorrelationHead: num_regions must be at least '
                             f'1, got {num_regions}.')
        self.project = nn.Sequential(
            nn.Conv2d(in_channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
        self.dropout = nn.Dropout2d(dropout_ratio)
        self.query = nn.Conv2d(channels, num_classes, 1)
        self.key = nn.Conv2d(channels, num_classes, 1)
        self.in_index = in_index
        self.num_regions = num_regions
        self.align_corners = align_corners

    def forward(self, features: Sequence[Tensor],
                logits: Tensor) -> tuple[Tensor, Tensor]:
        """Spread the logits of a decode head.

        Args:
            features (Sequence[Tensor]): Feature maps of the backbone or neck,
                of shape (N, D, h, w).
            logits (Tensor): Logits of shape (N, C, H, W).

        Returns:
            tuple[Tensor, Tensor]: Logits of shape (N, C, H, W), and the
            correlation of the positions, (N, h w, h, w).
        """
        feature = self.dropout(self.project(features[self.in_index]))
        correlation = correlation_map(self.query(feature), self.key(feature))
        low = resize_logits(
            logits.detach(), feature.shape[2:], self.align_corners)
        return resize_logits(spread(low, correlation), logits.shape[2:],
                             self.align_corners), correlation

    def sample_regions(self, correlation: Tensor,
                       size: Sequence[int]) -> Tensor:
        """Regions that are correlated with random positions.

        Args:
            correlation (Tensor): Of shape (N, h w, h, w).
            size (Sequence[int]): Height H and width W of the images.

        Returns:
            Tensor: Bool masks of shape (N, num_regions, H, W), see
            :func:`mmseg_fst.ops.region_masks`; the positions are the same in
            all images.
        """
        # Sampled on the CPU, the same on every device.
        index = self.sample_positions(correlation.shape[1])
        index = index.to(correlation.device, non_blocking=True)
        return region_masks(correlation.detach().index_select(1, index), size,
                            self.align_corners)

    def sample_positions(self, count: int) -> Tensor:
        """Sample positions, with replacement.

        Args:
            count (int): Number of positions.

        Returns:
            Tensor: Indices of shape (num_regions,), int64.
        """
        return torch.randint(count, (self.num_regions, ))


def build_correlation(config: dict, head: BaseDecodeHead) -> nn.Module:
    """Build the correlation head that stands beside a decode head.

    Args:
        config (dict): Config of a :class:`CorrelationHead`. Without
            ``in_index`` and ``in_channels`` it reads the last feature map
            that the decode head reads.
        head (BaseDecodeHead): The decode head of the student.

    Returns:
        nn.Module: The correlation head.
    """
    index, channels = (
        each[-1] if isinstance(each, (list, tuple)) else each
        for each in (head.in_index, head.in_channels))
    defaults: dict[str, Any] = dict(
        in_index=index, in_channels=channels, num_classes=head.num_classes,
        align_corners=head.align_corners)
    return MODELS.build({**defaults, **config})
