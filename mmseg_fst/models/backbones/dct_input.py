"""Backbones on DCT coefficients, which they compute from RGB images."""
from collections.abc import Sequence
from typing import Any, Optional

import timm
import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmseg_fst.ops import dct_input
from mmseg_fst.registry import MODELS


@MODELS.register_module()
class DCTInput(BaseModule):
    """Convert RGB images to DCT maps and apply a backbone to them.

    The input images are normalized, as for every other backbone, so that a
    network with this backbone can be trained, evaluated with sliding windows
    and exported like any other. Methods that mix maps instead of images call
    :meth:`to_domain`; :meth:`forward` distinguishes maps and images by their
    number of channels.

    Args:
        backbone (dict): Config of the backbone, for maps with 64 channels.
        mean (Sequence[float]): Mean of each of the 64 channels.
        std (Sequence[float]): Standard deviation of each channel. Use the
            statistics that the weights were trained with;
            ``tools/dct_stats.py`` computes them for other images.
        image_mean (Sequence[float]): Mean used by the data preprocessor to
            normalize images. Defaults to ImageNet's.
        image_std (Sequence[float]): Standard deviation used by the data
            preprocessor. Defaults to ImageNet's.
        init_cfg (dict, optional): Initialization of the weights. Defaults to
            None.

    Raises:
        ValueError: If ``mean`` or ``std`` does not have 64 numbers, or
            ``image_mean`` or ``image_std`` does not have 3.

    Example:
        >>> backbone = DCTInput(
        ...     dict(type='DCTMobileNetV2'), mean=[0.] * 64, std=[1.] * 64)
        >>> [tuple(map.shape) for map in backbone(torch.zeros(1, 3, 64, 64))]
        [(1, 24, 16, 16), (1, 32, 8, 8), (1, 96, 4, 4), (1, 320, 2, 2)]
    """

    #: Input domain of a network with this backbone.
    domain = 'dct'
    #: Stride of the map in pixels of the image.
    domain_stride = 4

    def __init__(self,
                 backbone: dict,
                 mean: Sequence[float],
                 std: Sequence[float],
                 image_mean: Sequence[float] = (123.675, 116.28, 103.53),
                 image_std: Sequence[float] = (58.395, 57.12, 57.375),
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        for name, values, count in (('mean', mean, 64), ('std', std, 64),
                                    ('image_mean', image_mean, 3),
                                    ('image_std', image_std, 3)):
            if len(values) != count:
                raise ValueError(f'DCTInput: {name} must have {count} '
                                 'numbers, one for each channel, got '
                                 f'{len(values)}.')
        self.backbone = MODELS.build(backbone)
        for name, values in (('mean', mean), ('std', std),
                             ('image_mean', image_mean),
                             ('image_std', image_std)):
            self.register_buffer(
                name,
                torch.tensor(values, dtype=torch.float32).view(-1, 1, 1),
                persistent=False)

    @torch.no_grad()
    def to_domain(self, image: Tensor) -> Tensor:
        """Convert images to DCT maps, without a gradient.

        Args:
            image (Tensor): Normalized images of shape (N, 3, H, W).

        Returns:
            Tensor: Maps of shape (N, 64, ceil(H / 4), ceil(W / 4)).

        Raises:
            ValueError: If the images are not RGB.
        """
        if image.shape[1] != 3:
            raise ValueError(
                f'DCTInput: images must be RGB, got {image.shape[1]} '
                'channels. Choose another backbone.')
        # The coefficients are defined on the bytes of the original image.
        pixels = image * self.image_std + self.image_mean
        pixels = pixels.round().clamp(0, 255).byte()
        return dct_input(pixels, self.mean, self.std).to(image.dtype)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the feature maps of the backbone.

        Args:
            x (Tensor): Normalized images of shape (N, 3, H, W), or maps of
                shape (N, 64, h, w).

        Returns:
            tuple[Tensor]: Feature maps of the inner backbone.
        """
        return self.backbone(x if x.shape[1] == 64 else self.to_domain(x))


@MODELS.register_module()
class DCTMobileNetV2(BaseModule):
    """timm's MobileNetV2 from stride 4 on, for maps with 64 channels.

    DCT maps already have stride 4: a 1x1 convolution replaces the earlier
    layers. Small enough for a CPU.

    Args:
        init_cfg (dict, optional): Initialization of the weights. Weights of
            the whole MobileNetV2 can be loaded; the missing layers are
            ignored. Defaults to None.
    """

    #: Channels of the feature maps at strides 4, 8, 16 and 32.
    channels = (24, 32, 96, 320)
    # Blocks of timm's network whose outputs are returned.
    _outputs = (2, 4, 6)

    def __init__(self, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.entry = nn.Sequential(
            nn.Conv2d(64, self.channels[0], 1, bias=False),
            nn.BatchNorm2d(self.channels[0]))
        network: Any = timm.create_model('mobilenetv2_100')
        blocks = network.blocks
        # The names of timm, so that its weights can be loaded.
        self.blocks = nn.ModuleDict(
            {str(index): blocks[index] for index in range(2, len(blocks))})

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute feature maps at strides 4, 8, 16 and 32 of the image.

        Args:
            x (Tensor): Maps of shape (N, 64, h, w).

        Returns:
            tuple[Tensor]: Four maps of shape (N, C, h', w'), with C in
            :attr:`channels`.
        """
        x = self.entry(x)
        features = [x]
        for name, block in self.blocks.items():
            x = block(x)
            if int(name) in self._outputs:
                features.append(x)
        return tuple(features)
