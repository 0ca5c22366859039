"""Decode head of SegFormer, as in its paper."""
from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from torch import Tensor, nn

from mmseg_fst.registry import MODELS

from .daformer_head import LinearEmbedding


@MODELS.register_module()
class LinearSegFormerHead(BaseDecodeHead):
    """Fusion of linear embeddings of all stages.

    Xie et al., "SegFormer", NeurIPS 2021, equation 4. ``SegformerHead`` of
    MMSegmentation adds a norm and a ReLU to each embedding; releases that are
    based on the authors' code, such as the one of AllSpark, do not.

    Args:
        in_channels (Sequence[int]): Channels of the feature maps, finest
            first.
        in_index (Sequence[int]): Indices of the feature maps. Defaults to
            (0, 1, 2, 3).
        **kwargs (Any): Other arguments of ``BaseDecodeHead``; ``channels`` is
            the width of each embedding.
    """

    def __init__(self, in_channels: Sequence[int],
                 in_index: Sequence[int] = (0, 1, 2, 3),
                 **kwargs: Any) -> None:
        super().__init__(
            in_channels=in_channels,
            in_index=in_index,
            input_transform='multiple_select',
            **kwargs)
        self.embed_layers = nn.ModuleList(
            LinearEmbedding(channels, self.channels)
            for channels in self.in_channels)
        self.fuse_layer = ConvModule(
            self.channels * len(self.in_channels),
            self.channels,
            1,
            norm_cfg=self.norm_cfg,
            act_cfg=self.act_cfg)

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
        embedded = [
            resize(
                embed(feature),
                size=features[0].shape[2:],
                mode='bilinear',
                align_corners=self.align_corners)
            for embed, feature in zip(self.embed_layers, features)
        ]
        return self.cls_seg(self.fuse_layer(torch.cat(embedded, dim=1)))
