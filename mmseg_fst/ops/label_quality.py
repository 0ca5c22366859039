"""How good pseudo-labels are: counts of pixels, and what follows from them."""
from typing import NamedTuple, Optional

import torch
from torch import Tensor

#: Bins of equal width that confidences are sorted into.
NUM_BINS = 15


class LabelCounts(NamedTuple):
    """Counts of pixels; those of several batches may be added up.

    C classes, B bins of confidence; all float64. The first two are of all
    pixels with a pseudo-label, the others of those whose true label is known.

    Attributes:
        named (Tensor): Pixels by pseudo-label, of shape (C,).
        weight (Tensor): Sum of their weights, of shape (C,).
        true (Tensor): Pixels by true class, of shape (C,).
        judged (Tensor): Pixels by pseudo-label and bin, of shape (C, B).
        right (Tensor): Those of them that are right, of shape (C, B).
        confidence (Tensor): Sum of their confidences, of shape (C, B).
    """
    named: Tensor
    weight: Tensor
    true: Tensor
    judged: Tensor
    right: Tensor
    confidence: Tensor


def count_labels(label: Tensor,
                 weight: Tensor,
                 confidence: Tensor,
                 num_classes: int,
                 truth: Optional[Tensor] = None) -> LabelCounts:
    """Count the pixels of a batch of pseudo-labels.

    Args:
        label (Tensor): Pseudo-labels of shape (N, H, W), int64; what is not
            in [0, num_classes) does not count.
        weight (Tensor): Their weights, of the same shape, in [0, 1].
        confidence (Tensor): Probabilities of the labels, of the same shape,
            in [0, 1].
        num_classes (int): Number of classes C.
        truth (Tensor, optional): True class ids of the same shape; ids beyond
            the classes are not known. Defaults to None: none is.

    Returns:
        LabelCounts: On the device of ``label``.
    """
    if truth is None:
        truth = torch.full_like(label, num_classes)

    def total(index: Tensor, size: int, values: Optional[Tensor] = None):
        if values is None:
            values = torch.ones_like(index)
        return torch.bincount(index, values.double(), size)

    named = (label >= 0) & (label < num_classes)
    judged = named & (truth >= 0) & (truth < num_classes)
    bins = (confidence[judged] * NUM_BINS).long().clamp(max=NUM_BINS - 1)
    place = label[judged] * NUM_BINS + bins
    size, shape = num_classes * NUM_BINS, (num_classes, NUM_BINS)
    return LabelCounts(
        named=total(label[named], num_classes),
        weight=total(label[named], num_classes, weight[named]),
        true=total(truth[judged], num_classes),
        judged=total(place, size).view(shape),
        right=total(place, size, (label == truth)[judged]).view(shape),
        confidence=total(place, size, confidence[judged]).view(shape))


def label_quality(counts: LabelCounts) -> dict[str, Tensor]:
    """Quality of pseudo-labels over all classes, in percent.

    Args:
        counts (LabelCounts): Of one or several batches.

    Returns:
        dict[str, Tensor]: Scalars, no number where nothing counts:
        ``coverage``, the mean weight; ``accuracy``, the share that is right,
        whatever its weight; ``mIoU`` over the classes that occur; and
        ``calibration_error``, the mean distance of confidence and accuracy in
        a bin (expected calibration error, Guo et al. 2017).
    """
    iou = quality_by_class(counts)['iou']
    return dict(
        coverage=_percent(counts.weight.sum(), counts.named.sum()),
        accuracy=_percent(counts.right.sum(), counts.judged.sum()),
        mIoU=iou.nanmean(),
        calibration_error=_calibration_error(
            *(count.sum(0, keepdim=True) for count in counts[3:]))[0])


def quality_by_class(counts: LabelCounts) -> dict[str, Tensor]:
    """Quality of pseudo-labels by class, in percent.

    Args:
        counts (LabelCounts): Of one or several batches.

    Returns:
        dict[str, Tensor]: Of shape (C,), no number where nothing counts. By
        the pseudo-label: ``share``, of all pseudo-labels, ``coverage``,
        ``accuracy`` and ``calibration_error``, see :func:`label_quality`;
        and ``iou`` with the true label.
    """
    right, judged = counts.right.sum(1), counts.judged.sum(1)
    return dict(
        share=_percent(counts.named, counts.named.sum()),
        coverage=_percent(counts.weight, counts.named),
        accuracy=_percent(right, judged),
        iou=_percent(right, judged + counts.true - right),
        calibration_error=_calibration_error(*counts[3:]))


def _percent(part: Tensor, whole: Tensor) -> Tensor:
    """100 part / whole; no number for 0 / 0."""
    return 100 * part / whole


def _calibration_error(judged: Tensor, right: Tensor,
                       confidence: Tensor) -> Tensor:
    """Expected calibration error, of shape (C,), from counts (C, B)."""
    return _percent((confidence - right).abs().sum(1), judged.sum(1))
