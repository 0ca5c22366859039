"""A confidence threshold that follows the confidence of the network."""
from typing import Optional

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

from mmseg_fst.ops import peak_confidence
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


@MODELS.register_module()
class ConfidenceThreshold(nn.Module):
    """The dynamic threshold of CorrMatch (Sun et al., CVPR 2024).

    A moving average of the largest confidence of a class, a mean over the
    classes that are predicted::

        t <- a t + (1 - a) mean over c of (max of max_k p_k where argmax = c)

    :meth:`forward` returns the threshold of this step, with its predictions,
    and stages it; :meth:`commit` writes it after each real step. It is part
    of the checkpoint, and counts the pixels of all processes.

    Args:
        num_classes (int): Number of classes C.
        start (float): First threshold, in [0, 1]. Defaults to 0.85.
        decay (float): Weight a of the old threshold, in [0, 1]. Defaults to
            0.999.

    Raises:
        ValueError: If an argument is not in [0, 1].
    """

    #: The threshold, a scalar.
    value: Tensor

    def __init__(self, num_classes: int, start: float = 0.85,
                 decay: float = 0.999) -> None:
        super().__init__()
        check_range(self, start=start, decay=decay)
        self.num_classes = num_classes
        self.decay = decay
        self.register_buffer('value', torch.tensor(float(start)))
        self.staged: Optional[Tensor] = None

    @torch.no_grad()
    def forward(self, confidence: Tensor, label: Tensor,
                valid: Tensor) -> Tensor:
        """The threshold of a step.

        Args:
            confidence (Tensor): Of shape (N, H, W), in (0, 1].
            label (Tensor): Predicted class ids of shape (N, H, W), int64.
            valid (Tensor): Pixels that count, bool of shape (N, H, W).

        Returns:
            Tensor: A scalar in [0, 1]; the old one if no pixel counts.
        """
        peaks = peak_confidence(confidence, label, valid, self.num_classes)
        all_reduce(peaks, 'max')
        found = (peaks > 0).sum()
        mean = (peaks.sum() / found.clamp(min=1)).to(self.value.dtype)
        moved = self.decay * self.value + (1 - self.decay) * mean
        self.staged = torch.where(found > 0, moved, self.value)
        return self.staged

    def commit(self) -> None:
        """Write the threshold of the last step."""
        if self.staged is not None:
            self.value.copy_(self.staged)
            self.staged = None

    def discard(self) -> None:
        """Drop the threshold of the last step."""
        self.staged = None
