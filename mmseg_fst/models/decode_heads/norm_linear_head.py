"""Linear decode head with a batch normalization."""
from collections.abc import Sequence
from typing import Any, Optional, Union

from mmcv.cnn import build_norm_layer
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor

from mmseg_fst.registry import MODELS


@MODELS.register_module()
class NormLinearHead(BaseDecodeHead):
    """One linear layer on normalized patch tokens: the head of DINOv2.

    Oquab et al., "DINOv2: Learning Robust Visual Features without
    Supervision" (2023), section 7.4: patch tokens of the last layer, or of
    several concatenated, a batch normalization and a linear layer.

    Args:
        in_channels (int | Sequence[int]): Channels of the map, or of several.
        in_index (int | Sequence[int]): Indices of the maps of the encoder.
            Defaults to 0.
        norm_cfg (dict, optional): Config of the normalization. Defaults to
            None: batch normalization.
        **kwargs: Other arguments of ``BaseDecodeHead``, except ``channels``,
            which is the sum of ``in_channels``.

    Example:
        >>> decode_head = dict(
        ...     type='NormLinearHead', in_channels=[384] * 4,
        ...     in_index=[0, 1, 2, 3], num_classes=19)
    """

    def __init__(self,
                 in_channels: Union[int, Sequence[int]],
                 in_index: Union[int, Sequence[int]] = 0,
                 norm_cfg: Optional[dict] = None,
                 **kwargs: Any) -> None:
        if isinstance(in_channels, int):
            width, transform = in_channels, None
        else:
            width, transform = sum(in_channels), 'resize_concat'
        super().__init__(
            in_channels=in_channels,
            in_index=in_index,
            channels=width,
            input_transform=transform,
            norm_cfg=norm_cfg or dict(type='BN', requires_grad=True),
            **kwargs)
        self.norm = build_norm_layer(self.norm_cfg, width)[1]

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classify each patch.

        Args:
            inputs (Sequence[Tensor]): Maps of shape (N, C, h, w).

        Returns:
            Tensor: Logits of shape (N, num_classes, h, w).
        """
        return self.cls_seg(self.norm(self._transform_inputs(inputs)))
