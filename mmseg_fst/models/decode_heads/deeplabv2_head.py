"""Decode head of DeepLabV2, and its reduced form in domain adaptation."""
from collections.abc import Sequence
from typing import Any, Optional

from mmseg.models.decode_heads.aspp_head import ASPPModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor

from mmseg_fst.registry import MODELS


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    """Sum of dilated 3x3 convolutions that output class logits.

    DeepLabV2 (Chen et al. 2018, figure 7, "ASPP") uses the dilations 6, 12,
    18 and 24. The baselines of domain adaptation (AdaptSegNet, DACS,
    DAFormer, FST) use only the first two, because their code returns inside
    the loop over the four. No norm, no activation, no dropout.

    Parameters have the same names as in the release of FST.

    Args:
        in_channels (int): Channels of the feature map.
        num_classes (int): Number of classes.
        dilations (Sequence[int]): Dilation of each convolution. Defaults to
            (6, 12, 18, 24).
        init_cfg (dict, optional): Initialization of the weights. Defaults to a
            normal distribution with standard deviation 0.01.
        **kwargs: Other arguments of ``BaseDecodeHead``.

    Raises:
        ValueError: If ``dilations`` is empty.
    """

    def __init__(self,
                 in_channels: int,
                 num_classes: int,
                 dilations: Sequence[int] = (6, 12, 18, 24),
                 init_cfg: Optional[dict] = dict(
                     type='Normal',
                     std=0.01,
                     override=dict(name='aspp_modules')),
                 **kwargs: Any) -> None:
        if not dilations:
            raise ValueError('DeepLabV2Head: dilations must not be empty; '
                             'use for example (6, 12).')
        super().__init__(
            in_channels,
            channels=num_classes,
            num_classes=num_classes,
            dropout_ratio=0,
            init_cfg=init_cfg,
            **kwargs)
        # The dilated convolutions replace the classifier.
        del self.conv_seg
        self.aspp_modules = ASPPModule(
            tuple(dilations),
            self.in_channels,
            self.out_channels,
            conv_cfg=self.conv_cfg,
            norm_cfg=None,
            act_cfg=None)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classify each position.

        Args:
            inputs (Sequence[Tensor]): Feature maps of shape (N, C, h, w).

        Returns:
            Tensor: Logits of shape (N, num_classes, h, w).
        """
        return sum(self.aspp_modules(self._transform_inputs(inputs)))
