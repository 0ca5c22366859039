"""Pixel contrast: selection of anchors, positives and negatives; InfoNCE.

U2PL (Wang et al., CVPR 2022, "Semi-Supervised Semantic Segmentation Using
Unreliable Pseudo-Labels", section 3.3).
"""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .pseudo_labels import entropy_of, masked_percentile


class TeacherView(NamedTuple):
    """The teacher's outputs for labeled images, followed by mixed images.

    Attributes:
        logits (Tensor): Logits of shape (N, C, h, w), floating point.
        representation (Tensor): Representations of shape (N, D, h, w).
        label (Tensor): Class ids, and pseudo-labels before filtering, of
            shape (N, H, W), int64.
        num_labeled (int): Number of labeled images.
    """
    logits: Tensor
    representation: Tensor
    label: Tensor
    num_labeled: int


def rows_of(maps: Tensor) -> Tensor:
    """Flatten the pixels of maps to rows.

    Args:
        maps (Tensor): Maps of shape (N, C, h, w).

    Returns:
        Tensor: Rows of shape (N * h * w, C), ordered by image, row, column.
    """
    return maps.movedim(1, -1).flatten(0, -2)


def likelihood_rank(probability: Tensor) -> Tensor:
    """Rank of each class at a pixel; the most likely class has rank 0.

    Args:
        probability (Tensor): Probabilities of shape (N, C, h, w).

    Returns:
        Tensor: Ranks in [0, C), of shape (N, C, h, w), int64.
    """
    return probability.argsort(1, descending=True).argsort(1)


def split_by_entropy(probability: Tensor, valid: Tensor,
                     percent: float) -> tuple[Tensor, Tensor]:
    """Select the pixels of lowest and highest entropy (U2PL, equation 4).

    Args:
        probability (Tensor): Probabilities of shape (N, C, h, w), floating
            point.
        valid (Tensor): Pixels to select from, bool of shape (N, h, w).
        percent (float): Percentage of pixels in each selection, in [0, 50].

    Returns:
        tuple[Tensor, Tensor]: ``reliable`` (low entropy) and ``unreliable``
        (high entropy), bool of shape (N, h, w).
    """
    entropy = entropy_of(probability)
    low = entropy <= masked_percentile(entropy, valid, percent)
    high = entropy >= masked_percentile(entropy, valid, 100 - percent)
    return valid & low, valid & high


def membership(label: Tensor, num_classes: int) -> Tensor:
    """One-hot encoding of labels; all False for ids that are not a class.

    Args:
        label (Tensor): Class ids of shape (N, h, w), int64.
        num_classes (int): Number of classes C.

    Returns:
        Tensor: Bool of shape (N, C, h, w).
    """
    class_id = torch.arange(num_classes, device=label.device)
    return label[:, None] == class_id.view(1, -1, 1, 1)


def membership_as_released(label: Tensor, num_classes: int,
                           ignore_index: int) -> Tensor:
    """One-hot encoding with the bug of ``label_onehot`` in U2PL's release.

    The index of the release lacks the image. Therefore the first image
    receives the classes of all images, with unlabeled pixels as class 0, and
    the other images receive none. Only pixels that are ignored in the first
    image belong to no class.

    Args:
        label (Tensor): Class ids of shape (N, h, w), int64.
        num_classes (int): Number of classes C.
        ignore_index (int): Id of pixels without a label.

    Returns:
        Tensor: Bool of shape (N, C, h, w).
    """
    ignored = label == ignore_index
    member = membership(label.masked_fill(ignored, 0), num_classes)
    first = member.any(0, keepdim=True) & ~ignored[:1, None]
    return torch.cat([first, torch.zeros_like(member[1:])])


