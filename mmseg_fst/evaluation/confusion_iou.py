"""IoU from a confusion matrix on the device."""
from collections.abc import Sequence
from typing import Optional

import torch
from mmengine.dist import get_rank, get_world_size
from mmseg.evaluation import IoUMetric
from torch import Tensor

from mmseg_fst.ops import count_confusion_
from mmseg_fst.registry import METRICS


@METRICS.register_module()
class ConfusionIoUMetric(IoUMetric):
    """The scores of ``IoUMetric``, counted without waiting for the device.

    :class:`mmseg.evaluation.IoUMetric`, which takes the arguments, makes
    three histograms of every image and fetches each from the device. Here the
    pixels are counted in one int64 matrix, where the predictions are; it is
    fetched once, and added over all processes. Counts stay exact where sums
    in float32 end, at 16 million pixels. ``output_dir`` writes predictions as
    there.

    Samplers repeat images for all processes to have as many. What is over
    the size of the data set is the last image of a process, if the images
    were dealt out in turns; it is held back until the size is known.
    """

    #: Counts of all images but the last, and of the last; None before one.
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
            self.results.clear()  # counted below, if at all
        if self.format_only:
            return
        for sample in data_samples:
            self._add(sample['gt_sem_seg']['data'],
                      sample['pred_sem_seg']['data'])

    def _add(self, label: Tensor, prediction: Tensor) -> None:
        """Count an image and hold it back, in place of the one before."""
        if self._last is None:
            side = len(self.dataset_meta['classes']) + 1
            self._total, self._last = torch.zeros(
                2, side, side, dtype=torch.int64, device=prediction.device)
        self._total.add_(self._last)
        count_confusion_(self._last.zero_(), label, prediction,
                         self.ignore_index)
        self._count += 1

    def evaluate(self, size: int) -> dict[str, float]:
        """Score what all processes have counted.

        Args:
            size (int): Number of images of the data set.

        Returns:
            dict[str, float]: The metrics, in percent.

        Raises:
            ValueError: If more than one image was repeated in this process.
        """
        if self._last is not None:
            self.results = [self._areas(size)]
        metrics = super().evaluate(size)
        self._total = self._last = None
        self._count = 0
        return metrics

    def _areas(self, size: int) -> tuple[Tensor, ...]:
        """What ``compute_metrics`` takes, of all images of this process."""
        # Image i of process r is number i * processes + r of all.
        due = len(range(get_rank(), size, get_world_size()))
        if self._count > due + 1:
            raise ValueError(
                f'{type(self).__name__} has counted {self._count} images in '
                f'this process, but {due} of the {size} of the data set are '
                'due here. Take DefaultSampler with round_up=True, or '
                'IoUMetric, which keeps the counts of each image.')
        matrix = self._total if self._count > due else self._total + self._last
        # Divided, int64 would become float32.
        matrix = matrix.cpu().double()
        intersection = matrix.diagonal()[:-1]
        predicted, labeled = matrix.sum(0)[:-1], matrix.sum(1)[:-1]
        union = predicted + labeled - intersection
        return intersection, union, predicted, labeled
