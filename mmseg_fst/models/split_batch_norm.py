"""Batch normalization with separate layers for two parts of a batch."""
import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Optional

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class SplitBatchNorm(nn.Module):
    """Two layers of batch normalization, for labeled and other images.

    Distribution-specific batch normalization (DSBN; Yuan et al., "A Simple
    Baseline for Semi-supervised Semantic Segmentation with Strong Data
    Augmentation", ICCV 2021): strongly augmented images have other statistics
    than the images of a test, so that they get a second layer, weights
    included. Within :func:`split_batch` and while training, the first images
    of a batch go through ``main`` and the others through ``other``; in all
    other cases every image goes through ``main``.

    Weights of a network without a second layer can be loaded: both layers
    then receive them.

    Args:
        norm (nn.Module): The layer to split, which becomes ``main``; ``other``
            is a copy.
    """

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.main = norm
        self.other = copy.deepcopy(norm)
        #: Number of images of ``main``; None for all.
        self.count: Optional[int] = None

    def forward(self, features: Tensor) -> Tensor:
        """Normalize a batch.

        Args:
            features (Tensor): Features of shape (N, C, h, w).

        Returns:
            Tensor: Of the same shape.
        """
        if self.count is None or not self.training:
            return self.main(features)
        return torch.cat([
            self.main(features[:self.count]), self.other(features[self.count:])
        ])

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str,
                              *args: Any) -> None:
        """Load a layer that is not split into both."""
        for name in self.main.state_dict():
            value = state_dict.pop(f'{prefix}{name}', None)
            if value is not None:
                state_dict[f'{prefix}main.{name}'] = value
                state_dict[f'{prefix}other.{name}'] = value
        super()._load_from_state_dict(state_dict, prefix, *args)


def split_batch_norm(network: nn.Module, skipped: Sequence[str] = ()) -> None:
    """Replace each layer of batch normalization by a :class:`SplitBatchNorm`.

    Args:
        network (nn.Module): A network; changed in place.
        skipped (Sequence[str]): Names of its parts that stay as they are.
            Defaults to ().

    Raises:
        ValueError: If it has no batch normalization to split.
    """
    parents = [
        (parent, name, child) for place, parent in network.named_modules()
        if place.partition('.')[0] not in skipped
        for name, child in parent.named_children()
        if isinstance(child, _BatchNorm)
    ]
    if not parents:
        raise ValueError(
            f'{type(network).__name__} has no batch normalization to split; '
            "choose a network with norm_cfg=dict(type='BN').")
    for parent, name, child in parents:
        setattr(parent, name, SplitBatchNorm(child))


@contextmanager
def split_batch(network: nn.Module, count: int) -> Iterator[None]:
    """Where the first images of a batch are normalized separately.

    Args:
        network (nn.Module): A network of :func:`split_batch_norm`.
        count (int): Number of the first images.

    Yields:
        None: The layers are split until the context ends.
    """
    layers = [
        layer for layer in network.modules()
        if isinstance(layer, SplitBatchNorm)
    ]
    for layer in layers:
        layer.count = count
    try:
        yield
    finally:
        for layer in layers:
            layer.count = None
