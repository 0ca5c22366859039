"""Mean probabilities of an image at several sizes, mirrored as well."""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor

from mmseg_fst.ops import class_probabilities
from mmseg_fst.registry import MODELS

from .base import Protocol
from .scores import Scores, metas_of, network_scores


@MODELS.register_module()
class MultiScale(Protocol):
    """Several sizes of the whole image: the pseudo-labels of ST++.

    Images, and the probabilities of their classes, are resized bilinearly
    with aligned corners.

    Args:
        factors (Sequence[float]): Factors of the size. Defaults to the
            factors of ST++, (0.5, 0.75, 1, 1.5, 2).
        mirror (bool): Whether each of them is mirrored as well. Defaults to
            True.

    Raises:
        ValueError: If there is no factor, or one is not positive.
    """

    def __init__(self,
                 factors: Sequence[float] = (0.5, 0.75, 1., 1.5, 2.),
                 mirror: bool = True) -> None:
        if not factors or min(factors) <= 0:
            raise ValueError('MultiScale: factors must be positive numbers, '
                             f'got {tuple(factors)}.')
        self.factors = tuple(factors)
        self.mirror = mirror

    @property
    def name(self) -> str:
        """The protocol in words."""
        sizes = ', '.join(f'{factor:g}' for factor in self.factors)
        mirrored = ', mirrored as well' if self.mirror else ''
        return f'whole image at {sizes} of its size{mirrored}, softmax summed'

    def scores(self, network: BaseSegmentor, images: Tensor) -> Scores:
        """Mean probabilities over the sizes.

        Args:
            network (BaseSegmentor): The network that predicts.
            images (Tensor): Normalized images of shape (N, 3, H, W).

        Returns:
            Scores: Of shape (N, C, H, W); of a binary network logits of one
            channel.
        """
        size = images.shape[2:]
        total = images.new_zeros(len(images), network.out_channels, *size)
        for factor in self.factors:
            resized = _resize(images, [int(side * factor) for side in size])
            total += _resize(_probabilities(network, resized), size)
            if self.mirror:
                mirrored = _probabilities(network, resized.flip(3)).flip(3)
                total += _resize(mirrored, size)
        mean = total / (len(self.factors) * (1 + self.mirror))
        if network.out_channels == 1:
            return Scores(mean.logit(eps=1e-6))
        return Scores(mean)

    def probabilities(self, scores: Tensor) -> Tensor:
        """From the scores of one image to probabilities.

        Args:
            scores (Tensor): Of shape (C, H, W).

        Returns:
            Tensor: Of shape (C, H, W), or (2, H, W) of a binary network;
            they sum up to 1 over the classes.
        """
        if len(scores) > 1:
            return scores
        return super().probabilities(scores)


def _probabilities(network: BaseSegmentor, images: Tensor) -> Tensor:
    """Probabilities (N, C, H, W); of a binary network class 1 alone."""
    logits = network_scores(network, images, metas_of(images)).full()
    return class_probabilities(logits)[:, -network.out_channels:]


def _resize(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Resize maps of shape (N, C, H, W)."""
    return F.interpolate(
        maps, torch.Size(size), mode='bilinear', align_corners=True)
