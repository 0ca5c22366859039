"""Loss on pseudo-labels that prefers classes of low confidence: AEL."""
import torch
from torch import Tensor, nn

from mmseg_fst.ops import (
    class_logits,
    class_share,
    keep_pixels,
    weighted_cross_entropy,
)
from mmseg_fst.registry import MODELS


@MODELS.register_module()
class BalancedCrossEntropy(nn.Module):
    """Cross-entropy of a share of the pixels of each class.

    Adaptive equalization sampling and dynamic re-weighting of AEL (Hu et al.,
    NeurIPS 2021). Of each class that the student predicts, a random share of
    the pixels is kept, see :func:`mmseg_fst.ops.class_share`; the weights of
    these pixels are divided by their sum::

        w = weight * kept,  loss = sum(w CE) / sum(w)

    Args:
        power (float): Exponent of the share; 0 keeps all pixels. Defaults to
            1.

    Raises:
        ValueError: If ``power`` is below 0.
    """

    def __init__(self, power: float = 1.) -> None:
        super().__init__()
        if power < 0:
            raise ValueError('BalancedCrossEntropy: power must be at least '
                             f'0, got {power}.')
        self.power = power

    def forward(self,
                logits: Tensor,
                label: Tensor,
                weight: Tensor,
                confidence: Tensor,
                ignore_index: int = 255) -> Tensor:
        """Compute the loss.

        Args:
            logits (Tensor): Logits of the student, (N, C, H, W).
            label (Tensor): Pseudo-labels of shape (N, H, W), int64.
            weight (Tensor): Pixel weights of shape (N, H, W), at least 0.
            confidence (Tensor): Confidence of each class, (C,), in [0, 1].
            ignore_index (int): Id of pixels without a label, whose weights
                count nevertheless. Defaults to 255.

        Returns:
            Tensor: A scalar; 0 if all weights are 0.
        """
        logits = class_logits(logits)
        # Sampled on the CPU, the same on every device.
        number = torch.rand(label.shape).to(logits.device, non_blocking=True)
        used = keep_pixels(
            logits.detach().argmax(1), class_share(confidence, self.power),
            number)
        return weighted_cross_entropy(
            logits, label, weight * used, ignore_index)
