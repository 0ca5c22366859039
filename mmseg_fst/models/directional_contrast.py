"""Contrast of two crops of one image, with the pixels of past batches: CAC."""
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather
from torch import Tensor, nn

from mmseg_fst.ops import (
    class_probabilities,
    directed_mean,
    directional_losses,
    rows_of,
    without_autocast,
)
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range

from .projection import PixelView


@MODELS.register_module()
class DirectionalContrast(nn.Module):
    """Directional context-aware consistency of two crops.

    Lai et al., CVPR 2021, section 3.2; numbers from the release for
    Pascal VOC. A pixel that both crops show is pulled to its
    representation in the crop that is surer of it, if that is sure enough;
    negatives are pixels of both crops, of other processes and of past
    batches, that have another pseudo-label. See
    :func:`mmseg_fst.ops.directional_losses`.

    Args:
        channels (int): Channels D of the representation.
        num_keys (int): Pixels of a batch of crops that are negatives, sampled
            without replacement. Defaults to 6400.
        past_batches (int): Batches that are remembered, 0 or more. Defaults
            to 2.
        temperature (float): Divisor of the similarities. Defaults to 0.1.
        threshold (float): Confidence that the surer crop must exceed, in
            [0, 1]. Defaults to 0.75.
        loss_weight (float): Weight of the term. Defaults to 0.1.

    Raises:
        ValueError: If an argument is out of its range.
    """

    keys: Tensor
    labels: Tensor

    def __init__(self, channels: int, num_keys: int = 6400,
                 past_batches: int = 2, temperature: float = 0.1,
                 threshold: float = 0.75, loss_weight: float = 0.1) -> None:
        super().__init__()
        check_range(self, threshold=threshold)
        if num_keys < 1 or past_batches < 0 or temperature <= 0:
            raise ValueError(
                'DirectionalContrast: num_keys must be a positive integer, '
                'past_batches at least 0 and temperature above 0, got '
                f'{num_keys}, {past_batches} and {temperature}.')
        self.num_keys = num_keys
        self.past_batches = past_batches
        self.temperature = temperature
        self.threshold = threshold
        self.loss_weight = loss_weight
        # One buffer for all batches: their size depends on the crops and the
        # number of processes.
        self.register_buffer('keys', torch.zeros(0, channels))
        self.register_buffer('labels', torch.zeros(0).long())
        self.staged: Any = None

    def forward(self, first: PixelView, second: PixelView,
                overlap: tuple[Tensor, Tensor]) -> Tensor:
        """Compute the loss of a step and stage its pixels.

        Args:
            first (PixelView): Of the first crops, before their overlap is cut
                out.
            second (PixelView): Of the second crops.
            overlap (tuple[Tensor, Tensor]): Indices of the common pixels
                among all pixels of the first and of the second crops,
                int64 of shape (P,).

        Returns:
            Tensor: The weighted loss, a scalar, computed in float32 at least.
        """
        with without_autocast(first.logits.device):
            return self._loss(first, second, overlap)

    def _loss(self, first: PixelView, second: PixelView,
              overlap: tuple[Tensor, Tensor]) -> Tensor:
        """The loss of a step, see :meth:`forward`."""
        dtype = torch.promote_types(first.representation.dtype, torch.float32)
        rows, labels, confidences = [], [], []
        for view in (first, second):
            rows.append(F.normalize(
                rows_of(view.representation).to(dtype), dim=1))
            confidence, label = class_probabilities(
                view.logits.detach(), dtype).max(1)
            labels.append(label.flatten())
            confidences.append(confidence.flatten())
        self.stage(rows, labels)
        keys = torch.cat([self.keys.to(dtype), self.staged[0]])
        key_label = torch.cat([self.labels, self.staged[1]])
        rows, labels, confidences = (
            [part[index] for part, index in zip(parts, overlap)]
            for parts in (rows, labels, confidences))
        loss = 0 * first.representation.sum()
        for own, other in ((0, 1), (1, 0)):
            losses = directional_losses(
                rows[own], rows[other].detach(), labels[own], keys, key_label,
                self.temperature)
            loss = loss + directed_mean(losses, confidences[own],
                                        confidences[other], self.threshold)
        return self.loss_weight * loss

    @torch.no_grad()
    def stage(self, rows: list[Tensor], labels: list[Tensor]) -> None:
        """Stage pixels of a step, of all processes.

        Args:
            rows (list[Tensor]): Representations of each batch of crops, (P,
                D).
            labels (list[Tensor]): Their pseudo-labels, of shape (P,).
        """
        chosen = [index[:self.num_keys] for index in self.sample(
            [len(part) for part in rows])]
        parts = [
            torch.cat([values[index.to(values.device, non_blocking=True)]
                       for values, index in zip(sides, chosen)])
            for sides in (rows, labels)
        ]
        keys, key_label = (torch.cat(all_gather(part)) for part in parts)
        self.staged = keys, key_label

    def sample(self, counts: list[int]) -> list[Tensor]:
        """Permutations of the pixels, the same on every device.

        Args:
            counts (list[int]): Number of pixels of each batch of crops.

        Returns:
            list[Tensor]: Indices of shape (count,), int64, on the CPU.
        """
        return [torch.randperm(count) for count in counts]

    @torch.no_grad()
    def commit(self) -> None:
        """Remember the staged pixels, and forget old batches."""
        if self.staged is None:
            return
        (keys, labels), self.staged = self.staged, None
        start = max(0, len(self.keys) + len(keys)
                    - self.past_batches * len(keys))
        self.keys = torch.cat([self.keys, keys.to(self.keys.dtype)])[start:]
        self.labels = torch.cat([self.labels, labels])[start:]

    def discard(self) -> None:
        """Drop what the last step has staged."""
        self.staged = None

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str,
                              *args: Any) -> None:
        """Load buffers of any length: resize them first."""
        for name in ('keys', 'labels'):
            saved, own = state_dict.get(f'{prefix}{name}'), getattr(self, name)
            if saved is not None and saved.shape[1:] == own.shape[1:]:
                setattr(self, name, own.new_empty(saved.shape))
        super()._load_from_state_dict(state_dict, prefix, *args)
