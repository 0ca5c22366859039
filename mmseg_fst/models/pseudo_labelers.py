"""Pseudo-labelers: convert logits to labels and pixel weights."""
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
