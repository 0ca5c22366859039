"""More weight for classes that a network is not confident about."""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def confidence_sums(probability: Tensor, label: Tensor,
                    ignore_index: int = 255) -> Tensor:
    """Sum up the probability of the labeled class of each pixel, by class.

    There is no host synchronization.

    Args:
        probability (Tensor): Class probabilities of shape (N, C, H, W).
        label (Tensor): Class ids of shape (N, H, W), int64.
        ignore_index (int): Id of pixels without a label. Defaults to 255.

    Returns:
        Tensor: Sums, and numbers of pixels, of shape (2, C), float64.
    """
    count = probability.shape[1]
    # Pixels to ignore are collected in an additional class.
    index = label.masked_fill(label == ignore_index, count)
    correct = probability.gather(1, index.clamp(max=count - 1)[:, None])
    addends = correct.flatten().double()
    sums = addends.new_zeros(2, count + 1)
    sums[0].scatter_add_(0, index.flatten(), addends)
    sums[1].scatter_add_(0, index.flatten(), torch.ones_like(addends))
    # Processes can only sum up contiguous tensors.
    return sums[:, :count].contiguous()


def doubt_softmax(confidence: Tensor, power: float = 1.) -> Tensor:
    """Probabilities by which classes of low confidence are sampled.

    ``softmax((1 - confidence) ** power)`` (AEL).

    Args:
        confidence (Tensor): Confidence of each class, (C,), in [0, 1].
        power (float): Exponent of the doubt. Defaults to 1.

    Returns:
        Tensor: Probabilities of shape (C,).
    """
    return torch.softmax((1 - confidence)**power, 0)


def sample_index(probability: Tensor, number: Tensor) -> Tensor:
    """Sample indices by inversion, from given random numbers.

    There is no host synchronization, and the result is the same on every
    device.

    Args:
        probability (Tensor): Probabilities of shape (C,), not all 0.
        number (Tensor): Random numbers in [0, 1) of shape (K,).

    Returns:
        Tensor: Indices of shape (K,), int64; none of probability 0.
    """
    edges = probability.double().cumsum(0)
    found = torch.searchsorted(
        edges / edges[-1], number.double(), right=True)
    return found.clamp(max=len(probability) - 1)


def class_share(confidence: Tensor, power: float = 1.) -> Tensor:
    """Share of the pixels of each class that are used (AEL).

    ``((1 - confidence) / max(1 - confidence)) ** power``: all pixels of the
    class of lowest confidence.

    Args:
        confidence (Tensor): Confidence of each class, (C,), in [0, 1].
        power (float): Exponent. Defaults to 1.

    Returns:
        Tensor: Shares of shape (C,), in [0, 1].
    """
    doubt = 1 - confidence
    return (doubt / (doubt.max() + 1e-12))**power


def keep_pixels(label: Tensor, share: Tensor, number: Tensor) -> Tensor:
    """Keep a random share of the pixels of each class.

    Args:
        label (Tensor): Class ids of shape (N, H, W), int64 in [0, C).
        share (Tensor): Of :func:`class_share`, (C,).
        number (Tensor): Random numbers in [0, 1) of shape (N, H, W).

    Returns:
        Tensor: Bool mask of shape (N, H, W).
    """
    return number > 1 - share[label]


def weighted_cross_entropy(logits: Tensor,
                           label: Tensor,
                           weight: Tensor,
                           ignore_index: int = 255) -> Tensor:
    """Cross-entropy with pixel weights that sum up to 1.

    Ignored pixels have no loss, but their weights count (AEL).

    Args:
        logits (Tensor): Logits of shape (N, C, H, W).
        label (Tensor): Class ids of shape (N, H, W), int64.
        weight (Tensor): Pixel weights of shape (N, H, W), at least 0.
        ignore_index (int): Id of pixels without a label. Defaults to 255.

    Returns:
        Tensor: A scalar; 0 if all weights are 0.
    """
    loss = F.cross_entropy(
        logits, label, ignore_index=ignore_index, reduction='none')
    weight = weight.to(loss.dtype)
    return (weight * loss).sum() / (weight.sum() + 1e-12)


def half_box(size: Sequence[int],
             numbers: Sequence[float]) -> tuple[int, ...]:
    """A box of half the area of an image (French et al. 2020).

    Args:
        size (Sequence[int]): Height H and width W of the image.
        numbers (Sequence[float]): Three random numbers in [0, 1): of the
            height, which is H / 2 to H, and of the place down and across.

    Returns:
        tuple: Left, top, right and bottom; right and bottom are exclusive.
    """
    height, width = size
    share = 0.5**numbers[0]
    down, across = round(height * share), round(width * 0.5 / share)
    top = round((height - down) * numbers[1])
    left = round((width - across) * numbers[2])
    return left, top, left + across, top + down
