"""The scores that are published for SYNTHIA -> Cityscapes."""
import numpy as np
from mmengine.logging import MMLogger, print_log

from mmseg_fst.registry import METRICS

from .confusion_iou import ConfusionIoUMetric

# SYNTHIA does not label these.
_NOT_IN_SYNTHIA = ('terrain', 'truck', 'train')
# Older methods were scored without these, too: their IoU was close to 0.
_SMALL = ('wall', 'fence', 'pole')
_LEFT_OUT = dict(mIoU16=_NOT_IN_SYNTHIA, mIoU13=_NOT_IN_SYNTHIA + _SMALL)


@METRICS.register_module()
class SynthiaIoUMetric(ConfusionIoUMetric):
    """IoU over 19, 16 and 13 classes of Cityscapes.

    Beside the scores of :class:`mmseg.evaluation.IoUMetric`, which takes the
    arguments, there are ``mIoU16``, without the classes that SYNTHIA does not
    label, and ``mIoU13``, without wall, fence and pole in addition (Tsai et
    al. 2018, Zou et al. 2018). They are means of the same IoUs: a pixel of a
    class that is left out still counts as an error of the class that it is
    taken for. A class that is neither shown nor predicted is left out of all
    means.
    """

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the scores of the whole data set.

        Args:
            results (list[tuple[Tensor]]): For each process the areas of
                intersection, union, prediction and label, each of shape
                (classes, ).

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
                'SynthiaIoUMetric scores the classes of Cityscapes; the data '
                f'set has no {", ".join(sorted(missing))}. Use '
                'ConfusionIoUMetric.')
        areas = [sum(areas) for areas in zip(*results)]
        ious = self.total_area_to_metrics(
            *areas, metrics=['mIoU'], nan_to_num=self.nan_to_num)['IoU']
        for name, left_out in _LEFT_OUT.items():
            kept = [one not in left_out for one in classes]
            metrics[name] = np.round(np.nanmean(ious[kept]) * 100, 2)
            print_log(
                f'{name}: {metrics[name]:.2f} (without '
                f'{", ".join(left_out)})', MMLogger.get_current_instance())
        return metrics
