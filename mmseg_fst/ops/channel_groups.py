"""Attention among channels, and channels by class: formulas of AllSpark."""
import torch
import torch.nn.functional as F
from torch import Tensor

from .precision import without_autocast


def channel_weights(query: Tensor, key: Tensor) -> Tensor:
    """Attention weights of channels.

    Wang et al., "AllSpark", CVPR 2024: the softmax of similarities that are
    normalized over all pairs of channels, so that they need no scale.
    Without a scale they exceed the range of float16: computed in float32
    under autocast.

    Args:
        query (Tensor): Channels of shape (N, G, R, P): R channels of P
            positions in each of G groups.
        key (Tensor): Channels of shape (N, G, S, P), or (1, G, S, P) for all
            images.

    Returns:
        Tensor: Weights of shape (N, G, R, S), of sum 1 over the last axis.
    """
    dtype = torch.promote_types(query.dtype, torch.float32)
    with without_autocast(query.device):
        similarity = query.to(dtype) @ key.to(dtype).transpose(-1, -2)
        return F.instance_norm(similarity).softmax(-1)


def group_channels(scores: Tensor, features: Tensor) -> Tensor:
    """The class whose map is most similar to that of a channel.

    Wang et al., "AllSpark", CVPR 2024: cosine similarities over positions.

    Args:
        scores (Tensor): A map of each class, of shape (N, K, H, W); resized
            bilinearly.
        features (Tensor): Feature maps of shape (N, C, h, w).

    Returns:
        Tensor: Class ids of shape (N, C), int64, in [0, K).
    """
    dtype = torch.promote_types(features.dtype, torch.float32)
    scores = F.interpolate(
        scores.to(dtype), features.shape[2:], mode='bilinear',
        align_corners=False)
    similarity = F.normalize(scores.flatten(2), dim=2) @ F.normalize(
        features.to(dtype).flatten(2), dim=2).transpose(1, 2)
    return similarity.argmax(1)


def enqueue_channels(queue: Tensor, position: Tensor, channels: Tensor,
                     classes: Tensor) -> tuple[Tensor, Tensor]:
    """Write channels to circular queues of their classes.

    One image is written after the other, so later images replace earlier ones.

    Args:
        queue (Tensor): Queues of shape (K, S, P); not changed.
        position (Tensor): Where each queue is written next, in [0, S), int64
            of shape (K,); not changed.
        channels (Tensor): Channels of shape (N, C, P), C not above S.
        classes (Tensor): Their classes, int64 of shape (N, C).

    Returns:
        tuple[Tensor, Tensor]: Queues and positions afterwards.
    """
    queue, capacity = queue.clone(), queue.shape[1]
    ids = torch.arange(len(queue), device=queue.device)
    for rows, label in zip(channels, classes):
        member = (label[:, None] == ids).long()
        # Its rank among the channels of its class.
        rank = (member.cumsum(0) - 1).gather(1, label[:, None])[:, 0]
        queue[label, (position[label] + rank) % capacity] = rows
        position = (position + member.sum(0)) % capacity
    return queue, position
