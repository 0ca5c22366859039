"""Whole images in one forward pass."""
from typing import Optional

import torch.nn.functional as F
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor

from mmseg_fst.registry import MODELS

from .base import Protocol
from .scores import Scores, metas_of, network_scores


@MODELS.register_module()
class WholeImage(Protocol):
    """The whole image at native size: Pascal VOC of UniMatch.

    With ``multiple_of`` as of UniMatch V2, whose encoder takes patches of 14
    pixels: the image is resized to the nearest multiple, half a patch
    rounded up, and the logits are resized back, both bilinearly with aligned
    corners.

    Args:
        multiple_of (int, optional): What height and width must be a multiple
            of. Defaults to None: anything.
    """

    def __init__(self, multiple_of: Optional[int] = None) -> None:
        self.multiple_of = multiple_of

    @property
    def name(self) -> str:
        """The protocol in words."""
        if self.multiple_of is None:
            return 'whole image at native size'
        return (f'whole image at the nearest multiple of {self.multiple_of}, '
                'logits resized back')

    def scores(self, network: BaseSegmentor, images: Tensor) -> Scores:
        """Logits of the whole image.

        Args:
            network (BaseSegmentor): The network that predicts.
            images (Tensor): Normalized images of shape (N, 3, H, W).

        Returns:
            Scores: Full, of shape (N, C, H, W).
        """
        if self.multiple_of is None:
            return network_scores(network, images, metas_of(images))
        size = images.shape[2:]
        resized = _resize(images, tuple(map(self.nearest, size)))
        scores = network_scores(network, resized, metas_of(resized))
        return Scores(
            scores.raw, lambda part: _resize(scores.finish(part), size))

    def nearest(self, side: int) -> int:
        """The nearest multiple, at least one.

        Args:
            side (int): Height or width.

        Returns:
            int: What it is resized to.
        """
        multiple = self.multiple_of or 1
        return max(int(side / multiple + 0.5), 1) * multiple


def _resize(maps: Tensor, size: tuple[int, ...]) -> Tensor:
    """Resize maps of shape (N, C, H, W)."""
    return F.interpolate(maps, size, mode='bilinear', align_corners=True)
