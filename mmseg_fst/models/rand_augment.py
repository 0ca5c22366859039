"""RandAugment of colors, for a batch on its device."""
from collections.abc import Sequence
from typing import Optional

import torch
from torch import Tensor, nn

from mmseg_fst.ops import DISTORTIONS, denormalize, distort, normalize
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


@MODELS.register_module()
class RandAugment(nn.Module):
    """Some of many photometric distortions, sampled for each image.

    RandAugment (Cubuk et al., NeurIPS 2020) as in "A Simple Baseline for
    Semi-supervised Semantic Segmentation with Strong Data Augmentation" (Yuan
    et al., ICCV 2021). All distortions are photometric, so labels stay valid;
    therefore it is not torchvision's class of that name, half of whose
    operations are geometric. The release also has JPEG compression, a shift
    of the hue, which is 0 at its magnitude, and brightness a second time; it
    equalizes lightness, here it is each channel; and it augments complete
    images, here it is crops.

    Args:
        count (int): Number of distortions of an image, none twice. Defaults
            to 3.
        magnitude (float): Place in the range of their strengths, in [0, 1].
            Defaults to 20 / 39: 20 of 40 steps, as in the release.
        distortions (Sequence[str], optional): Names to sample from. Defaults
            to None: all of :data:`mmseg_fst.ops.DISTORTIONS`.

    Raises:
        ValueError: If an argument is out of its range, or a name not known.
    """

    def __init__(self,
                 count: int = 3,
                 magnitude: float = 20 / 39,
                 distortions: Optional[Sequence[str]] = None) -> None:
        super().__init__()
        check_range(self, magnitude=magnitude)
        names = list(DISTORTIONS if distortions is None else distortions)
        unknown = sorted(set(names) - set(DISTORTIONS))
        if unknown:
            raise ValueError(
                f'RandAugment: distortions has the unknown names {unknown}; '
                f'choose from {", ".join(DISTORTIONS)}.')
        if not 0 <= count <= len(names):
            raise ValueError(f'RandAugment: count must be in [0, {len(names)}'
                             f'], the number of distortions, got {count}.')
        self.count = count
        self.magnitude = magnitude
        self.names = names

    def forward(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        """Augment a batch.

        Args:
            image (Tensor): Normalized images of shape (N, C, H, W); C is 1 or
                3.
            mean (Tensor): Mean of the normalization, (C, 1, 1).
            std (Tensor): Its standard deviation, (C, 1, 1).

        Returns:
            Tensor: Normalized images of shape (N, C, H, W).

        Raises:
            ValueError: If the images have another number of channels.
        """
        if image.shape[1] not in (1, 3):
            raise ValueError(
                f'RandAugment: images have {image.shape[1]} channels, but it '
                'is for 3 or 1; use StrongPhotometric, which takes '
                '`channels`.')
        image = denormalize(image, mean, std).clamp(0, 1)
        return normalize(
            torch.cat([self._augment(part) for part in image.split(1)]), mean,
            std)

    def _augment(self, image: Tensor) -> Tensor:
        """Augment one image of shape (1, C, H, W), in [0, 1]."""
        sampled = torch.randperm(len(self.names))[:self.count]
        for index in sampled.sort().values.tolist():
            image = distort(image, self.names[index], self.magnitude)
        return image