def select_pixels(
        probability: Tensor,
        member: Tensor,
        known: Tensor,
        reliable: Tensor,
        unreliable: Tensor,
        ranks: tuple[int, int] = (3, 20),
        own_class: bool = False) -> tuple[Tensor, Tensor]:
    """Select positive and negative pixels of each class (U2PL, eq. 9 to 14).

    A labeled pixel is a positive of its class, and a negative of each other
    class among the ``ranks[0]`` most likely ones. A reliable unlabeled pixel
    is a positive of its pseudo-label; an unreliable one is a negative of the
    classes whose rank is in ``[ranks[0], ranks[1])``.

    Args:
        probability (Tensor): Teacher probabilities of shape (N, C, h, w),
            floating point; labeled images come first.
        member (Tensor): One-hot (pseudo-)labels, bool of shape (N, C, h, w).
        known (Tensor): Pixels of the labeled images that have a label, bool
            of shape (L, h, w).
        reliable (Tensor): Unlabeled pixels of low entropy, bool of shape
            (N - L, h, w).
        unreliable (Tensor): Unlabeled pixels of high entropy, bool of shape
            (N - L, h, w).
        ranks (tuple[int, int]): First unlikely rank, and the end of the
            range, exclusive. Defaults to (3, 20).
        own_class (bool): Whether negatives of a class must be labeled as that
            class, as in U2PL's release; labeled pixels are then never
            negatives. Defaults to False.

    Returns:
        tuple[Tensor, Tensor]: ``positive`` and ``negative`` pixels of each
        class, bool of shape (N, C, h, w).
    """
    count, rank = len(known), likelihood_rank(probability)
    mistaken = (rank[:count] < ranks[0]) & ~member[:count]
    unlikely = (rank[count:] >= ranks[0]) & (rank[count:] < ranks[1])
    negative = torch.cat(
        [mistaken & known[:, None], unlikely & unreliable[:, None]])
    if own_class:
        negative &= member
    return member & torch.cat([known, reliable])[:, None], negative


def sum_by_class(rows: Tensor, member: Tensor) -> tuple[Tensor, Tensor]:
    """Sum the rows of each class.

    Args:
        rows (Tensor): Rows of shape (P, D), floating point.
        member (Tensor): Classes of each row, bool of shape (P, C).

    Returns:
        tuple[Tensor, Tensor]: Sums (C, D) and numbers of rows (C,), both of
        the dtype of ``rows``.
    """
    share = member.to(rows.dtype)
    return share.T @ rows, share.sum(0)


def sample_rows(rows: Tensor, count: int) -> Tensor:
    """Sample rows with replacement.

    The indices come from the CPU generator of PyTorch, so that they are the
    same on every device.

    Args:
        rows (Tensor): Rows of shape (P, ...), P at least 1.
        count (int): Number of samples.

    Returns:
        Tensor: Sampled rows of shape (count, ...).
    """
    index = torch.randint(len(rows), (count, ))
    return rows[index.to(rows.device, non_blocking=True)]


def info_nce(anchor: Tensor, positive: Tensor, negative: Tensor,
             temperature: float) -> Tensor:
    """InfoNCE of cosine similarities (van den Oord et al. 2018).

    Args:
        anchor (Tensor): Anchors of shape (A, D), floating point.
        positive (Tensor): Positive of all anchors, of shape (D,).
        negative (Tensor): Negatives of each anchor, of shape (A, K, D).
        temperature (float): Divisor of the similarities.

    Returns:
        Tensor: Mean loss over the anchors, a scalar.
    """
    other = torch.cat([positive.expand(len(anchor), 1, -1), negative], dim=1)
    similarity = F.cosine_similarity(anchor[:, None], other, dim=2)
    return similarity_nce(similarity / temperature)


def similarity_nce(similarity: Tensor) -> Tensor:
    """InfoNCE of similarities.

    Args:
        similarity (Tensor): Similarities divided by the temperature, of shape
            (A, 1 + K); the positives come first.

    Returns:
        Tensor: Mean loss over the anchors, a scalar.
    """
    # InfoNCE is a cross-entropy in which the positive is class 0.
    target = torch.zeros(
        len(similarity), dtype=torch.long, device=similarity.device)
    return F.cross_entropy(similarity, target)
