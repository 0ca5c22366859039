"""Decode heads of DeepLabV3+ in the semi-supervised literature."""
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Optional

import torch
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.aspp_head import ASPPHead
from mmseg.models.utils import resize
from torch import Tensor, nn

from mmseg_fst.models.split_heads import LastLayers
from mmseg_fst.registry import MODELS


@MODELS.register_module()
class DeepLabV3PlusHead(ASPPHead):
    """DeepLabV3+ (Chen et al. 2018) with ordinary convolutions.

    MMSegmentation's ``DepthwiseSeparableASPPHead`` uses depthwise separable
    convolutions. The defaults are the head of U2PL and FST
    (``dec_deeplabv3_plus``). UniMatch and Diverse Co-training use a 1x1
    convolution behind the ASPP, 48 channels of the finest map, no bias and no
    dropout::

        coarsest map -> ASPP -> bottleneck ------+
        finest map   -> 1x1 convolution ---------+-> two 3x3 -> classes
                                                 +-> two 3x3 -> representation

    Dropout of channels follows the bottleneck and each 3x3 convolution; in
    ST++ it follows the bottleneck, and single values are dropped before the
    classes. Weights have the default initialization of PyTorch, as in these
    releases.

    Args:
        c1_in_channels (int): Channels of the finest map. Defaults to 256.
        c1_channels (int): Channels of its projection. Defaults to 256.
        bottleneck_kernel_size (int): Kernel size of the convolution behind
            the ASPP. Defaults to 3.
        bias (bool): Whether the convolutions of the decoder, each followed by
            a norm, have a bias. Defaults to True.
        representation_channels (int, optional): Channels of the pixel
            representation for a contrastive loss. Defaults to None: no
            representation branch.
        context_dropout_ratio (float, optional): Fraction of the channels that
            are dropped behind the bottleneck; ``dropout_ratio`` is then the
            fraction of single values that are dropped before the classes, and
            nothing is dropped between the 3x3 convolutions, as in ST++.
            Defaults to None: ``dropout_ratio`` of the channels at all three
            places.
        **kwargs: Other arguments of ``ASPPHead``; ``in_channels`` and
            ``in_index`` refer to the coarsest map, ``dilations`` to the ASPP,
            beginning with 1 for its 1x1 convolution.
    """

    bottleneck: ConvModule
    dropout: nn.Module

    def __init__(self,
                 c1_in_channels: int = 256,
                 c1_channels: int = 256,
                 bottleneck_kernel_size: int = 3,
                 bias: bool = True,
                 representation_channels: Optional[int] = None,
                 context_dropout_ratio: Optional[float] = None,
                 **kwargs: Any) -> None:
        super().__init__(init_cfg=None, **kwargs)
        self.context_dropout = self.dropout
        self._inner_ratio = self.dropout_ratio
        if context_dropout_ratio is not None:
            self.context_dropout = nn.Dropout2d(context_dropout_ratio)
            self.dropout = nn.Dropout(self.dropout_ratio)
            self._inner_ratio = 0.
        conv = partial(
            ConvModule,
            conv_cfg=self.conv_cfg,
            norm_cfg=self.norm_cfg,
            act_cfg=self.act_cfg)
        self.bottleneck = conv(
            self.bottleneck.in_channels,
            self.channels,
            bottleneck_kernel_size,
            padding=bottleneck_kernel_size // 2)
        self.c1_bottleneck = conv(c1_in_channels, c1_channels, 1, bias=bias)
        decoder = partial(self._two_convs, partial(conv, bias=bias),
                          self.channels + c1_channels)
        self.fuse = decoder()
        self.representation_channels = representation_channels
        self.represent = None
        if representation_channels is not None:
            self.represent = nn.Sequential(
                decoder(), nn.Dropout2d(self._inner_ratio),
                nn.Conv2d(self.channels, representation_channels, 1))

    def _two_convs(self, conv: Callable[..., ConvModule],
                   in_channels: int) -> nn.Sequential:
        """Two 3x3 convolutions with dropout between them."""
        return nn.Sequential(
            conv(in_channels, self.channels, 3, padding=1),
            nn.Dropout2d(self._inner_ratio),
            conv(self.channels, self.channels, 3, padding=1))

    def init_weights(self) -> None:
        """Apply the default initialization of PyTorch."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                module.reset_parameters()

    def encode(self, inputs: Sequence[Tensor]) -> Tensor:
        """Concatenate both maps at the size of the finest.

        Args:
            inputs (Sequence[Tensor]): Feature maps of shape (N, C, h, w),
                finest first.

        Returns:
            Tensor: Of shape (N, c1_channels + channels, h, w).
        """
        context = self._forward_feature(inputs)
        if self.context_dropout is not None:
            context = self.context_dropout(context)
        finest = self.c1_bottleneck(inputs[0])
        context = resize(
            context,
            size=finest.shape[2:],
            mode='bilinear',
            align_corners=self.align_corners)
        return torch.cat([finest, context], dim=1)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classify each position of the finest feature map.

        Args:
            inputs (Sequence[Tensor]): Feature maps of shape (N, C, h, w),
                finest first.

        Returns:
            Tensor: Logits of shape (N, num_classes, h, w), at the size of the
            first feature map.
        """
        return self.cls_seg(self.fuse(self.encode(inputs)))

    def forward_represented(
            self, inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Classify and represent each position of the finest feature map.

        Args:
            inputs (Sequence[Tensor]): Feature maps of shape (N, C, h, w),
                finest first.

        Returns:
            tuple[Tensor, Tensor]: Logits of shape (N, num_classes, h, w) and
            representations (N, representation_channels, h, w).

        Raises:
            RuntimeError: If the head has no representation branch.
        """
        if self.represent is None:
            raise RuntimeError(
                'This DeepLabV3PlusHead has no pixel representation; set '
                'representation_channels, for example to 256.')
        decoded = self.encode(inputs)
        return self.cls_seg(self.fuse(decoded)), self.represent(decoded)

    def last_layers(self) -> LastLayers:
        """The layers behind the concatenated map: convolutions, classifier.

        Returns:
            LastLayers: From the map of :meth:`encode` to logits.
        """
        return LastLayers(self.fuse, self.dropout, self.conv_seg)
