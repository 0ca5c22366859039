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
        prob (float): Probability of a channel to be dropped, in [0, 1].
            Defaults to 0.5.

    Raises:
        ValueError: If it is no probability.
    """

    def __init__(self, prob: float = 0.5) -> None:
        super().__init__()
        check_range(self, prob=prob)
        self.prob = prob

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Perturb features.

        Args:
            features (Sequence[Tensor]): Feature maps (N, C, h, w).

        Returns:
            list[Tensor]: Of the same shapes.
        """
        return [F.dropout2d(feature, self.prob) for feature in features]


@MODELS.register_module()
class ComplementaryDropout(nn.Module):
    """Two views of an image see complementary halves of the channels.

    UniMatch V2 (Yang et al. 2024, section 3.3): one mask for all feature
    maps of as many channels. As in its release (``comp_drop`` of
    ``model/semseg/dpt.py``) a fixed number of the images keeps all channels,
    the share rounded down, and a draw says which: of a batch of one, none
    does.

    Args:
        kept_share (float): Share of the images that are not perturbed, in
            [0, 1]. Defaults to 0.5.

    Raises:
        ValueError: If it is no share.
    """

    def __init__(self, kept_share: float = 0.5) -> None:
        super().__init__()
        check_range(self, kept_share=kept_share)
        self.kept_share = kept_share

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Perturb features.

        Args:
            features (Sequence[Tensor]): Feature maps (2 N, C, h, w), the
                first views before the second ones.

        Returns:
            list[Tensor]: Of the same shapes.

        Raises:
            ValueError: If there is no second view for each first one.
        """
        total = len(features[0])
        if total % 2:
            raise ValueError(f'ComplementaryDropout got {total} images, but '
                             'needs two views of each; use UniMatchV2.')
        count, masks = total // 2, {}
        kept = torch.randperm(count)[:int(count * self.kept_share)]
        perturbed = []
        for feature in features:
            channels = feature.shape[1]
            if channels not in masks:
                mask = (torch.rand(count, channels) < 0.5) * 2.
                pair = torch.stack([mask, 2 - mask])
                pair[:, kept] = 1
                masks[channels] = pair.flatten(0, 1)[..., None, None].to(
                    feature, non_blocking=True)
            perturbed.append(feature * masks[channels])
        return perturbed
