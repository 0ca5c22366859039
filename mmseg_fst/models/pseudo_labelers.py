"""Pseudo-labelers: from the teacher's logits to labels and pixel weights."""
import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

from mmseg_fst.ops import confident_ratio, ignore_rows
from mmseg_fst.registry import MODELS


@MODELS.register_module()
class ConfidentRatio(nn.Module):
    """All pixels are labeled, weighted by the share of confident ones.

    The pseudo-labels of DACS, DAFormer and FST for domain adaptation: ONE
    number weighs the whole batch; see
    :func:`mmseg_fst.ops.confident_ratio`.

    Args:
        threshold (float): Confidence from which a pixel counts, in [0, 1].
            Defaults to 0.968, the value of DACS.
        ignore_top (int): Rows without weight at the top. Defaults to 0.
        ignore_bottom (int): Rows without weight at the bottom. Defaults to 0.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 threshold: float = 0.968,
                 ignore_top: int = 0,
                 ignore_bottom: int = 0) -> None:
        super().__init__()
        if not 0 <= threshold <= 1:
            raise ValueError(
                f'ConfidentRatio: threshold={threshold} is no confidence; '
                'give a number from 0 to 1.')
        if min(ignore_top, ignore_bottom) < 0:
            raise ValueError(
                f'ConfidentRatio: ignore_top={ignore_top} and '
                f'ignore_bottom={ignore_bottom} are numbers of rows; give 0 '
                'or more.')
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
        # Of the batch of all processes: their number changes nothing.
        all_reduce(ratio, 'mean')
        weight = ratio.expand(label.shape)
        return label, ignore_rows(weight, self.ignore_top, self.ignore_bottom)


@MODELS.register_module()
class Threshold(nn.Module):
    """Pixels count if the network is confident enough (FixMatch).

    Args:
        threshold (float): Confidence from which a pixel weighs 1, else 0, in
            [0, 1]; 0 counts all. Defaults to 0.95.

    Raises:
        ValueError: If the threshold is no confidence.
    """

    def __init__(self, threshold: float = 0.95) -> None:
        super().__init__()
        if not 0 <= threshold <= 1:
            raise ValueError(f'Threshold: threshold={threshold} is no '
                             'confidence; give a number from 0 to 1.')
        self.threshold = threshold

    def forward(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Label a batch.

        Args:
            logits (Tensor): Logits of shape (N, C, H, W).

        Returns:
            tuple[Tensor, Tensor]: ``label`` (N, H, W), int64 in [0, C), and
            ``weight`` (N, H, W), float32, 0 or 1.
        """
        dtype = torch.promote_types(logits.dtype, torch.float32)
        confidence, label = torch.softmax(logits, 1, dtype=dtype).max(1)
        return label, (confidence >= self.threshold).float()
