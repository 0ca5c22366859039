"""Pseudo-label filters: the teacher re-evaluates the mixed batch."""
from typing import Optional

from torch import Tensor, nn

from mmseg_fst.ops import drop_uncertain
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_epochs, check_range
from mmseg_fst.utils.progress import training_progress


@MODELS.register_module()
class EntropyPercentile(nn.Module):
    """Drop the pseudo-labels for which the teacher is least certain.

    The reliable pixels of U2PL (Wang et al. 2022, equations 4 and 5), see
    :func:`mmseg_fst.ops.drop_uncertain`. The loss is multiplied by the number
    of all pixels divided by the number of remaining pixels.

    Args:
        percentile (float): Labels with an entropy at or above this percentile
            are dropped, in [0, 100]. Defaults to 80.
        final (float, optional): Percentile at the end of the training; it
            changes linearly with the iteration (100 in U2PL). Defaults to
            None: constant.
        epochs (int, optional): Number of epochs of the training, if the
            percentile changes only between epochs, as in U2PL's release.
            Defaults to None.
        batch_statistics (bool): Whether the batch normalization of the
            teacher uses the statistics of the mixed batch, and updates its
            running statistics, as in the releases of U2PL and FST. If False
            it uses its running statistics, for a hook with
            ``buffers='copy'``. Defaults to True.
        ignore_index (int): Id of pixels without a label. Defaults to 255.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 percentile: float = 80.,
                 final: Optional[float] = None,
                 epochs: Optional[int] = None,
                 batch_statistics: bool = True,
                 ignore_index: int = 255) -> None:
        super().__init__()
        final = percentile if final is None else final
        check_range(self, high=100, percentile=percentile, final=final)
        check_epochs(self, epochs)
        self.percentile = percentile
        self.final = final
        self.epochs = epochs
        self.batch_statistics = batch_statistics
        self.ignore_index = ignore_index

    def forward(self, logits: Tensor,
                label: Tensor) -> tuple[Tensor, Tensor]:
        """Filter a batch.

        Args:
            logits (Tensor): Teacher logits of the mixed images, of shape
                (N, C, H, W).
            label (Tensor): Pseudo-labels of shape (N, H, W), int64.

        Returns:
            tuple[Tensor, Tensor]: ``label`` (N, H, W), int64, and the factor
            of the loss, a scalar.
        """
        return drop_uncertain(logits, label, self.current, self.ignore_index)

    @property
    def current(self) -> float:
        """Percentile of the current iteration."""
        if self.percentile == self.final:
            return self.percentile
        change = (self.final - self.percentile) * training_progress(
            self.epochs)
        return self.percentile + change
