"""Decode head of DAFormer: multi-level context fusion."""
from collections.abc import Sequence
from typing import Any, Union

import torch
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.decode_heads.sep_aspp_head import (
    DepthwiseSeparableASPPModule,
)
from mmseg.models.utils import resize
from torch import Tensor, nn

from mmseg_fst.registry import MODELS


class LinearEmbedding(nn.Module):
    """Linear projection of every position of a feature map.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.proj = nn.Linear(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Project each position.

        Args:
            x (Tensor): Features of shape (N, C, h, w).

        Returns:
            Tensor: Features of shape (N, out_channels, h, w).
        """
        # Contiguous tokens, so that results are bitwise equal to the release.
        tokens = x.flatten(2).transpose(1, 2).contiguous()
        return self.proj(tokens).transpose(1, 2).unflatten(2, x.shape[2:])


class ContextFusion(nn.Module):
    """Parallel dilated separable convolutions, fused by a 3x3 convolution.

    Unlike the ASPP of DeepLabV3+ it has no global pooling branch.

    Args:
        in_channels (int): Channels of the input.
        channels (int): Channels of each branch and of the output.
        dilations (Sequence[int]): Dilation of each branch; a branch of
            dilation 1 is a 1x1 convolution.
        norm_cfg (dict, optional): Config of the norms.
        act_cfg (dict): Config of the activations.
    """

    def __init__(self, in_channels: int, channels: int,
                 dilations: Sequence[int], norm_cfg: dict | None,
                 act_cfg: dict) -> None:
        super().__init__()
        self.aspp_modules = DepthwiseSeparableASPPModule(
            dilations=tuple(dilations),
            in_channels=in_channels,
            channels=channels,
            conv_cfg=None,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg)
        self.bottleneck = ConvModule(
            len(dilations) * channels,
            channels,
            3,
            padding=1,
            norm_cfg=norm_cfg,
            act_cfg=act_cfg)

    def forward(self, x: Tensor) -> Tensor:
        """Aggregate context.

        Args:
            x (Tensor): Features of shape (N, C, h, w).

        Returns:
            Tensor: Features of shape (N, channels, h, w).
        """
        return self.bottleneck(torch.cat(self.aspp_modules(x), dim=1))


@MODELS.register_module()
class DAFormerHead(BaseDecodeHead):
    """Context-aware fusion of multi-level features.

    DAFormer (Hoyer et al. 2022, section 3.2): all stages of the encoder are
    embedded linearly, resized to the finest one and concatenated. An ASPP of
    dilated separable convolutions is applied to all stages, whereas the ASPP
    of DeepLabV3+ receives the last stage only.

    Parameters have the same names as in the releases of DAFormer and FST.

    Args:
        in_channels (Sequence[int]): Channels of the feature maps, finest
            first.
        in_index (Sequence[int]): Indices of the feature maps. Defaults to
            (0, 1, 2, 3).
        embed_dims (int): Channels of each embedding. Defaults to 256.
        dilations (Sequence[int]): Dilations of the ASPP; with none, features
            are fused by a 1x1 convolution. Defaults to (1, 6, 12, 18).
        **kwargs: Other arguments of ``BaseDecodeHead``; ``channels`` is the
            width of the ASPP.
    """

    def __init__(self,
                 in_channels: Sequence[int],
                 in_index: Sequence[int] = (0, 1, 2, 3),
                 embed_dims: int = 256,
                 dilations: Sequence[int] = (1, 6, 12, 18),
                 **kwargs: Any) -> None:
        super().__init__(
            in_channels=in_channels,
            in_index=in_index,
            input_transform='multiple_select',
            **kwargs)
        self.embed_layers = nn.ModuleList(
            LinearEmbedding(channels, embed_dims)
            for channels in self.in_channels)
        width = embed_dims * len(self.in_channels)
        self.fuse_layer: Union[ContextFusion, ConvModule]
        if dilations:
            self.fuse_layer = ContextFusion(
                width, self.channels, dilations, self.norm_cfg, self.act_cfg)
        else:
            self.fuse_layer = ConvModule(
                width, self.channels, 1, norm_cfg=self.norm_cfg,
                act_cfg=self.act_cfg)

    def _last_conv(self) -> nn.Conv2d:
        """The last convolution of the fusion."""
        fusion = self.fuse_layer
        if isinstance(fusion, ContextFusion):
            fusion = fusion.bottleneck
        return fusion.conv

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classify each position of the finest feature map.

        Args:
            inputs (Sequence[Tensor]): Feature maps of shape (N, C, h, w),
                finest first.

        Returns:
            Tensor: Logits of shape (N, num_classes, h, w), at the size of the
            first feature map.
        """
        features = self._transform_inputs(inputs)
        # Embeddings are NHWC in memory; use the layout of the convolutions.
        weight = self._last_conv().weight
        layout = (torch.contiguous_format if weight.is_contiguous() else
                  torch.channels_last)
        embedded = [
            resize(
                embed(feature).contiguous(memory_format=layout),
                size=features[0].shape[2:],
                mode='bilinear',
                align_corners=self.align_corners)
            for embed, feature in zip(self.embed_layers, features)
        ]
        return self.cls_seg(self.fuse_layer(torch.cat(embedded, dim=1)))
