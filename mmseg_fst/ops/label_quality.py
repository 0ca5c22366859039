"""Quality of pseudo-labels: pixel counts, and metrics computed from them."""
from typing import NamedTuple, Optional

import torch
from torch import Tensor

#: Number of confidence bins of equal width.
NUM_BINS = 15


class LabelCounts(NamedTuple):
    """Pixel counts; the counts of several batches can be summed.

    C classes, B bins of confidence; all float64. ``named`` and ``weight``
    count all pixels with a pseudo-label, the others only pixels with a known
    true label.

    Attributes:
        named (Tensor): Pixels by pseudo-label, of shape (C,).
        weight (Tensor): Sum of their weights, of shape (C,).
        true (Tensor): Pixels by true class, of shape (C,).
        judged (Tensor): Pixels by pseudo-label and bin, of shape (C, B).
        right (Tensor): Correct pixels among them, of shape (C, B).
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
        label (Tensor): Pseudo-labels of shape (N, H, W), int64; ids outside
            of [0, num_classes) are not counted.
        weight (Tensor): Their weights, of the same shape, in [0, 1].
        confidence (Tensor): Probabilities of the labels, of the same shape,
            in [0, 1].
        num_classes (int): Number of classes C.
        truth (Tensor, optional): True class ids of the same shape; ids
            outside of [0, num_classes) are unknown. Defaults to None: all are
            unknown.

    Returns:
        LabelCounts: Counts on the device of ``label``.
    """
    if truth is None:
        truth = torch.full_like(label, num_classes)

    def total(group: Tensor, size: int, values: Optional[Tensor] = None):
        if values is None:
            values = torch.ones_like(group)
        return torch.bincount(group, values.double(), size)

    named = (label >= 0) & (label < num_classes)
    judged = named & (truth >= 0) & (truth < num_classes)
    bins = (confidence[judged] * NUM_BINS).long().clamp(max=NUM_BINS - 1)
    index = label[judged] * NUM_BINS + bins
    size, shape = num_classes * NUM_BINS, (num_classes, NUM_BINS)
    return LabelCounts(
        named=total(label[named], num_classes),
        weight=total(label[named], num_classes, weight[named]),
        true=total(truth[judged], num_classes),
        judged=total(index, size).view(shape),
        right=total(index, size, (label == truth)[judged]).view(shape),
        confidence=total(index, size, confidence[judged]).view(shape))


def label_quality(counts: LabelCounts) -> dict[str, Tensor]:
    """Quality of pseudo-labels over all classes, in percent.

    Args:
        counts (LabelCounts): Counts of one or several batches.

    Returns:
        dict[str, Tensor]: Scalars, NaN without any counted pixel:
        ``coverage``, the mean weight; ``accuracy``, the fraction of correct
        pixels, regardless of their weight; ``mIoU`` over the classes that
        occur; and ``calibration_error``, the expected calibration error (Guo
        et al. 2017): the mean distance of confidence and accuracy in a bin.

    Example:
        >>> counts = count_labels(label, weight, confidence, 19, truth)
        >>> label_quality(counts)['mIoU']
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
        counts (LabelCounts): Counts of one or several batches.

    Returns:
        dict[str, Tensor]: Tensors of shape (C,), NaN for classes without any
        counted pixel. By pseudo-label: ``share`` of all pseudo-labels,
        ``coverage``, ``accuracy`` and ``calibration_error``, see
        :func:`label_quality`; and ``iou`` with the true label.
    """
    right, judged = counts.right.sum(1), counts.judged.sum(1)
    return dict(
        share=_percent(counts.named, counts.named.sum()),
        coverage=_percent(counts.weight, counts.named),
        accuracy=_percent(right, judged),
        iou=_percent(right, judged + counts.true - right),
        calibration_error=_calibration_error(*counts[3:]))


def _percent(part: Tensor, whole: Tensor) -> Tensor:
    """100 part / whole; NaN for 0 / 0."""
    return 100 * part / whole


def _calibration_error(judged: Tensor, right: Tensor,
                       confidence: Tensor) -> Tensor:
    """Expected calibration error, of shape (C,), from counts (C, B)."""
    return _percent((confidence - right).abs().sum(1), judged.sum(1))
