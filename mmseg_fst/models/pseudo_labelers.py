"""Pseudo-labelers: convert logits to labels and pixel weights."""
from typing import Optional

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

from mmseg_fst.ops import class_probabilities, confident_ratio, ignore_rows
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


@MODELS.register_module()
class ConfidentRatio(nn.Module):
    """Label all pixels, weighted by the fraction of confident pixels.

    The pseudo-labels of DACS, DAFormer and FST for domain adaptation. One
    scalar weights the whole batch, see :func:`mmseg_fst.ops.confident_ratio`.

    Args:
        threshold (float): Minimum confidence of a confident pixel, in [0, 1].
            Defaults to 0.968, the value of DACS.
        ignore_top (int): Number of rows at the top with weight 0. Defaults to
            0.
        ignore_bottom (int): Number of rows at the bottom with weight 0.
            Defaults to 0.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 threshold: float = 0.968,
                 ignore_top: int = 0,
                 ignore_bottom: int = 0) -> None:
        super().__init__()
        check_range(self, threshold=threshold)
        if min(ignore_top, ignore_bottom) < 0:
            raise ValueError(
                'ConfidentRatio: ignore_top and ignore_bottom must be at '
                f'least 0, got {ignore_top} and {ignore_bottom}.')
        self.threshold = threshold
        self.ignore_top = ignore_top
        self.ignore_bottom = ignore_bottom

    def forward(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Label a batch.

        Args:
            logits (Tensor): Teacher logits of shape (N, C, H, W).

        Returns:
            tuple[Tensor, Tensor]: ``label`` (N, H, W), int64 in [0, C), and
            ``weight`` (N, H, W), float32 in [0, 1].
        """
        label, ratio = confident_ratio(logits, self.threshold)
        # Ratio of the global batch, independent of the number of processes.
        all_reduce(ratio, 'mean')
        weight = ratio.expand(label.shape)
        return label, ignore_rows(weight, self.ignore_top, self.ignore_bottom)


@MODELS.register_module()
class Threshold(nn.Module):
    """Use pixels at or above a confidence threshold (FixMatch).

    Args:
        threshold (float): Minimum confidence, in [0, 1]; pixels at or above
            it have weight 1, others 0. Defaults to 0.95.

    Raises:
        ValueError: If ``threshold`` is not in [0, 1].

    Example:
        >>> label, weight = Threshold(0.95)(teacher_logits)
    """

    def __init__(self, threshold: float = 0.95) -> None:
        super().__init__()
        check_range(self, threshold=threshold)
        self.threshold = threshold

    def forward(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Label a batch.

        Args:
            logits (Tensor): Logits of shape (N, C, H, W).

        Returns:
            tuple[Tensor, Tensor]: ``label`` (N, H, W), int64 in [0, C), and
            ``weight`` (N, H, W), float32, 0 or 1.
        """
        # Half precision would round confidences near the threshold.
        dtype = torch.promote_types(logits.dtype, torch.float32)
        confidence, label = class_probabilities(logits, dtype).max(1)
        return label, (confidence >= self.threshold).float()


@MODELS.register_module()
class Confidence(nn.Module):
    """Label all pixels, weighted by their confidence.

    For methods that decide later what a confidence is worth, such as ReCo.

    Example:
        >>> label, confidence = Confidence()(teacher_logits)
    """

    def forward(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Label a batch.

        Args:
            logits (Tensor): Logits of shape (N, C, H, W).

        Returns:
            tuple[Tensor, Tensor]: ``label`` (N, H, W), int64 in [0, C), and
            ``weight`` (N, H, W), its probability, float32 or float64.
        """
        # Half precision would round confidences near a threshold.
        dtype = torch.promote_types(logits.dtype, torch.float32)
        confidence, label = class_probabilities(logits, dtype).max(1)
        return label, confidence


@MODELS.register_module()
class ClassThreshold(nn.Module):
    """Use pixels at or above a confidence threshold of their class.

    One threshold for all classes, or one percentile of all pixels, drops
    the classes of which the teacher is never as sure as of the background,
    such as thin and rare ones. Here the threshold of a class is the mean
    confidence of the pixels that are predicted as this class, a moving
    average over the iterations, but at most ``threshold``::

        t_c = min(threshold, EMA of the mean of max_k p_k where argmax = c)

    The idea is that of the class-wise thresholds of FlexMatch (Zhang et al.
    2021) and of the self-adaptive ones of FreeMatch (Wang et al. 2023), which
    derive them from the number of confident predictions and from the mean
    probability of each class. About half of the pixels of a doubtful class
    are used, nearly all of a certain one.

    The average is part of the checkpoint. Virtual steps of FST and steps that
    do not count leave it unchanged.

    Args:
        threshold (float): Largest threshold of a class, in [0, 1]. Defaults
            to 0.95.
        decay (float): Weight of the old average at each iteration, in
            [0, 1]. Defaults to 0.99.

    Raises:
        ValueError: If an argument is out of its range.
    """

    #: Mean confidence of each class id, (256, ), 0 if never predicted; the
    #: number of classes is not known here, ids have 8 bits.
    confidence: Tensor

    def __init__(self, threshold: float = 0.95, decay: float = 0.99) -> None:
        super().__init__()
        check_range(self, threshold=threshold, decay=decay)
        self.threshold = threshold
        self.decay = decay
        self.register_buffer('confidence', torch.zeros(256))
        # Sums and counts (2, 256) of all passes of a step, float64.
        self.staged: Optional[Tensor] = None

    def forward(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Label a batch.

        Args:
            logits (Tensor): Logits of shape (N, C, H, W), C at most 256.

        Returns:
            tuple[Tensor, Tensor]: ``label`` (N, H, W), int64 in [0, C), and
            ``weight`` (N, H, W), float32, 0 or 1.
        """
        # Half precision would round confidences near the threshold.
        dtype = torch.promote_types(logits.dtype, torch.float32)
        confidence, label = class_probabilities(logits, dtype).max(1)
        # Single precision would round each addend of a sum of millions.
        sums = torch.zeros(2, len(self.confidence), dtype=torch.float64,
                           device=logits.device)
        addends = confidence.flatten().double()
        sums[0].scatter_add_(0, label.flatten(), addends)
        sums[1].scatter_add_(0, label.flatten(), torch.ones_like(addends))
        all_reduce(sums)
        mean = self._mean(sums)
        if self.training:
            self.staged = sums if self.staged is None else self.staged + sums
        known = torch.where(self.confidence > 0, self.confidence, mean)
        limit = known.clamp(max=self.threshold)
        return label, (confidence >= limit[label]).float()

    def commit(self) -> None:
        """Move the average by what the last step has predicted."""
        if self.staged is None:
            return
        mean, self.staged = self._mean(self.staged), None
        # Classes keep their average where they are not predicted; the first
        # value is taken as it is.
        mean = torch.where(mean > 0, mean, self.confidence)
        moved = self.confidence.lerp(mean, 1 - self.decay)
        self.confidence.copy_(
            torch.where(self.confidence > 0, moved, mean))

    def discard(self) -> None:
        """Drop what the last step has predicted."""
        self.staged = None

    def _mean(self, sums: Tensor) -> Tensor:
        """Mean confidence of each class (256, ) from sums and counts."""
        return (sums[0] / sums[1].clamp(min=1)).to(self.confidence.dtype)
