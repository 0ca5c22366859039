"""IoU from a confusion matrix that is accumulated on the device."""
from collections.abc import Sequence
from typing import Optional, cast

import torch
from mmengine.dist import get_rank, get_world_size
from mmseg.evaluation import IoUMetric
from torch import Tensor

from mmseg_fst.ops import count_confusion_
from mmseg_fst.registry import METRICS


@METRICS.register_module()
class ConfusionIoUMetric(IoUMetric):
    """``IoUMetric`` without host synchronization per image.

    :class:`mmseg.evaluation.IoUMetric`, which documents the arguments,
    computes three histograms of every image and copies each to the host.
    Here the pixels are counted in one int64 confusion matrix on the device
    of the predictions. It is copied once, and summed over all processes.
    Counts are exact, whereas sums in float32 lose pixels above 16 million.
    ``output_dir`` writes predictions as in ``IoUMetric``. After
    :meth:`evaluate`, ``confusion`` is the matrix of all processes, see
    :func:`mmseg_fst.ops.count_confusion_`, in the main process.

    Distributed samplers repeat images so that all processes have the same
    number. With interleaved sampling a repeated image is the last one of its
    process; therefore the counts of the last image are kept separately until
    the size of the data set is known.

    Example:
        >>> val_evaluator = dict(type='ConfusionIoUMetric',
        ...                      iou_metrics=['mIoU'])
    """

    confusion: Optional[Tensor] = None
    # Confusion matrices of all images but the last, and of the last image;
    # None before the first image.
    _total: Optional[Tensor] = None
    _last: Optional[Tensor] = None
    _count = 0

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count a batch.

        Args:
            data_batch (dict): The batch, not used.
            data_samples (Sequence[dict]): Data samples as dicts, with
                ``gt_sem_seg`` and ``pred_sem_seg``.
        """
        if self.format_only or self.output_dir is not None:
            super().process(data_batch, data_samples)
            # The parent's histograms are not used.
            self.results.clear()
        if self.format_only:
            return
        for sample in data_samples:
            self._add(sample['gt_sem_seg']['data'],
                      sample['pred_sem_seg']['data'])

    def _add(self, label: Tensor, prediction: Tensor) -> None:
        """Count an image; add the previous one to the total."""
        if self._total is None or self._last is None:
            side = len(self.dataset_meta['classes']) + 1
            self._total, self._last = torch.zeros(
                2, side, side, dtype=torch.int64, device=prediction.device)
        self._total.add_(self._last)
        count_confusion_(self._last.zero_(), label, prediction,
                         self.ignore_index)
        self._count += 1

    def evaluate(self, size: int) -> dict[str, float]:
        """Compute the metrics from the counts of all processes.

        Args:
            size (int): Number of images of the data set.

        Returns:
            dict[str, float]: The metrics, in percent.

        Raises:
            ValueError: If more than one image was repeated in this process.
        """
        self.confusion = None
        if self._last is not None:
            self.results = [self._matrix(size)]
        metrics = super().evaluate(size)
        self._total = self._last = None
        self._count = 0
        return metrics

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the metrics of the whole data set.

        Args:
            results (list[Tensor]): For each process a confusion matrix of
                shape (C + 1, C + 1), int64.

        Returns:
            dict[str, float]: The metrics, in percent.
        """
        if self.format_only:
            return super().compute_metrics(results)
        self.confusion = sum(results)
        return super().compute_metrics([self._areas()])

    def _matrix(self, size: int) -> Tensor:
        """Confusion matrix over all images of this process, on the CPU."""
        if self._total is None or self._last is None:
            raise RuntimeError(f'{type(self).__name__} has counted no image; '
                               'call process() first.')
        # Image i of process r has the index i * world_size + r.
        due = len(range(get_rank(), size, get_world_size()))
        if self._count > due + 1:
            raise ValueError(
                f'{type(self).__name__} has counted {self._count} images in '
                f'this process, but expects {due} of the {size} images of '
                'the data set. Use DefaultSampler with round_up=True, or '
                'IoUMetric, which stores the counts of each image.')
        matrix = self._total if self._count > due else self._total + self._last
        return matrix.cpu()

    def _areas(self) -> tuple[Tensor, ...]:
        """Areas of intersection, union, predictions and labels, of (C,)."""
        # The parent divides the areas, and int64 / int64 is float32.
        matrix = cast(Tensor, self.confusion).double()
        intersection = matrix.diagonal()[:-1]
        predicted, labeled = matrix.sum(0)[:-1], matrix.sum(1)[:-1]
        union = predicted + labeled - intersection
        return intersection, union, predicted, labeled
