"""The head of DeepLabV2, also in the reduced form of domain adaptation."""
from collections.abc import Sequence
from typing import Any, Optional

from mmseg.models.decode_heads.aspp_head import ASPPModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor

from mmseg_fst.registry import MODELS


@MODELS.register_module()
class DeepLabV2Head(BaseDecodeHead):
    """The sum of dilated 3x3 convolutions to the classes.

    DeepLabV2 (Chen et al. 2018, figure 7, "ASPP") has dilations 6, 12, 18 and
    24. The baselines of domain adaptation (AdaptSegNet, DACS, DAFormer, FST)
    take the first two alone: their code leaves the loop over the four after
    its first round. No norm, no activation, no dropout.

    Names of parameters are the ones of the release of FST.

    Args:
        in_channels (int): Channels of the feature map.
        num_classes (int): Number of classes.
        dilations (Sequence[int]): Dilation of each convolution. Defaults to
            (6, 12, 18, 24).
        init_cfg (dict, optional): How weights are drawn. Defaults to a normal
            distribution of deviation 0.01.
        **kwargs: Other arguments of ``BaseDecodeHead``.

    Raises:
        ValueError: If there is no dilation.
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
            raise ValueError('DeepLabV2Head: dilations is empty; give at '
                             'least one, for example (6, 12).')
        super().__init__(
            in_channels,
            channels=num_classes,
            num_classes=num_classes,
            dropout_ratio=0,
            init_cfg=init_cfg,
            **kwargs)
        # The dilated convolutions themselves classify.
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
