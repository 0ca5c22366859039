"""Confusion matrices on the device of the predictions."""
from typing import Optional

import torch
from torch import Tensor


def count_confusion_(matrix: Tensor, label: Tensor, prediction: Tensor,
                     ignore_index: int) -> None:
    """Add the pixels of an image to a confusion matrix, in place.

    There is no host synchronization, unlike with :func:`torch.bincount`, and
    counts are exact.

    Args:
        matrix (Tensor): Confusion matrix of shape (C + 1, C + 1), int64. Rows
            are labels, columns predictions; the last row and column count
            all ids outside of [0, C). Changed in place.
        label (Tensor): Class ids of any shape and integer dtype.
        prediction (Tensor): Class ids of the same shape.
        ignore_index (int): Label of pixels that are not counted.

    Raises:
        ValueError: If the two shapes differ.
    """
    if label.shape != prediction.shape:
        raise ValueError(
            f'The label has shape {tuple(label.shape)}, but the prediction '
            f'has {tuple(prediction.shape)}; resize one of them.')
    side = len(matrix)
    # int32 halves the memory of the temporaries.
    label = label.to(matrix.device, torch.int32)
    pairs = _inside(label, side - 1).mul_(side).add_(
        _inside(prediction.to(matrix.device, torch.int32), side - 1))
    counted = (label != ignore_index).to(matrix.dtype)
    matrix.view(-1).index_add_(0, pairs.flatten(), counted.flatten())


def count_classes_(counts: Tensor, label: Tensor,
                   counted: Optional[Tensor] = None) -> None:
    """Add the pixels of label maps to counts by class, in place.

    There is no host synchronization, unlike with :func:`torch.bincount`.

    Args:
        counts (Tensor): Pixels of each class, of shape (C + 1,), int64; the
            last element counts all ids outside of [0, C). Changed in place.
        label (Tensor): Class ids of any shape and integer dtype, on the
            device of ``counts``.
        counted (Tensor, optional): Whether to count each pixel, bool of the
            same shape. Defaults to None: all are counted.
    """
    ids = _inside(label.to(torch.int32), len(counts) - 1)
    number = (torch.ones_like(ids, dtype=counts.dtype) if counted is None else
              counted.to(counts.dtype))
    counts.index_add_(0, ids.flatten(), number.flatten())


def scores_by_class(matrix: Tensor) -> dict[str, Tensor]:
    """Scores of each class from a confusion matrix, in percent.

    Args:
        matrix (Tensor): Of :func:`count_confusion_`, of shape
            (C + 1, C + 1), int64.

    Returns:
        dict[str, Tensor]: Tensors of shape (C,), float64: ``IoU``, ``Dice``
        (the F1 score), ``precision``, ``recall``, and the shares of the class
        in all labels, ``labeled``, and in all predictions, ``predicted``.
        NaN for 0 / 0: precision if the class is never predicted, recall if it
        is not in the labels, all others if neither.
    """
    matrix = matrix.double()
    right = matrix.diagonal()[:-1]
    labeled, predicted = matrix.sum(1)[:-1], matrix.sum(0)[:-1]
    return dict(
        IoU=100 * right / (labeled + predicted - right),
        Dice=200 * right / (labeled + predicted),
        precision=100 * right / predicted,
        recall=100 * right / labeled,
        labeled=100 * labeled / matrix.sum(),
        predicted=100 * predicted / matrix.sum())


def _inside(ids: Tensor, count: int) -> Tensor:
    """Replace ids outside of [0, count) by ``count``; returns a copy."""
    return torch.where((ids >= 0) & (ids < count), ids, count)
