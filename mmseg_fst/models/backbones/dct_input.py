"""Encoders that read DCT coefficients, made of the images they are given."""
from collections.abc import Sequence
from typing import Optional

import timm
import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmseg_fst.ops import dct_input
from mmseg_fst.registry import MODELS


@MODELS.register_module()
class DCTInput(BaseModule):
    """A backbone for DCT maps, behind what makes them of RGB images.

    Images come normalized, as for every other backbone, so that a network
    with this one can be trained, evaluated in windows and exported like any
    other. Whoever mixes maps, and not images, calls :meth:`to_domain`; maps
    are told from images by their channels.

    Args:
        backbone (dict): Config of the backbone, for maps of 64 channels.
        mean (Sequence[float]): Mean of each of the 64 channels.
        std (Sequence[float]): What each is divided by. Both must be those
            that the weights were trained with; ``tools/dct_stats.py`` counts
            them for images of your own.
        image_mean (Sequence[float]): Mean of the images' normalization, that
            of the data preprocessor. Defaults to ImageNet's.
        image_std (Sequence[float]): Its standard deviation. Defaults to
            ImageNet's.
        init_cfg (dict, optional): Where the weights come from. Defaults to
            None.

    Raises:
        ValueError: If there are not 64 numbers in ``mean`` and ``std``, or
            not 3 in ``image_mean`` and ``image_std``.
    """

    #: What a network with this backbone reads.
    domain = 'dct'
    #: Pixels of the image from one place of the map to the next.
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
                raise ValueError(f'DCTInput: {name} has {len(values)} '
                                 f'numbers; give one for each of the {count} '
                                 'channels.')
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
        """The maps of some images, without a gradient.

        Args:
            image (Tensor): Normalized images of shape (N, 3, H, W).

        Returns:
            Tensor: Maps of shape (N, 64, ceil(H / 4), ceil(W / 4)).

        Raises:
            ValueError: If the images are not RGB.
        """
        if image.shape[1] != 3:
            raise ValueError(
                f'DCTInput: images have {image.shape[1]} channels, but DCT '
                'maps are made of RGB images alone. Choose another backbone.')
        pixels = image * self.image_std + self.image_mean
        pixels = pixels.round().clamp(0, 255).byte()
        return dct_input(pixels, self.mean, self.std).to(image.dtype)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of the backbone.

        Args:
            x (Tensor): Normalized images of shape (N, 3, H, W), or maps of
                shape (N, 64, h, w).

        Returns:
            tuple[Tensor]: Those of the backbone.
        """
        return self.backbone(x if x.shape[1] == 64 else self.to_domain(x))


@MODELS.register_module()
class DCTMobileNetV2(BaseModule):
    """timm's MobileNetV2 from stride 4 on, for maps of 64 channels.

    What a map holds lies at stride 4 already: a convolution of one pixel
    takes the place of all that comes before. Small enough for a CPU.

    Args:
        init_cfg (dict, optional): Where the weights come from; those of the
            whole MobileNetV2 fit, what is left out of it is ignored. Defaults
            to None.
    """

    #: Channels of the maps of strides 4, 8, 16 and 32.
    channels = (24, 32, 96, 320)
    # Blocks of timm's network after which they are taken.
    _outputs = (2, 4, 6)

    def __init__(self, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        self.entry = nn.Sequential(
            nn.Conv2d(64, self.channels[0], 1, bias=False),
            nn.BatchNorm2d(self.channels[0]))
        blocks = timm.create_model('mobilenetv2_100').blocks
        # By their names in timm, so that its weights fit.
        self.blocks = nn.ModuleDict(
            {str(index): blocks[index] for index in range(2, len(blocks))})

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps at strides 4, 8, 16 and 32 of the image.

        Args:
            x (Tensor): Maps of shape (N, 64, h, w).

        Returns:
            tuple[Tensor]: Of shape (N, C, h', w'), C of :attr:`channels`.
        """
        x = self.entry(x)
        features = [x]
        for name, block in self.blocks.items():
            x = block(x)
            if int(name) in self._outputs:
                features.append(x)
        return tuple(features)
