"""Dice loss of each class, with pixel weights."""
from typing import Optional

import torch
from torch import Tensor, nn

from mmseg_fst.ops import class_logits
from mmseg_fst.registry import MODELS


@MODELS.register_module()
class ClassDiceLoss(nn.Module):
    """Dice loss, averaged over the classes of a batch.

    With probabilities p, labels y in {0, 1} and pixel weights w, for each
    class that has a pixel of positive weight in the batch::

        loss = 1 - 2 sum(w p y) / (sum(w p) + sum(w y))

    (V-Net, Milletari et al. 2016, without squares). All classes count alike,
    however few pixels they have. Pixels to ignore have weight 0. Without
    weights, which are the labels of people, w is 1; the loss of pseudo-labels
    is multiplied by the mean of w over the labeled pixels, so that doubtful
    pseudo-labels count as little as in a cross-entropy. MMSegmentation's
    ``DiceLoss`` counts pixels to ignore and takes no pixel weights.

    Args:
        loss_weight (float): Weight of the loss. Defaults to 1.
        loss_name (str): Name in logs; it must start with ``'loss_'``.
            Defaults to ``'loss_dice'``.
    """

    #: For :func:`mmseg_fst.models.losses.head_losses`.
    takes_pixel_weights = True

    def __init__(self,
                 loss_weight: float = 1.,
                 loss_name: str = 'loss_dice') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(self,
                logits: Tensor,
                label: Tensor,
                weight: Optional[Tensor] = None,
                ignore_index: int = 255) -> Tensor:
        """Compute the loss.

        Args:
            logits (Tensor): Logits of shape (N, C, H, W); one channel is the
                logit of class 1 of two classes.
            label (Tensor): Class ids of shape (N, H, W), int64.
            weight (Tensor, optional): Pixel weights of shape (N, H, W), in
                [0, 1]. Defaults to None: 1.
            ignore_index (int): Id of pixels without a label. Defaults to 255.

        Returns:
            Tensor: A scalar in [0, ``loss_weight``]; 0 without any labeled
            pixel.
        """
        logits = class_logits(logits)
        valid = label != ignore_index
        # Sums of pixels overflow in half precision.
        dtype = torch.promote_types(logits.dtype, torch.float32)
        used = valid.to(dtype)
        if weight is not None:
            used = used * weight
        probability = logits.softmax(1, dtype=dtype)
        # `one_hot` would wait for the device.
        classes = torch.arange(logits.shape[1], device=label.device)
        target = label[:, None] == classes.view(1, -1, 1, 1)
        target = target * used[:, None]
        overlap = (probability * target).sum((0, 2, 3))
        labeled = target.sum((0, 2, 3))
        total = (probability * used[:, None]).sum((0, 2, 3)) + labeled
        dice = 2 * overlap / total.clamp(min=torch.finfo(total.dtype).tiny)
        shown = labeled > 0
        loss = ((1 - dice) * shown).sum() / shown.sum().clamp(min=1)
        if weight is not None:
            loss = loss * used.sum() / valid.sum().clamp(min=1)
        return self.loss_weight * loss
