"""A bank of auxiliary decoders, each with a perturbation of features."""
from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from mmseg_fst.ops import probability_error
from mmseg_fst.registry import MODELS

from .guided_perturbations import Objects
from .split_heads import decoder_of


class PerturbedDecoders(nn.Module):
    """Auxiliary decoders that imitate a prediction from perturbed features.

    CCT (Ouali et al., CVPR 2020, equation 2). Each decoder has the layers of
    the main one (see :func:`decoder_of`), its own weights and its own
    perturbation.

    Args:
        perturbations (Sequence[tuple[int, dict]]): Number of decoders, and
            config of their perturbation; in this order.
        build_head (Callable): Builds a decode head with new weights.

    Raises:
        ValueError: If there is no decoder, or a perturbation is not given as
            a number of decoders and a config.
    """

    def __init__(self, perturbations: Sequence[tuple[int, dict]],
                 build_head: Callable[[], BaseDecodeHead]) -> None:
        super().__init__()
        configs: list[dict] = []
        for entry in perturbations:
            if (len(entry) != 2 or type(entry[0]) is not int or entry[0] < 1
                    or 'type' not in entry[1]):
                raise ValueError(
                    'model.perturbations: each entry must be a number of '
                    'decoders and the config of their perturbation, such as '
                    f"(6, dict(type='FeatureNoise')), got {entry}.")
            configs += [entry[1]] * entry[0]
        if not configs:
            raise ValueError('model.perturbations is empty; give for example '
                             "[(6, dict(type='FeatureNoise'))].")
        self.perturbations = nn.ModuleList(map(MODELS.build, configs))
        self.decoders = nn.ModuleList(
            decoder_of(build_head()) for _ in configs)

    def forward(self, maps: Sequence[Tensor], target: Tensor,
                objects: Objects, weight: Tensor) -> Tensor:
        """The consistency loss.

        Args:
            maps (Sequence[Tensor]): Of :func:`encode`, (N, D, h, w).
            target (Tensor): Probabilities to imitate, of shape (N, C, H, W),
                without a gradient.
            objects (Objects): Of the prediction.
            weight (Tensor): Weights of shape (N, H, W).

        Returns:
            Tensor: Mean over the decoders of the mean squared error of their
            probabilities, a scalar.
        """
        losses = []
        for perturb, decoder in zip(self.perturbations, self.decoders):
            given: dict[str, Any] = dict(objects=objects, decoder=decoder)
            needs = getattr(perturb, 'needs', ())
            perturbed = perturb(maps, *(given[name] for name in needs))
            losses.append(
                probability_error(decoder(perturbed), target, weight))
        return torch.stack(losses).sum() / len(losses)
