"""Contrast of pixels with a bank of representations of each class.

CTT (Xiao et al., Neurocomputing 2022, "Semi-supervised Semantic Segmentation
with Cross Teacher Training"). Nothing here waits for the device.
"""
import torch
from torch import Tensor

from .pixel_contrast import sum_by_class

#: Added to a probability before its logarithm, as in the release: the loss of
#: a pixel is at most 27.6.
EPSILON = 1e-12


def bank_losses(rows: Tensor, member: Tensor, bank: Tensor,
                temperature: float) -> Tensor:
    """Pull pixels to the vectors of their class, away from other classes.

    Each vector of the own class is the positive of one InfoNCE, with all
    vectors of the other classes as negatives.

    Args:
        rows (Tensor): Unit vectors of shape (P, D).
        member (Tensor): Class of each pixel, bool of shape (P, C).
        bank (Tensor): Unit vectors of shape (C, K, D).
        temperature (float): Divisor of the similarities.

    Returns:
        Tensor: Mean over the positives, of shape (P,); arbitrary for pixels
        of no class.
    """
    similarity = similarities(rows, bank, temperature)
    own = member.to(torch.uint8).argmax(1)[:, None, None].expand(
        -1, 1, similarity.shape[2])
    positive = similarity.gather(1, own)[:, 0]
    negative = other_classes(similarity, member)
    return nce(positive, negative[:, None]).mean(1)


def peer_losses_of_rows(rows: Tensor, peer: Tensor, member: Tensor,
                        bank: Tensor, temperature: float) -> Tensor:
    """Pull pixels to the same pixels of another network.

    The negatives are all vectors of the other classes.

    Args:
        rows (Tensor): Unit vectors of shape (P, D).
        peer (Tensor): Unit vectors of the other network, of shape (P, D).
        member (Tensor): Class of each pixel, bool of shape (P, C).
        bank (Tensor): Unit vectors of shape (C, K, D).
        temperature (float): Divisor of the similarities.

    Returns:
        Tensor: Losses of shape (P,).
    """
    positive = (rows * peer).sum(1) / temperature
    return nce(positive, other_classes(
        similarities(rows, bank, temperature), member))


def similarities(rows: Tensor, bank: Tensor, temperature: float) -> Tensor:
    """Cosine similarities of pixels with the vectors of a bank.

    Args:
        rows (Tensor): Unit vectors of shape (P, D).
        bank (Tensor): Unit vectors of shape (C, K, D).
        temperature (float): Their divisor.

    Returns:
        Tensor: Of shape (P, C, K).
    """
    product = rows @ bank.flatten(0, 1).T / temperature
    return product.view(len(rows), *bank.shape[:2])


def other_classes(similarity: Tensor, member: Tensor) -> Tensor:
    """Log of the summed exponentials over the other classes.

    Args:
        similarity (Tensor): Of shape (P, C, K).
        member (Tensor): Class of each pixel, bool of shape (P, C).

    Returns:
        Tensor: Of shape (P,).
    """
    # By class first: the whole tensor is not copied for the mask.
    by_class = similarity.logsumexp(2)
    return by_class.masked_fill(member, -torch.inf).logsumexp(1)


def nce(positive: Tensor, negative: Tensor) -> Tensor:
    """InfoNCE of a similarity and the log-sum-exp of others.

    Args:
        positive (Tensor): Similarities of any shape.
        negative (Tensor): Of a shape that broadcasts with it.

    Returns:
        Tensor: Losses of the common shape.
    """
    return -((positive - negative).sigmoid() + EPSILON).log()


def mean_by_class(values: Tensor, member: Tensor) -> Tensor:
    """Mean over the classes that occur of the mean over their pixels.

    Args:
        values (Tensor): Of shape (P,), floating point.
        member (Tensor): Class of each pixel, bool of shape (P, C).

    Returns:
        Tensor: A scalar; 0 if no class occurs.
    """
    total, count = sum_by_class(values[:, None], member)
    mean = total[:, 0] / count.clamp(min=1)
    return mean.sum() / (count > 0).sum().clamp(min=1)


def surest_rows(rows: Tensor, score: Tensor, member: Tensor,
                count: int) -> tuple[Tensor, Tensor]:
    """The pixels of each class with the highest scores, best first.

    Args:
        rows (Tensor): Representations of shape (P, D).
        score (Tensor): Of shape (P,), floating point.
        member (Tensor): Classes of which a pixel may be taken, bool of shape
            (P, C).
        count (int): Number of pixels of a class, K.

    Returns:
        tuple[Tensor, Tensor]: Rows of shape (C, K, D), and which of them
        exist, bool of shape (C, K).
    """
    scores = torch.where(member.T, score, -torch.inf)
    best = scores.topk(min(count, len(rows)), dim=1)
    return rows[best.indices], best.values > -torch.inf


def append_rows(queue: Tensor, known: Tensor, rows: Tensor,
                exists: Tensor) -> tuple[Tensor, Tensor]:
    """Append rows to queues of fixed length; the oldest ones leave.

    Args:
        queue (Tensor): Queues of shape (C, K, D), the newest rows last.
        known (Tensor): Which places are filled, bool of shape (C, K).
        rows (Tensor): New rows of shape (C, M, D).
        exists (Tensor): Which of them exist, bool of shape (C, M).

    Returns:
        tuple[Tensor, Tensor]: Queues and filled places, of the same shapes.
    """
    filled = torch.cat([known, exists], dim=1)
    # Empty places come first and leave first; the order of others remains.
    order = filled.to(torch.uint8).sort(dim=1, stable=True).indices
    order = order[:, -known.shape[1]:]
    every = torch.cat([queue, rows.to(queue.dtype)], dim=1)
    index = order[:, :, None].expand(-1, -1, queue.shape[2])
    return every.gather(1, index), filled.gather(1, order)
