"""Confidence of a network in each class, averaged over time."""
from typing import Optional

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

from mmseg_fst.ops import class_probabilities, confidence_sums
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


@MODELS.register_module()
class ClassConfidence(nn.Module):
    """The confidence bank of AEL (Hu et al., NeurIPS 2021).

    The confidence of a class is the mean probability of that class over the
    pixels that are labeled as it, a moving average over the iterations::

        b_c <- a b_c + (1 - a) mean of p_c where label = c

    A class without a labeled pixel keeps its value, and ``a`` warms up with
    the updates of the class, so that the first mean is taken as it is.

    :meth:`forward` stages an update; :meth:`commit` writes it once after each
    real step, so that virtual steps do not change the bank. It is part of the
    checkpoint, and identical in all processes.

    Args:
        num_classes (int): Number of classes C.
        decay (float): Decay a of the moving average, in [0, 1]. Defaults to
            0.999.
        match_release (bool): Whether to reproduce the release
            (``cal_category_confidence`` and ``train.py``): the bank starts
            with random values, there is no warm-up, and a class without a
            labeled pixel counts as one of confidence 0. Defaults to False.
            The release has a separate bank in each process, which is not
            reproduced.

    Raises:
        ValueError: If ``decay`` is not in [0, 1].
    """

    confidence: Tensor
    updates: Tensor

    def __init__(self,
                 num_classes: int,
                 decay: float = 0.999,
                 match_release: bool = False) -> None:
        super().__init__()
        check_range(self, decay=decay)
        self.decay = decay
        self.match_release = match_release
        start = torch.rand if match_release else torch.zeros
        self.register_buffer('confidence', start(num_classes))
        self.register_buffer('updates', torch.zeros(num_classes).long())
        # Sums and counts (2, C) of the last step, float64.
        self.staged: Optional[Tensor] = None

    @torch.no_grad()
    def forward(self,
                logits: Tensor,
                label: Tensor,
                ignore_index: int = 255) -> Tensor:
        """Stage the labeled pixels of a step.

        Args:
            logits (Tensor): Logits of shape (N, C, H, W).
            label (Tensor): Class ids of shape (N, H, W), int64.
            ignore_index (int): Id of pixels without a label. Defaults to 255.

        Returns:
            Tensor: The confidence (C,) with this step, in [0, 1].
        """
        dtype = torch.promote_types(logits.dtype, torch.float32)
        probability = class_probabilities(logits.detach(), dtype)
        sums = confidence_sums(probability, label, ignore_index)
        all_reduce(sums)
        self.staged = sums
        return self._updated(sums)

    def _updated(self, sums: Tensor) -> Tensor:
        """The confidence (C,) after one more update."""
        mean = (sums[0] / sums[1].clamp(min=1)).to(self.confidence.dtype)
        if self.match_release:
            return self.confidence * self.decay + mean * (1 - self.decay)
        warm = (1 - 1 / (self.updates + 1)).clamp(max=self.decay)
        moved = torch.lerp(mean, self.confidence, warm.to(mean.dtype))
        return torch.where(sums[1] > 0, moved, self.confidence)

    def commit(self) -> None:
        """Write what the last step has staged."""
        if self.staged is None:
            return
        sums, self.staged = self.staged, None
        self.confidence.copy_(self._updated(sums))
        self.updates += sums[1] > 0

    def discard(self) -> None:
        """Drop what the last step has staged."""
        self.staged = None
