"""From the teacher's logits to labels and weights of pixels."""
from collections.abc import Sequence

import torch
from torch import Tensor


def confident_ratio(logits: Tensor,
                    threshold: float) -> tuple[Tensor, Tensor]:
    """Labels by argmax, and the share of confident pixels.

    DACS (Tranheden et al. 2021, section 3.3): a pixel is confident if its
    largest softmax value is at least ``threshold``.

    Args:
        logits (Tensor): Teacher logits of shape (N, C, H, W), floating.
        threshold (float): Confidence in [0, 1].

    Returns:
        tuple[Tensor, Tensor]: ``label`` (N, H, W), int64 in [0, C), and
        ``ratio``, a float32 scalar in [0, 1].
    """
    # Half-precision logits would round confidences near the threshold.
    dtype = torch.promote_types(logits.dtype, torch.float32)
    confidence, label = torch.softmax(logits, 1, dtype=dtype).max(1)
    confident = (confidence >= threshold).sum(dtype=torch.float64)
    return label, (confident / confidence.numel()).float()


def ignore_rows(weight: Tensor, top: int, bottom: int) -> Tensor:
    """Zero the weight of the first and last rows of each image.

    Pseudo-labels there are least to be trusted: rectification artefacts on
    top, the bonnet of the car at the bottom (DAFormer, section 3).

    Args:
        weight (Tensor): Pixel weights of shape (N, H, W).
        top (int): Rows to zero at the top, at least 0.
        bottom (int): Rows to zero at the bottom, at least 0.

    Returns:
        Tensor: A copy, of shape (N, H, W).
    """
    weight = weight.clone()
    weight[:, :top] = 0
    weight[:, max(0, weight.shape[1] - bottom):] = 0
    return weight


def ignore_padding(weight: Tensor, sizes: Sequence[Sequence[int]]) -> Tensor:
    """Zero the weight of pixels that were added to fill up a batch.

    Args:
        weight (Tensor): Pixel weights of shape (N, H, W).
        sizes (Sequence[Sequence[int]]): Height and width of each image; what
            lies to the right and below is padding.

    Returns:
        Tensor: ``weight`` if nothing is padded, else a copy, of shape
        (N, H, W).
    """
    full = tuple(weight.shape[1:])
    if all(tuple(size) == full for size in sizes):
        return weight
    weight = weight.clone()
    for one, (height, width) in zip(weight, sizes):
        one[height:] = 0
        one[:, width:] = 0
    return weight
