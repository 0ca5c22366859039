"""Confusion matrices on the device of the predictions."""
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


def _inside(ids: Tensor, count: int) -> Tensor:
    """Replace ids outside of [0, count) by ``count``; returns a copy."""
    return torch.where((ids >= 0) & (ids < count), ids, count)
