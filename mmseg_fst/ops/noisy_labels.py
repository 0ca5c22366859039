"""Losses that are robust to wrong labels."""
import math

import torch
import torch.nn.functional as F
from torch import Tensor


def reverse_cross_entropy(logits: Tensor,
                          label: Tensor,
                          floor: float = 1e-4,
                          ignore_index: int = 255) -> Tensor:
    """Cross-entropy with prediction and label exchanged.

    ``-sum_k p_k log(max(y_k, floor))`` (Wang et al., "Symmetric Cross Entropy
    for Robust Learning with Noisy Labels", ICCV 2019), which is
    ``-log(floor) (1 - p_y)`` for a label y.

    Args:
        logits (Tensor): Logits of shape (N, C, H, W).
        label (Tensor): Class ids of shape (N, H, W), int64.
        floor (float): Probability of all other classes by the label, in
            (0, 1). Defaults to 1e-4.
        ignore_index (int): Id of pixels without a label. Defaults to 255.

    Returns:
        Tensor: Loss of each pixel, (N, H, W); 0 where it is ignored.
    """
    ignored = label == ignore_index
    index = label.masked_fill(ignored, 0)[:, None]
    probability = logits.softmax(1).gather(1, index)[:, 0]
    return -math.log(floor) * (1 - probability).masked_fill(ignored, 0)


def self_correction(logits: Tensor,
                    label: Tensor,
                    certain: float = 0.8,
                    floor: float = 1e-4,
                    ignore_index: int = 255,
                    average: bool = False) -> Tensor:
    """Cross-entropy where a network is in doubt, else the reverse one.

    Of each pixel, with w, the confidence of the network, or 1 where it exceeds
    ``certain``::

        (1 - w) CE + w RCE

    (``DynamicCEAndSCELoss`` of jianlong-yuan/SimpleBaseline). A certain
    network is not forced to follow a label that it contradicts: the gradient
    of the reverse cross-entropy is bounded.

    Args:
        logits (Tensor): Logits of shape (N, C, H, W).
        label (Tensor): Class ids of shape (N, H, W), int64.
        certain (float): Largest confidence that is used as it is, in [0, 1].
            Defaults to 0.8.
        floor (float): See :func:`reverse_cross_entropy`. Defaults to 1e-4.
        ignore_index (int): Id of pixels without a label. Defaults to 255.
        average (bool): Whether w is averaged over the images of the batch, at
            each place. Defaults to False.

    Returns:
        Tensor: Loss of each pixel, (N, H, W); 0 where it is ignored.
    """
    weight = logits.detach().softmax(1).amax(1)
    weight = torch.where(weight > certain, torch.ones_like(weight), weight)
    if average:
        weight = weight.mean(0, keepdim=True)
    plain = F.cross_entropy(
        logits, label, ignore_index=ignore_index, reduction='none')
    reverse = reverse_cross_entropy(logits, label, floor, ignore_index)
    return (1 - weight) * plain + weight * reverse
