"""Perturbations of features between encoder and decode head."""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


@MODELS.register_module()
class ChannelDropout(nn.Module):
    """Drop whole channels of every feature map.

    The feature perturbation of UniMatch (Yang et al. 2023, section 3.2).

    Args:
        prob (float): Probability that a channel is dropped, in [0, 1].
            Defaults to 0.5.

    Raises:
        ValueError: If ``prob`` is not in [0, 1].
    """

    def __init__(self, prob: float = 0.5) -> None:
        super().__init__()
        check_range(self, prob=prob)
        self.prob = prob

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Perturb features.

        Args:
            features (Sequence[Tensor]): Feature maps of shape (N, C, h, w).

        Returns:
            list[Tensor]: Feature maps of the same shapes.
        """
        return [F.dropout2d(feature, self.prob) for feature in features]


@MODELS.register_module()
class ComplementaryDropout(nn.Module):
    """Drop complementary halves of the channels in two views of an image.

    UniMatch V2 (Yang et al. 2024, section 3.3); all feature maps with the
    same number of channels share one mask. As in its release (``comp_drop``
    in ``model/semseg/dpt.py``), a fixed number of randomly selected images,
    the fraction rounded down, is not perturbed; in a batch of one image, the
    image is always perturbed.

    Args:
        kept_share (float): Fraction of the images that are not perturbed, in
            [0, 1]. Defaults to 0.5.

    Raises:
        ValueError: If ``kept_share`` is not in [0, 1].
    """

    def __init__(self, kept_share: float = 0.5) -> None:
        super().__init__()
        check_range(self, kept_share=kept_share)
        self.kept_share = kept_share

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Perturb features.

        Args:
            features (Sequence[Tensor]): Feature maps of shape (2 N, C, h, w),
                the first views of all images before the second views.

        Returns:
            list[Tensor]: Feature maps of the same shapes.

        Raises:
            ValueError: If the number of images is odd.
        """
        total = len(features[0])
        if total % 2:
            raise ValueError('ComplementaryDropout needs two views of each '
                             f'image, got {total} images; use UniMatchV2.')
        count, masks = total // 2, {}
        unchanged = torch.randperm(count)[:int(count * self.kept_share)]
        perturbed = []
        for feature in features:
            channels = feature.shape[1]
            if channels not in masks:
                # Factor 2 preserves the expectation, as in dropout.
                mask = (torch.rand(count, channels) < 0.5) * 2.
                pair = torch.stack([mask, 2 - mask])
                pair[:, unchanged] = 1
                masks[channels] = pair.flatten(0, 1)[..., None, None].to(
                    feature, non_blocking=True)
            perturbed.append(feature * masks[channels])
        return perturbed


@MODELS.register_module()
class FeatureNoise(nn.Module):
    """Noise in proportion to the features, the same for all images.

    The feature noise of CCT (Ouali et al., CVPR 2020, section 3.3):
    ``z + z n`` with n uniform in [-magnitude, magnitude].

    Args:
        magnitude (float): In [0, 1]. Defaults to 0.3.

    Raises:
        ValueError: If ``magnitude`` is not in [0, 1].
    """

    def __init__(self, magnitude: float = 0.3) -> None:
        super().__init__()
        check_range(self, magnitude=magnitude)
        self.magnitude = magnitude

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Perturb features.

        Args:
            features (Sequence[Tensor]): Feature maps of shape (N, C, h, w).

        Returns:
            list[Tensor]: Feature maps of the same shapes.
        """
        return [feature + feature * self._sample(feature)
                for feature in features]

    def _sample(self, feature: Tensor) -> Tensor:
        """Noise of shape (C, h, w)."""
        uniform = torch.rand(feature.shape[1:], dtype=feature.dtype)
        noise = 2 * self.magnitude * uniform - self.magnitude
        return noise.to(feature.device, non_blocking=True)


@MODELS.register_module()
class AttentionDropout(nn.Module):
    """Drop the most active places of every feature map.

    The feature drop of CCT (Ouali et al., CVPR 2020, section 3.3): places
    whose mean over the channels is at least a share of the largest one of the
    image are set to zero. The share is uniform in a range, the same for all
    images.

    Args:
        share (tuple[float, float]): Range of the share, in [0, 1]. Defaults
            to (0.7, 0.9).

    Raises:
        ValueError: If ``share`` is not a range in [0, 1].
    """

    def __init__(self, share: tuple[float, float] = (0.7, 0.9)) -> None:
        super().__init__()
        low, high = share
        if not 0 <= low <= high <= 1:
            raise ValueError('AttentionDropout: share must be a range in '
                             f'[0, 1], got {tuple(share)}.')
        self.share = low, high

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Perturb features.

        Args:
            features (Sequence[Tensor]): Feature maps of shape (N, C, h, w).

        Returns:
            list[Tensor]: Feature maps of the same shapes.
        """
        low, high = self.share
        perturbed = []
        for feature in features:
            share = low + (high - low) * torch.rand((), dtype=feature.dtype)
            attention = feature.mean(1, keepdim=True)
            limit = attention.amax((2, 3), keepdim=True) * share.to(
                feature.device, non_blocking=True)
            perturbed.append(feature * (attention < limit))
        return perturbed
