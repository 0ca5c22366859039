"""Decode head of transposed convolutions for plain vision transformers."""
from collections.abc import Sequence
from typing import Any

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from timm.layers import LayerNorm2d
from torch import Tensor, nn

from mmseg_fst.registry import MODELS


@MODELS.register_module()
class DeconvHead(BaseDecodeHead):
    """Two transposed convolutions on the patch tokens of one layer.

    The head of VFM-UDA (Englert et al., "Exploring the Benefits of Vision
    Foundation Models for Unsupervised Domain Adaptation", CVPR Workshops
    2024). Each transposed convolution doubles the resolution and halves the
    channels; a 3x3 convolution follows. All are normalized over channels, so
    there are no statistics of a batch, and there is no dropout unless it is
    set.

    Args:
        in_channels (int): Channels of the patch tokens, a multiple of 4.
        dropout_ratio (float): Probability of a channel to be dropped before
            the classifier. Defaults to 0.
        **kwargs: Other arguments of ``BaseDecodeHead``. ``channels`` is a
            quarter of ``in_channels``.

    Raises:
        ValueError: If ``channels`` is not a quarter of ``in_channels``.
    """

    def __init__(self,
                 in_channels: int,
                 channels: int,
                 dropout_ratio: float = 0.,
                 **kwargs: Any) -> None:
        if in_channels != 4 * channels:
            raise ValueError(
                'DeconvHead halves the channels twice: channels must be a '
                f'quarter of in_channels={in_channels}, got {channels}.')
        super().__init__(
            in_channels=in_channels,
            channels=channels,
            dropout_ratio=dropout_ratio,
            init_cfg=dict(
                type='Normal', std=0.1, override=dict(name='conv_seg')),
            **kwargs)
        middle = 2 * channels
        self.upscale = nn.Sequential(
            nn.ConvTranspose2d(in_channels, middle, 2, stride=2, bias=False),
            LayerNorm2d(middle), nn.GELU(),
            nn.ConvTranspose2d(middle, channels, 2, stride=2, bias=False),
            LayerNorm2d(channels),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            LayerNorm2d(channels))
        self.conv_seg = nn.Conv2d(channels, self.out_channels, 1, bias=False)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classify at four times the resolution of the patches.

        Args:
            inputs (Sequence[Tensor]): Maps of shape (N, C, h, w), one of
                which is read, see ``in_index``.

        Returns:
            Tensor: Logits of shape (N, num_classes, 4 h, 4 w).
        """
        return self.cls_seg(self.upscale(self._transform_inputs(inputs)))
