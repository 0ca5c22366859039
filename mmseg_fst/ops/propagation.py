"""Labels that spread along the correlation of positions: CorrMatch."""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from .precision import without_autocast


def correlation_map(query: Tensor, key: Tensor) -> Tensor:
    """Correlation of each position with all positions.

    CorrMatch (Sun et al., CVPR 2024): softmax(query^T key / sqrt(D)).

    Args:
        query (Tensor): Of shape (N, D, h, w).
        key (Tensor): Of shape (N, D, h, w).

    Returns:
        Tensor: Of shape (N, h w, h, w), one map for each position of
        ``query``; each map sums up to 1.
    """
    scores = query.flatten(2).transpose(1, 2) @ key.flatten(2)
    scores = scores / query.shape[1]**.5
    return torch.softmax(scores, -1).unflatten(2, key.shape[2:])


def spread(logits: Tensor, correlation: Tensor) -> Tensor:
    """Logits of each position, summed over the maps of all positions.

    Computed in float32 under autocast: sums over the 10201 positions of a
    crop of 801 pixels exceed the range of float16.

    Args:
        logits (Tensor): Logits of shape (N, C, h, w).
        correlation (Tensor): Of shape (N, h w, h, w).

    Returns:
        Tensor: Logits of shape (N, C, h, w).
    """
    dtype = torch.promote_types(logits.dtype, torch.float32)
    with without_autocast(logits.device):
        summed = logits.to(dtype).flatten(2) @ correlation.to(dtype).flatten(2)
    return summed.view_as(logits)


def region_masks(maps: Tensor, size: Sequence[int],
                 align_corners: bool) -> Tensor:
    """Regions in which maps are above the middle of their range.

    Args:
        maps (Tensor): Of shape (N, K, h, w).
        size (Sequence[int]): Height H and width W of the masks.
        align_corners (bool): As in :func:`torch.nn.functional.interpolate`.

    Returns:
        Tensor: Bool masks of shape (N, K, H, W), empty for constant maps.
    """
    maps = F.interpolate(
        maps, tuple(size), mode='bilinear', align_corners=align_corners)
    low, high = maps.amin((2, 3), True), maps.amax((2, 3), True)
    return (maps - low) / (high - low) > .5


def label_regions(label: Tensor, confident: Tensor, regions: Tensor,
                  threshold: Tensor,
                  num_classes: int) -> tuple[Tensor, Tensor]:
    """Give regions in which nearly all pixels agree one label.

    The region propagation of CorrMatch. A region gets the most frequent label
    of its confident pixels if at least a share ``threshold`` of its pixels is
    confident, and more than a share ``threshold`` of these have that label.
    Regions follow one another, each with the labels that earlier ones have
    changed; which pixels are confident does not change.

    Args:
        label (Tensor): Class ids of shape (N, H, W), int64.
        confident (Tensor): Confident pixels, bool of shape (N, H, W).
        regions (Tensor): Bool masks of shape (N, K, H, W).
        threshold (Tensor): A scalar in [0, 1].
        num_classes (int): Number of classes C.

    Returns:
        tuple[Tensor, Tensor]: ``label`` (N, H, W), and the pixels to learn
        from, bool of shape (N, H, W): the confident ones and the regions that
        got a label.
    """
    shape, classes = label.shape, torch.arange(
        num_classes, device=label.device)[:, None]
    label, used, regions = (
        label.flatten(1), confident.flatten(1), regions.flatten(2))
    voters = regions & used[:, None]
    counts = voters.sum(2)
    sure = (counts > 0) & (counts / regions.sum(2) >= threshold)
    for index in range(regions.shape[1]):
        votes = (label[:, None] == classes) & voters[:, index, None]
        most, winner = votes.sum(2).max(1)
        wins = sure[:, index] & (most / counts[:, index] > threshold)
        changed = regions[:, index] & wins[:, None]
        label = torch.where(changed, winner[:, None], label)
        used = used | changed
    return label.view(shape), used.view(shape)


def peak_confidence(confidence: Tensor, label: Tensor, valid: Tensor,
                    num_classes: int) -> Tensor:
    """Largest confidence of the pixels that are predicted as each class.

    Args:
        confidence (Tensor): Of shape (N, H, W), in (0, 1].
        label (Tensor): Predicted class ids of shape (N, H, W), int64.
        valid (Tensor): Pixels that count, bool of shape (N, H, W).
        num_classes (int): Number of classes C.

    Returns:
        Tensor: Of shape (C,); 0 for classes without a pixel.
    """
    counted = confidence.masked_fill(~valid, 0.)
    return confidence.new_zeros(num_classes).scatter_reduce(
        0, label.flatten(), counted.flatten(), 'amax')
