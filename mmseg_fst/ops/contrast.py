"""Contrast of pixels: which are compared with which, and by how much.

U2PL (Wang et al., CVPR 2022, "Semi-Supervised Semantic Segmentation Using
Unreliable Pseudo-Labels", section 3.3).
"""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .pseudo_labels import entropy_of, masked_percentile


class SecondLook(NamedTuple):
    """The teacher's view of labelled images, and of mixed ones behind them.

    Attributes:
        logits (Tensor): Logits of shape (N, C, h, w), floating.
        representation (Tensor): Representations of shape (N, D, h, w).
        label (Tensor): Class ids, and pseudo-labels that no filter has
            dropped, of shape (N, H, W), int64.
        num_labeled (int): Number of labelled images.
    """
    logits: Tensor
    representation: Tensor
    label: Tensor
    num_labeled: int


def rows_of(maps: Tensor) -> Tensor:
    """The pixels of maps as rows.

    Args:
        maps (Tensor): Maps of shape (N, C, h, w).

    Returns:
        Tensor: Rows of shape (N * h * w, C).
    """
    return maps.movedim(1, -1).flatten(0, -2)


def likelihood_rank(probability: Tensor) -> Tensor:
    """Place of each class among those of a pixel, the likeliest first.

    Args:
        probability (Tensor): Probabilities of shape (N, C, h, w).

    Returns:
        Tensor: From 0 to C - 1, of shape (N, C, h, w), int64.
    """
    return probability.argsort(1, descending=True).argsort(1)


def select_pixels(
        probability: Tensor,
        label: Tensor,
        num_labeled: int,
        percent: float,
        ranks: tuple[int, int] = (3, 20),
        ignore_index: int = 255) -> tuple[Tensor, Tensor]:
    """Pixels that stand for their class, and pixels that a class is not.

    Labelled pixels are reliable, and negatives of the likeliest
    ``ranks[0]`` classes that are not theirs. Of the unlabelled ones the
    ``percent`` of lowest entropy are reliable; the ``percent`` of highest
    entropy are negatives of the classes at a rank in ``[ranks[0],
    ranks[1])`` (U2PL, equations 9 to 14).

    Args:
        probability (Tensor): The teacher's, of shape (N, C, h, w), floating.
        label (Tensor): Class ids of shape (N, h, w), int64.
        num_labeled (int): Number of labelled images, which come first.
        percent (float): In [0, 50].
        ranks (tuple[int, int]): First unlikely rank, and the one behind the
            last. Defaults to (3, 20).
        ignore_index (int): Id of pixels without a label. Defaults to 255.

    Returns:
        tuple[Tensor, Tensor]: ``reliable`` (N, h, w) and, for each class,
        ``negative`` (N, C, h, w), both bool.
    """
    reliable = label != ignore_index
    rank, valid = likelihood_rank(probability), reliable[num_labeled:]
    entropy = entropy_of(probability[num_labeled:])
    sure = entropy <= masked_percentile(entropy, valid, percent)
    unsure = entropy >= masked_percentile(entropy, valid, 100 - percent)
    class_id = torch.arange(rank.shape[1], device=rank.device)
    mine = label[:num_labeled, None] == class_id.view(1, -1, 1, 1)
    mistaken = (rank[:num_labeled] < ranks[0]) & ~mine
    unlikely = (rank[num_labeled:] >= ranks[0]) & (
        rank[num_labeled:] < ranks[1])
    negative = torch.cat([
        mistaken & reliable[:num_labeled, None],
        unlikely & (valid & unsure)[:, None]
    ])
    return torch.cat([reliable[:num_labeled], valid & sure]), negative


def sum_by_class(rows: Tensor, label: Tensor,
                 num_classes: int) -> tuple[Tensor, Tensor]:
    """Sums of the rows of each class.

    Args:
        rows (Tensor): Rows of shape (P, D), floating.
        label (Tensor): Their class ids, in [0, num_classes), (P,), int64.
        num_classes (int): Number of classes C.

    Returns:
        tuple[Tensor, Tensor]: Sums (C, D), and the numbers of rows (C,), both
        of the type of ``rows``.
    """
    member = F.one_hot(label, num_classes).to(rows.dtype)
    return member.T @ rows, member.sum(0)


def draw_rows(rows: Tensor, count: int) -> Tensor:
    """Draw rows with repetition, by PyTorch's generator of the CPU.

    The same rows on every device, whatever their number.

    Args:
        rows (Tensor): Rows of shape (P, ...), P at least 1.
        count (int): Number of draws.

    Returns:
        Tensor: Of shape (count, ...).
    """
    index = torch.randint(len(rows), (count, ))
    return rows[index.to(rows.device, non_blocking=True)]


def info_nce(anchor: Tensor, positive: Tensor, negative: Tensor,
             temperature: float) -> Tensor:
    """InfoNCE of cosine similarities (van den Oord et al. 2018).

    Args:
        anchor (Tensor): Anchors of shape (A, D), floating.
        positive (Tensor): What all of them are drawn to, of shape (D,).
        negative (Tensor): What each is pushed from, of shape (A, K, D).
        temperature (float): Divides the similarities.

    Returns:
        Tensor: Mean over the anchors, a scalar.
    """
    other = torch.cat([positive.expand(len(anchor), 1, -1), negative], dim=1)
    similarity = F.cosine_similarity(anchor[:, None], other, dim=2)
    # The positive one is the class 0 of a cross-entropy.
    target = torch.zeros(len(anchor), dtype=torch.long, device=anchor.device)
    return F.cross_entropy(similarity / temperature, target)
