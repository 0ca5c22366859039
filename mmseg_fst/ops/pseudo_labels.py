"""Pseudo-labels and pixel weights from logits."""
from collections.abc import Sequence
from typing import Optional

import torch
from torch import Tensor

from .class_scores import class_probabilities


def confident_ratio(logits: Tensor,
                    threshold: float) -> tuple[Tensor, Tensor]:
    """Labels by argmax, and the fraction of confident pixels.

    DACS (Tranheden et al. 2021, section 3.3): a pixel is confident if its
    largest softmax value is at least ``threshold``.

    Args:
        logits (Tensor): Teacher logits of shape (N, C, H, W), floating
            point.
        threshold (float): Minimum confidence, in [0, 1].

    Returns:
        tuple[Tensor, Tensor]: ``label`` (N, H, W), int64 in [0, C), and
        ``ratio``, a float32 scalar in [0, 1].
    """
    # Half-precision logits would round confidences near the threshold.
    dtype = torch.promote_types(logits.dtype, torch.float32)
    confidence, label = class_probabilities(logits, dtype).max(1)
    # float64: float32 cannot count more than 2**24 pixels.
    confident = (confidence >= threshold).sum(dtype=torch.float64)
    return label, (confident / confidence.numel()).float()


def confident_shares(confidence: Tensor, label: Tensor, threshold: float,
                     ignore_index: int = 255) -> Tensor:
    """Share of confident pixels of each image, among those with a label.

    Args:
        confidence (Tensor): Of shape (N, H, W), in [0, 1].
        label (Tensor): Class ids of shape (N, H, W), int64.
        threshold (float): Minimum confidence, in [0, 1].
        ignore_index (int): Id of pixels without a label. Defaults to 255.

    Returns:
        Tensor: Shares of shape (N,), in [0, 1], of the type of
        ``confidence``.
    """
    valid = label != ignore_index
    confident = (confidence >= threshold) & valid
    share = (confident.flatten(1).sum(1).double()
             / valid.flatten(1).sum(1).clamp(min=1))
    return share.to(confidence.dtype)


def agreement(labels: Sequence[Tensor], ignore_index: int = 255) -> Tensor:
    """Fraction of pixels for which all networks predict the same class.

    Args:
        labels (Sequence[Tensor]): Class ids of each network, int64 of shape
            (N, H, W).
        ignore_index (int): Id of pixels without a label, which are not
            counted. Defaults to 255.

    Returns:
        Tensor: A float32 scalar in [0, 1]; 0 if no pixel is counted.
    """
    first, *others = labels
    valid = first != ignore_index
    agree = valid.clone()
    for label in others:
        agree &= label == first
    return agree.sum().float() / valid.sum().clamp(min=1)


