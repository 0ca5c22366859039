"""Regularizers: keep a student close to its pretrained encoder."""
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce
from torch import Tensor, nn

from mmseg_fst.registry import MODELS


@MODELS.register_module()
class FeatureDistance(nn.Module):
    """Penalize the distance of thing features to the pretrained encoder.

    DAFormer (Hoyer et al. 2022, equations 8 to 10)::

        loss = loss_weight * mean over thing positions of |f_student - f_0|

    with the L2 norm over the channels of the last feature map. A position
    belongs to a class if at least ``min_ratio`` of its pixels do. Without any
    thing position the loss is zero.

    Args:
        classes (Sequence[int]): Ids of the thing classes. Defaults to the
            things of Cityscapes: traffic light and sign, person to bicycle.
        loss_weight (float): Weight of the term. Defaults to 0.005.
        min_ratio (float): Minimum fraction of the pixels of a position, in
            (0.5, 1], so that a position belongs to at most one class.
            Defaults to 0.75.

    Raises:
        ValueError: If ``min_ratio`` is out of its range.
    """

    classes: Tensor

    def __init__(self,
                 classes: Sequence[int] = (6, 7, 11, 12, 13, 14, 15, 16, 17,
                                           18),
                 loss_weight: float = 0.005,
                 min_ratio: float = 0.75) -> None:
        super().__init__()
        if not 0.5 < min_ratio <= 1:
            raise ValueError('FeatureDistance: min_ratio must be in (0.5, 1], '
                             f'got {min_ratio}.')
        self.loss_weight = loss_weight
        self.min_ratio = min_ratio
        self.register_buffer(
            'classes', torch.tensor(classes), persistent=False)

    def thing_mask(self, label: Tensor, size: Sequence[int]) -> Tensor:
        """Positions of a feature map that belong to a thing class.

        Args:
            label (Tensor): Class ids of shape (N, H, W), int64.
            size (Sequence[int]): Height and width of the feature map.

        Returns:
            Tensor: Mask of shape (N, *size), bool.
        """
        shown = label[:, None] == self.classes.view(1, -1, 1, 1)
        ratio = F.adaptive_avg_pool2d(shown.float(), (size[0], size[1]))
        return (ratio >= self.min_ratio).any(1)

    def forward(self, features: Tensor, pretrained: Tensor,
                label: Tensor) -> Tensor:
        """Compute the weighted distance.

        Args:
            features (Tensor): Student features of shape (N, C, h, w).
            pretrained (Tensor): Features of the pretrained encoder for the
                same images, (N, C, h, w).
            label (Tensor): Class ids of shape (N, H, W), int64.

        Returns:
            Tensor: The loss, a scalar.
        """
        mask = self.thing_mask(label, features.shape[2:])
        distance = (features - pretrained).norm(dim=1)
        # `distance[mask].mean()` would synchronize with the device.
        total = torch.where(mask, distance, 0.).sum()
        count = mask.sum().to(total.dtype)
        # Count of the global batch, independent of the number of processes.
        all_reduce(count, 'mean')
        return self.loss_weight * (total / (count + (count == 0)))
