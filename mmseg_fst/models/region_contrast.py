"""Contrast of the pixels of a batch with class means: ReCo."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmseg_fst.ops import (
    class_probabilities,
    class_relation,
    membership,
    region_nce,
    rows_of,
    sample_classes,
    sample_members,
    sum_by_class,
    without_autocast,
)
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


@MODELS.register_module()
class RegionContrast(nn.Module):
    """Contrastive loss within a batch, without a memory.

    Liu et al., ICLR 2022, section 3. A pixel belongs to the class of its
    label if the label is sure enough. For each class that occurs::

        queries    pixels of the class that the student is not sure of
        positive   mean representation of its pixels
        negatives  pixels of other classes, more often of those whose means
                   are alike
        loss       InfoNCE, mean over the queries

    and the sum over these classes is divided by the number of classes that
    occur. It is 0 if fewer than two occur.

    Args:
        num_queries (int): Queries of a class, sampled with replacement.
            Defaults to 256.
        num_negatives (int): Negatives of a query, sampled with replacement.
            Defaults to 512.
        temperature (float): Divisor of the similarities, of pixels and of
            class means. Defaults to 0.5.
        weak_threshold (float): Minimum confidence of a pseudo-label whose
            pixel takes part, in [0, 1]. Defaults to 0.7.
        strong_threshold (float): A query has a smaller probability of its
            class, in [0, 1]. Defaults to 0.97.
        loss_weight (float): Weight of the term. Defaults to 1.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 num_queries: int = 256,
                 num_negatives: int = 512,
                 temperature: float = 0.5,
                 weak_threshold: float = 0.7,
                 strong_threshold: float = 0.97,
                 loss_weight: float = 1.) -> None:
        super().__init__()
        check_range(self, weak_threshold=weak_threshold,
                    strong_threshold=strong_threshold)
        if min(num_queries, num_negatives) < 1 or temperature <= 0:
            raise ValueError(
                'RegionContrast: num_queries and num_negatives must be '
                'positive integers and temperature above 0, got '
                f'{num_queries}, {num_negatives} and {temperature}.')
        self.num_queries = num_queries
        self.num_negatives = num_negatives
        self.temperature = temperature
        self.weak_threshold = weak_threshold
        self.strong_threshold = strong_threshold
        self.loss_weight = loss_weight

    def forward(self, representation: Tensor, logits: Tensor, label: Tensor,
                confidence: Tensor) -> Tensor:
        """Compute the loss of a batch.

        Args:
            representation (Tensor): Of the student, of shape (N, D, h, w).
            logits (Tensor): Of the student, of shape (N, C, h, w).
            label (Tensor): Class ids of shape (N, H, W), int64; ids that are
                no class are ignored.
            confidence (Tensor): Of the labels, of shape (N, H, W), in [0, 1];
                1 for true labels.

        Returns:
            Tensor: The weighted loss, a scalar, computed in float32 at least.
        """
        with without_autocast(representation.device):
            return self._loss(representation, logits, label, confidence)

    def _loss(self, representation: Tensor, logits: Tensor, label: Tensor,
              confidence: Tensor) -> Tensor:
        """The loss of a batch, see :meth:`forward`."""
        dtype = torch.promote_types(representation.dtype, torch.float32)
        rows = rows_of(representation).to(dtype)
        with torch.no_grad():
            probability = class_probabilities(logits.detach(), dtype)
            size = probability.shape[2:]
            sure = on_grid(confidence, size) >= self.weak_threshold
            member = rows_of(
                membership(on_grid(label, size), probability.shape[1])
                & sure[:, None])
            unsure = rows_of(probability) < self.strong_threshold
            total, count = sum_by_class(rows, member)
            prototype = total / count.clamp(min=1)[:, None]
            queries, negatives = self.sample(
                member, member & unsure,
                class_relation(prototype, count > 0, self.temperature))
            learns = (member & unsure).any(0) & ((count > 0).sum() > 1)
            keys = F.normalize(rows, dim=1)
        losses = torch.stack([
            region_nce(rows[query], positive, keys, negative,
                       self.temperature)
            for query, positive, negative in zip(queries, prototype,
                                                 negatives)
        ])
        # A class without queries has arbitrary ones; its loss is replaced.
        loss = losses.where(learns, losses.new_zeros(())).sum()
        return self.loss_weight * loss / (count > 0).sum().clamp(min=1)

    def sample(self, member: Tensor, hard: Tensor,
               relation: Tensor) -> tuple[Tensor, Tensor]:
        """Sample the queries of each class and their negatives.

        Args:
            member (Tensor): Class of each pixel, bool of shape (P, C).
            hard (Tensor): Those that may be queries, bool of shape (P, C).
            relation (Tensor): Distribution of the negatives of each class,
                of shape (C, C).

        Returns:
            tuple[Tensor, Tensor]: Indices of pixels, int64 of shapes
            (C, num_queries) and (C, num_queries, num_negatives).
        """
        classes, device = member.shape[1], member.device
        shape = self.num_queries, self.num_negatives
        # On the CPU, so that the numbers are the same on every device.
        first, second, third = (
            torch.rand(classes, *size, dtype=torch.float64).to(
                device, non_blocking=True).flatten(1)
            for size in (shape[:1], shape, shape))
        own = torch.arange(classes, device=device)[:, None].expand_as(first)
        negatives = sample_members(member, sample_classes(relation, second),
                                   third)
        return (sample_members(hard, own, first),
                negatives.view(classes, *shape))


def on_grid(values: Tensor, size: torch.Size) -> Tensor:
    """Resize values by nearest neighbor.

    Args:
        values (Tensor): Of shape (N, H, W), of any type.
        size (torch.Size): Height and width to resize to.

    Returns:
        Tensor: Of shape (N, *size) and the same type.
    """
    # Labels of 16 bits and more are exact in float64 alone.
    resized = F.interpolate(values[:, None].double(), tuple(size))
    return resized[:, 0].to(values.dtype)