def ignore_rows(weight: Tensor, top: int, bottom: int) -> Tensor:
    """Set the weight of the first and last rows of each image to zero.

    Pseudo-labels are least reliable there: rectification artifacts at the
    top, the hood of the ego vehicle at the bottom (DAFormer, section 3).

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


def ignore_padding(label: Tensor,
                   sizes: Sequence[Sequence[int]],
                   ignore_index: int = 255,
                   corners: Optional[Sequence[Sequence[int]]] = None
                   ) -> Tensor:
    """Ignore the labels of padding.

    Args:
        label (Tensor): Class ids of shape (N, H, W), int64.
        sizes (Sequence[Sequence[int]]): Height and width of each image before
            padding.
        ignore_index (int): Id of pixels without a label. Defaults to 255.
        corners (Sequence[Sequence[int]], optional): Row and column at which
            each image begins. Defaults to None: padding is at the right and
            at the bottom.

    Returns:
        Tensor: ``label`` itself without padding, else a copy, of shape
        (N, H, W).
    """
    full = tuple(label.shape[1:])
    if all(tuple(size) == full for size in sizes):
        return label
    label = label.clone()
    corners = corners or [(0, 0)] * len(sizes)
    for label_map, (height, width), (top, left) in zip(label, sizes, corners):
        label_map[:top] = ignore_index
        label_map[top + height:] = ignore_index
        label_map[:, :left] = ignore_index
        label_map[:, left + width:] = ignore_index
    return label


def weigh_boxes(weight: Tensor, boxes: Sequence[Optional[Sequence[int]]],
                corners: Sequence[Sequence[int]]) -> Tensor:
    """Set the weight outside of a box of each image to zero.

    Args:
        weight (Tensor): Pixel weights of shape (N, H, W).
        boxes (Sequence): Top, bottom, left and right of each box in its
            image; None for the whole image.
        corners (Sequence[Sequence[int]]): Row and column at which each image
            begins within its padding.

    Returns:
        Tensor: ``weight`` itself without boxes, else a copy, of shape
        (N, H, W).
    """
    if all(box is None for box in boxes):
        return weight
    weighted = weight.clone()
    for image, box, (row, column) in zip(weighted, boxes, corners):
        if box is not None:
            top, bottom, left, right = box
            inside = torch.zeros_like(image)
            inside[row + top:row + bottom, column + left:column + right] = 1
            image *= inside
    return weighted


def scale_sizes(sizes: Sequence[Sequence[int]], full: Sequence[int],
                low: Sequence[int]) -> list[list[int]]:
    """Sizes of images without padding, on their feature maps.

    Args:
        sizes (Sequence[Sequence[int]]): Height and width of each image.
        full (Sequence[int]): Height and width with padding.
        low (Sequence[int]): Height and width of the feature maps.

    Returns:
        list[list[int]]: Height and width of each, rounded.
    """
    return [[
        round(side * short / long)
        for side, long, short in zip(size, full, low)
    ] for size in sizes]


def entropy_of(probability: Tensor) -> Tensor:
    """Entropy of the class probabilities of each pixel, in nats.

    Args:
        probability (Tensor): Probabilities of shape (N, C, H, W).

    Returns:
        Tensor: Entropies of shape (N, H, W).
    """
    # 1e-10 as in U2PL's release: log(0) would make the product NaN.
    return -(probability * torch.log(probability + 1e-10)).sum(1)


def masked_percentile(values: Tensor, valid: Tensor,
                      percentile: float) -> Tensor:
    """Percentile of the valid values, linearly interpolated as in NumPy.

    There is no host synchronization.

    Args:
        values (Tensor): Values of any shape, floating point.
        valid (Tensor): Values to use, bool of the same shape.
        percentile (float): Percentile in [0, 100].

    Returns:
        Tensor: A scalar; NaN without any valid value.
    """
    ordered = values.masked_fill(~valid, torch.inf).flatten().sort().values
    # In float32, ranks above 2**24 would be rounded, the last one out of
    # range.
    rank = percentile / 100 * (valid.sum() - 1).clamp(min=0).double()
    low = rank.floor().long()
    high = (low + 1).clamp(max=len(ordered) - 1)
    # `ordered[low]` would synchronize with the device.
    below, above = ordered.take(low), ordered.take(high)
    # An exact rank must not read the next value, which may be infinite.
    above = torch.where(rank > low, above, below)
    return below + (above - below) * (rank - low).to(values.dtype)


def drop_uncertain(logits: Tensor, label: Tensor, percentile: float,
                   ignore_index: int = 255) -> tuple[Tensor, Tensor]:
    """Ignore the labels of the pixels with the highest entropy.

    U2PL (Wang et al. 2022, equation 4): the threshold is a percentile of the
    entropies of all labeled pixels of the batch; labels at or above it are
    dropped. There is no host synchronization.

    Args:
        logits (Tensor): Logits of shape (N, C, H, W), floating point.
        label (Tensor): Class ids of shape (N, H, W), int64.
        percentile (float): Percentile in [0, 100]; at 100 only the pixels of
            maximum entropy are dropped.
        ignore_index (int): Id of pixels without a label. Defaults to 255.

    Returns:
        tuple[Tensor, Tensor]: ``label`` (N, H, W), int64, with
        ``ignore_index`` at dropped pixels, and ``ratio``, the number of all
        pixels divided by the number of remaining ones, a scalar.
    """
    dtype = torch.promote_types(logits.dtype, torch.float32)
    probability = class_probabilities(logits, dtype)
    entropy = entropy_of(probability)
    valid = label != ignore_index
    threshold = masked_percentile(entropy, valid, percentile)
    remaining = valid & (entropy < threshold)
    label = label.masked_fill(~remaining, ignore_index)
    return label, label.numel() / remaining.sum().clamp(min=1).to(dtype)
