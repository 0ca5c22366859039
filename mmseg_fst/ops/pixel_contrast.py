"""Contrast of pixels: which are compared with which, and by how much.

U2PL (Wang et al., CVPR 2022, "Semi-Supervised Semantic Segmentation Using
Unreliable Pseudo-Labels", section 3.3).
"""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .pseudo_labels import entropy_of, masked_percentile


class TeacherView(NamedTuple):
    """The teacher's view of labeled images, and of mixed ones behind them.

    Attributes:
        logits (Tensor): Logits of shape (N, C, h, w), floating.
        representation (Tensor): Representations of shape (N, D, h, w).
        label (Tensor): Class ids, and pseudo-labels that no filter has
            dropped, of shape (N, H, W), int64.
        num_labeled (int): Number of labeled images.
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


def split_by_entropy(probability: Tensor, valid: Tensor,
                     percent: float) -> tuple[Tensor, Tensor]:
    """The pixels of lowest and those of highest entropy (U2PL, equation 4).

    Args:
        probability (Tensor): Probabilities of shape (N, C, h, w), floating.
        valid (Tensor): Which pixels count, bool of shape (N, h, w).
        percent (float): Share of each of both, in [0, 50].

    Returns:
        tuple[Tensor, Tensor]: ``sure`` and ``unsure``, bool of shape
        (N, h, w).
    """
    entropy = entropy_of(probability)
    sure = entropy <= masked_percentile(entropy, valid, percent)
    unsure = entropy >= masked_percentile(entropy, valid, 100 - percent)
    return valid & sure, valid & unsure


def membership(label: Tensor, num_classes: int) -> Tensor:
    """Of which class each pixel is; of none if its id is no class.

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
    """The same by ``label_onehot`` of U2PL's release, which mixes images up.

    Its index lacks the image, so that the first image has the classes of all
    of them, a pixel without a label counting as class 0, and the others have
    none. Only what the first one ignores is of no class.

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
        sure: Tensor,
        unsure: Tensor,
        ranks: tuple[int, int] = (3, 20),
        own_class: bool = False) -> tuple[Tensor, Tensor]:
    """Pixels that stand for a class, and pixels that a class is not.

    Labeled pixels stand for their class, and are negatives of the likeliest
    ``ranks[0]`` classes that are not theirs. Of the unlabeled ones those
    that are ``sure`` stand for theirs; the ``unsure`` ones are negatives of
    the classes at a rank in ``[ranks[0], ranks[1])`` (U2PL, equations 9 to
    14).

    Args:
        probability (Tensor): The teacher's, of shape (N, C, h, w), floating;
            labeled images come first.
        member (Tensor): Of which class each pixel is (pseudo-)labeled, bool
            of shape (N, C, h, w).
        known (Tensor): Pixels of the labeled images that have a label, bool
            of shape (L, h, w).
        sure (Tensor): Unlabeled pixels of low entropy, bool of shape
            (N - L, h, w).
        unsure (Tensor): The same of high entropy.
        ranks (tuple[int, int]): First unlikely rank, and the one behind the
            last. Defaults to (3, 20).
        own_class (bool): Whether negatives of a class have to be labeled as
            that class, as in U2PL's release; no labeled pixel is one then.
            Defaults to False.

    Returns:
        tuple[Tensor, Tensor]: ``standing`` and ``negative``, for each class,
        bool of shape (N, C, h, w).
    """
    count, rank = len(known), likelihood_rank(probability)
    mistaken = (rank[:count] < ranks[0]) & ~member[:count]
    unlikely = (rank[count:] >= ranks[0]) & (rank[count:] < ranks[1])
    negative = torch.cat(
        [mistaken & known[:, None], unlikely & unsure[:, None]])
    if own_class:
        negative &= member
    return member & torch.cat([known, sure])[:, None], negative


def sum_by_class(rows: Tensor, member: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of the rows of each class.

    Args:
        rows (Tensor): Rows of shape (P, D), floating.
        member (Tensor): To which classes each belongs, bool of shape (P, C).

    Returns:
        tuple[Tensor, Tensor]: Sums (C, D), and the numbers of rows (C,), both
        of the type of ``rows``.
    """
    share = member.to(rows.dtype)
    return share.T @ rows, share.sum(0)


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
