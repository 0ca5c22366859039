"""Confusion matrices that are counted where the predictions are."""
import torch
from torch import Tensor


def count_confusion_(matrix: Tensor, label: Tensor, prediction: Tensor,
                     ignore_index: int) -> None:
    """Add the pixels of an image to a confusion matrix, in place.

    Nothing is read back, so that a GPU need not be waited for, as
    :func:`torch.bincount` would; counts are exact.

    Args:
        matrix (Tensor): Of shape (C + 1, C + 1), int64: rows are labels,
            columns predictions, the last ones all ids outside of [0, C).
            Changed in place.
        label (Tensor): Class ids of any shape and integer dtype.
        prediction (Tensor): Class ids of the same shape.
        ignore_index (int): Label of pixels that are not counted.

    Raises:
        ValueError: If the two differ in shape.
    """
    if label.shape != prediction.shape:
        raise ValueError(
            f'A label of shape {tuple(label.shape)} cannot be compared with '
            f'a prediction of {tuple(prediction.shape)}; both must have the '
            'size that is scored.')
    side = len(matrix)
    label = label.to(matrix.device, torch.int32)
    pairs = _inside(label, side - 1).mul_(side).add_(
        _inside(prediction.to(matrix.device, torch.int32), side - 1))
    counted = (label != ignore_index).to(matrix.dtype)
    matrix.view(-1).index_add_(0, pairs.flatten(), counted.flatten())


def _inside(ids: Tensor, count: int) -> Tensor:
    """New ids, with ``count`` for all that are outside of [0, count)."""
    return torch.where((ids >= 0) & (ids < count), ids, count)
