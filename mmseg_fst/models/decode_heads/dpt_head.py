"""Decode head of DPT for plain vision transformers."""
from collections.abc import Sequence
from typing import Any, Optional

import torch.nn.functional as F
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from mmseg_fst.registry import MODELS


class ResidualUnit(nn.Module):
    """Residual unit of two 3x3 convolutions, each preceded by a ReLU.

    Args:
        channels (int): Channels of input and output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """Refine features.

        Args:
            x (Tensor): Features of shape (N, C, h, w).

        Returns:
            Tensor: Features of the same shape.
        """
        return x + self.convs(x)


class FusionBlock(nn.Module):
    """Fuse a feature map with the output of the coarser levels.

    Args:
        channels (int): Channels of input and output.
        is_coarsest (bool): Whether this is the coarsest level.
        align_corners (bool): As in :func:`torch.nn.functional.interpolate`.
    """

    def __init__(self, channels: int, is_coarsest: bool,
                 align_corners: bool) -> None:
        super().__init__()
        self.refine_input = None if is_coarsest else ResidualUnit(channels)
        self.refine_sum = ResidualUnit(channels)
        self.project = nn.Conv2d(channels, channels, 1)
        self.align_corners = align_corners

    def forward(self, feature: Tensor, coarser: Optional[Tensor],
                size: Sequence[int]) -> Tensor:
        """Fuse, then resize.

        Args:
            feature (Tensor): Features of shape (N, C, h, w).
            coarser (Tensor, optional): Output of the previous block, of the
                same shape; None for the coarsest level.
            size (Sequence[int]): Height and width of the output.

        Returns:
            Tensor: Features of shape (N, C, *size).
        """
        if self.refine_input is not None:
            feature = coarser + self.refine_input(feature)
        fused = F.interpolate(
            self.refine_sum(feature),
            tuple(size),
            mode='bilinear',
            align_corners=self.align_corners)
        return self.project(fused)


@MODELS.register_module()
class PlainDPTHead(BaseDecodeHead):
    """DPT (Ranftl et al. 2021, section 3) on four maps of patch tokens.

    The maps have equal sizes and are resized by 4, 2, 1 and 1/2 to a feature
    pyramid, which is fused from coarse to fine; logits have 8 times the
    resolution of the patches. As in Depth Anything and UniMatch V2 there is
    no class token and no batch normalization. MMSegmentation's ``DPTHead``
    expects pairs of a map and a class token instead, and mistakes a map of a
    batch of two images for such a pair.

    Args:
        in_channels (Sequence[int]): Channels of the four maps.
        stage_channels (Sequence[int]): Channels of the four maps of the
            pyramid, finest first.
        in_index (Sequence[int]): Indices of the maps of the encoder,
            shallowest first. Defaults to (0, 1, 2, 3).
        **kwargs: Other arguments of ``BaseDecodeHead``; ``channels`` is the
            width of the fusion.

    Raises:
        ValueError: If one of the three sequences does not have length 4.
    """

    def __init__(self,
                 in_channels: Sequence[int],
                 stage_channels: Sequence[int],
                 in_index: Sequence[int] = (0, 1, 2, 3),
                 **kwargs: Any) -> None:
        if not len(in_channels) == len(stage_channels) == len(in_index) == 4:
            raise ValueError(
                'PlainDPTHead fuses four maps: in_channels, stage_channels '
                'and in_index must have four numbers each, got '
                f'{in_channels}, {stage_channels} and {in_index}.')
        super().__init__(
            in_channels=in_channels,
            in_index=in_index,
            input_transform='multiple_select',
            **kwargs)
        finest, finer, _, coarsest = stage_channels
        self.projects = nn.ModuleList(
            nn.Conv2d(patch, stage, 1)
            for patch, stage in zip(self.in_channels, stage_channels))
        self.resize_layers = nn.ModuleList([
            nn.ConvTranspose2d(finest, finest, 4, stride=4),
            nn.ConvTranspose2d(finer, finer, 2, stride=2),
            nn.Identity(),
            nn.Conv2d(coarsest, coarsest, 3, stride=2, padding=1)
        ])
        self.reduce_layers = nn.ModuleList(
            nn.Conv2d(stage, self.channels, 3, padding=1, bias=False)
            for stage in stage_channels)
        self.fusion_blocks = nn.ModuleList(
            FusionBlock(self.channels, is_coarsest, self.align_corners)
            for is_coarsest in (False, False, False, True))
        self.output_conv = nn.Sequential(
            nn.Conv2d(self.channels, self.channels, 3, padding=1), nn.ReLU())

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classify at 8 times the resolution of the patches.

        Args:
            inputs (Sequence[Tensor]): Maps of shape (N, C, h, w), shallowest
                layer first.

        Returns:
            Tensor: Logits of shape (N, num_classes, 8 h, 8 w).
        """
        pyramid = [
            reduce(resize(project(x))) for project, resize, reduce, x in zip(
                self.projects, self.resize_layers, self.reduce_layers,
                self._transform_inputs(inputs))
        ]
        height, width = pyramid[0].shape[2:]
        sizes = [(2 * height, 2 * width)
                 ] + [feature.shape[2:] for feature in pyramid[:-1]]
        fused = None
        for block, feature, size in reversed(
                list(zip(self.fusion_blocks, pyramid, sizes))):
            fused = block(feature, fused, size)
        return self.cls_seg(self.output_conv(fused))
