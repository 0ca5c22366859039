"""Directional contrast of pixels that two crops share.

CAC (Lai et al., CVPR 2021, "Semi-supervised Semantic Segmentation with
Directional Context-aware Consistency", section 3.2).
"""
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

#: Added to probabilities and their denominators, as in the release.
EPSILON = 1e-8
Box = tuple[int, int, int, int]


def overlap_index(boxes: Sequence[Box], flips: Sequence[bool],
                  size: Sequence[int], stride: int) -> Tensor:
    """Positions on feature maps of what boxes of the images show.

    Args:
        boxes (Sequence[Box]): Of each image, top, left, bottom and right in
            pixels before the flip, multiples of the stride.
        flips (Sequence[bool]): Which images are flipped.
        size (Sequence[int]): Height h and width w of the feature maps.
        stride (int): Pixels of a position.

    Returns:
        Tensor: Indices among the positions of all N maps, (N * h * w), of
        shape (P,), int64, on the CPU; ordered by image, row and column before
        the flip.
    """
    places = torch.arange(len(boxes) * size[0] * size[1]).view(-1, *size)
    parts = []
    for index, box, flip in zip(places, boxes, flips):
        top, left, bottom, right = (side // stride for side in box)
        index = index.flip(1) if flip else index
        parts.append(index[top:bottom, left:right].flatten())
    return torch.cat(parts)


def directional_losses(rows: Tensor, target: Tensor, label: Tensor,
                       keys: Tensor, key_label: Tensor, temperature: float,
                       chunk: int = 8000) -> Tensor:
    """Pull pixels to the same pixels of another crop (CAC, equation 2).

    The negatives of a pixel are the keys of other pseudo-labels. Similarities
    with them are computed again in the backward pass, chunk by chunk, since
    all together do not fit into memory.

    Args:
        rows (Tensor): Unit vectors of shape (P, D).
        target (Tensor): Unit vectors of the other crop, (P, D), without a
            gradient.
        label (Tensor): Pseudo-labels of shape (P,), int64.
        keys (Tensor): Unit vectors of shape (K, D), without a gradient.
        key_label (Tensor): Their pseudo-labels, of shape (K,), int64.
        temperature (float): Divisor of the similarities.
        chunk (int): Keys of a chunk. Defaults to 8000.

    Returns:
        Tensor: Losses of shape (P,).
    """
    positive = (rows * target).sum(1) / temperature
    chunks = list(zip(keys.split(chunk), key_label.split(chunk)))
    with torch.no_grad():
        # As in the release, of the first chunk alone.
        largest = (rows @ chunks[0][0].T).amax(1) / temperature
        shift = torch.maximum(positive, largest)

    def negatives(part: Tensor, part_label: Tensor, rows: Tensor) -> Tensor:
        similarity = rows @ part.T / temperature - shift[:, None]
        return (similarity.exp() * (part_label != label[:, None])).sum(1)

    own = (positive - shift).exp()
    total = own
    for part, part_label in chunks:
        total = total + checkpoint(
            negatives, part, part_label, rows, use_reentrant=False)
    return -(own / (total + EPSILON) + EPSILON).log()


def directed_mean(losses: Tensor, confidence: Tensor, other: Tensor,
                  threshold: float) -> Tensor:
    """Mean over the pixels of which the other crop is surer, and sure.

    Args:
        losses (Tensor): Of shape (P,).
        confidence (Tensor): Of the pixels that are pulled, of shape (P,).
        other (Tensor): Of the pixels that they are pulled to, of shape (P,).
        threshold (float): ``other`` must exceed it.

    Returns:
        Tensor: A scalar; 0 if there is no such pixel.
    """
    pulled = (other > threshold) & (confidence < other)
    total = torch.where(pulled, losses, losses.new_zeros(())).sum()
    return total / pulled.sum().clamp(min=1)
