"""The published metrics for SYNTHIA -> Cityscapes."""
import numpy as np
from mmengine.logging import MMLogger, print_log

from mmseg_fst.registry import METRICS

from .confusion_iou import ConfusionIoUMetric

# Classes that SYNTHIA does not label.
_NOT_IN_SYNTHIA = ('terrain', 'truck', 'train')
# Older papers also leave out these classes, whose IoU was close to 0.
_SMALL = ('wall', 'fence', 'pole')
_LEFT_OUT = dict(mIoU16=_NOT_IN_SYNTHIA, mIoU13=_NOT_IN_SYNTHIA + _SMALL)


@METRICS.register_module()
class SynthiaIoUMetric(ConfusionIoUMetric):
    """IoU over 19, 16 and 13 classes of Cityscapes.

    In addition to the metrics of :class:`mmseg.evaluation.IoUMetric`, which
    documents the arguments, it reports ``mIoU16``, without the classes that
    SYNTHIA does not label, and ``mIoU13``, also without wall, fence and pole
    (Tsai et al. 2018, Zou et al. 2018). All are means of the same IoUs: a
    pixel of an excluded class still counts as a false positive of the class
    predicted for it. A class that occurs neither in labels nor in predictions
    is excluded from all means.

    Example:
        >>> val_evaluator = dict(type='SynthiaIoUMetric',
        ...                      iou_metrics=['mIoU'])
    """

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the metrics of the whole data set.

        Args:
            results (list[Tensor]): For each process a confusion matrix of
                shape (C + 1, C + 1), int64.

        Returns:
            dict[str, float]: The metrics, in percent.

        Raises:
            ValueError: If the data set lacks a class of Cityscapes.
        """
        metrics = super().compute_metrics(results)
        if self.format_only:
            return metrics
        classes = list(self.dataset_meta['classes'])
        missing = set(_LEFT_OUT['mIoU13']) - set(classes)
        if missing:
            raise ValueError(
                'SynthiaIoUMetric requires the classes of Cityscapes; the '
                f'data set has no {", ".join(sorted(missing))}. Use '
                'ConfusionIoUMetric.')
        ious = self.total_area_to_metrics(
            *self._areas(), metrics=['mIoU'],
            nan_to_num=self.nan_to_num)['IoU']
        for name, left_out in _LEFT_OUT.items():
            scored = [name not in left_out for name in classes]
            metrics[name] = np.round(np.nanmean(ious[scored]) * 100, 2)
            print_log(
                f'{name}: {metrics[name]:.2f} (without '
                f'{", ".join(left_out)})', MMLogger.get_current_instance())
        return metrics
