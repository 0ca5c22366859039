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


def agreement(labels: Sequence[Tensor], ignore_index: int = 255) -> Tensor:
    """Share of pixels that all networks label alike.

    Args:
        labels (Sequence[Tensor]): Class ids of each network, int64 of shape
            (N, H, W).
        ignore_index (int): Id of pixels without a label, which do not count.
            Defaults to 255.

    Returns:
        Tensor: A float32 scalar in [0, 1]; 0 if no pixel counts.
    """
    first, *others = labels
    counts = first != ignore_index
    alike = counts.clone()
    for label in others:
        alike &= label == first
    return alike.sum().float() / counts.sum().clamp(min=1)


def ignore_rows(weight: Tensor, top: int, bottom: int) -> Tensor:
    """Zero the weight of the first and last rows of each image.

    Pseudo-labels there are least to be trusted: rectification artifacts on
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


def ignore_padding(label: Tensor,
                   sizes: Sequence[Sequence[int]],
                   ignore_index: int = 255) -> Tensor:
    """Take the label from pixels that were added to fill up a batch.

    Args:
        label (Tensor): Class ids of shape (N, H, W), int64.
        sizes (Sequence[Sequence[int]]): Height and width of each image; what
            lies to the right and below is padding.
        ignore_index (int): Id of pixels without a label. Defaults to 255.

    Returns:
        Tensor: ``label`` if nothing is padded, else a copy, of shape
        (N, H, W).
    """
    full = tuple(label.shape[1:])
    if all(tuple(size) == full for size in sizes):
        return label
    label = label.clone()
    for one, (height, width) in zip(label, sizes):
        one[height:] = ignore_index
        one[:, width:] = ignore_index
    return label


def entropy_of(probability: Tensor) -> Tensor:
    """Entropy of the class probabilities of each pixel, in nats.

    Args:
        probability (Tensor): Probabilities of shape (N, C, H, W).

    Returns:
        Tensor: Entropies of shape (N, H, W).
    """
    return -(probability * torch.log(probability + 1e-10)).sum(1)


def masked_percentile(values: Tensor, valid: Tensor,
                      percentile: float) -> Tensor:
    """A percentile of some values, between the nearest ranks as of NumPy.

    No value is looked at on the host.

    Args:
        values (Tensor): Values of any shape, floating.
        valid (Tensor): Which of them count, bool of the same shape.
        percentile (float): In [0, 100].

    Returns:
        Tensor: A scalar; no number if none counts.
    """
    ordered = values.masked_fill(~valid, torch.inf).flatten().sort().values
    # In float32, ranks above 2**24 would be rounded, the last one out of its
    # range.
    place = percentile / 100 * (valid.sum() - 1).clamp(min=0).double()
    low = place.floor().long()
    high = (low + 1).clamp(max=len(ordered) - 1)
    # `ordered[low]` would ask the device for the number.
    below, above = ordered.take(low), ordered.take(high)
    above = torch.where(place > low, above, below)
    return below + (above - below) * (place - low).to(values.dtype)


def drop_uncertain(logits: Tensor, label: Tensor, percentile: float,
                   ignore_index: int = 255) -> tuple[Tensor, Tensor]:
    """Drop the labels of the pixels of highest entropy.

    U2PL (Wang et al. 2022, equation 4): the threshold is a percentile of the
    entropies of all labeled pixels of the batch; what reaches it is dropped.
    No value is looked at on the host.

    Args:
        logits (Tensor): Logits of shape (N, C, H, W), floating.
        label (Tensor): Class ids of shape (N, H, W), int64.
        percentile (float): In [0, 100]; at 100 the pixels of the very
            highest entropy are dropped.
        ignore_index (int): Id of pixels without a label. Defaults to 255.

    Returns:
        tuple[Tensor, Tensor]: ``label`` (N, H, W), int64, ``ignore_index``
        where it is dropped, and ``ratio``, the number of all pixels over that
        of the kept ones, a scalar.
    """
    dtype = torch.promote_types(logits.dtype, torch.float32)
    probability = torch.softmax(logits, 1, dtype=dtype)
    entropy = entropy_of(probability)
    valid = label != ignore_index
    threshold = masked_percentile(entropy, valid, percentile)
    kept = valid & (entropy < threshold)
    label = label.masked_fill(~kept, ignore_index)
    return label, label.numel() / kept.sum().clamp(min=1).to(dtype)
