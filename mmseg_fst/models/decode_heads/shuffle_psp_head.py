"""Decode head of PSPNet with the upsampling of CCT."""
from collections.abc import Iterable, Sequence
from typing import Any, cast

from mmseg.models.decode_heads.psp_head import PSPHead
from torch import Tensor, nn

from mmseg_fst.models.split_heads import LastLayers
from mmseg_fst.registry import MODELS


class ShuffleUpsample(nn.Sequential):
    """Upsample by 2: 1x1 convolution, ReLU, then pixel shuffle.

    Args:
        channels (int): Channels of input and output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, 4 * channels, 1), nn.ReLU(),
            nn.PixelShuffle(2))

    def init_weights(self) -> None:
        """Initialize the weights to nearest-neighbor upsampling.

        ICNR (Aitken et al. 2017, "Checkerboard artifact free sub-pixel
        convolution"): the four channels that form an output channel have the
        same weights and differ only in their biases.
        """
        conv = cast(nn.Conv2d, self[0])
        conv.reset_parameters()
        single = conv.weight.data.new_empty(conv.weight[::4].shape)
        nn.init.kaiming_normal_(single)
        conv.weight.data.copy_(single.repeat_interleave(4, dim=0))


@MODELS.register_module()
class ShufflePSPHead(PSPHead):
    """PSPNet (Zhao et al. 2017) with pixel shuffles behind the classifier.

    Used by CCT (Ouali et al. 2020) and, following it, FST (``dec_pspnet``): a
    1x1 convolution to the classes without bias or dropout, then three
    upsamplings by 2. Each applies a ReLU, so logits are not negative.

    Args:
        align_corners (bool): How logits are resized to the labels, as in
            :func:`torch.nn.functional.interpolate`; pyramid pooling never
            aligns corners. Defaults to True.
        **kwargs: Other arguments of ``PSPHead``.
    """

    def __init__(self, align_corners: bool = True, **kwargs: Any) -> None:
        super().__init__(
            align_corners=align_corners,
            dropout_ratio=0,
            init_cfg=None,
            **kwargs)
        self.psp_modules.align_corners = False
        self.conv_seg = nn.Conv2d(
            self.channels, self.out_channels, 1, bias=False)
        self.upsample = nn.Sequential(
            *[ShuffleUpsample(self.out_channels) for _ in range(3)])

    def init_weights(self) -> None:
        """Initialize the weights as in FST.

        In CCT the convolutions of pyramid and bottleneck, each followed by a
        norm, have the default initialization of PyTorch.
        """
        for part in (self.psp_modules, self.bottleneck):
            for module in part.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_uniform_(
                        module.weight, nonlinearity='relu')
        nn.init.kaiming_normal_(self.conv_seg.weight, nonlinearity='relu')
        for stage in cast(Iterable[ShuffleUpsample], self.upsample):
            stage.init_weights()

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classify at 8 times the resolution of the feature map.

        Args:
            inputs (Sequence[Tensor]): Feature maps of shape (N, C, h, w).

        Returns:
            Tensor: Logits of shape (N, num_classes, 8 h, 8 w), at least 0.
        """
        return self.upsample(super().forward(inputs))

    def encode(self, inputs: Sequence[Tensor]) -> Tensor:
        """The map that is classified.

        Args:
            inputs (Sequence[Tensor]): Feature maps of shape (N, C, h, w).

        Returns:
            Tensor: Of shape (N, channels, h, w).
        """
        return self._forward_feature(inputs)

    def last_layers(self) -> LastLayers:
        """The decoder of CCT: classifier and upsampling.

        Returns:
            LastLayers: From the map of :meth:`encode` to logits.
        """
        return LastLayers(self.conv_seg, self.upsample)
