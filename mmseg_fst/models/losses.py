"""Losses of an encoder-decoder on pixels of different weight."""
from collections.abc import Sequence
from typing import Optional

import torch.nn.functional as F
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.losses import CrossEntropyLoss
from mmseg.utils import add_prefix
from torch import Tensor, nn


def resize_logits(logits: Tensor, size: Sequence[int],
                  align_corners: bool) -> Tensor:
    """Resize logits bilinearly.

    Args:
        logits (Tensor): Logits of shape (N, C, h, w).
        size (Sequence[int]): Height and width to resize to.
        align_corners (bool): As in :func:`torch.nn.functional.interpolate`.

    Returns:
        Tensor: Logits of shape (N, C, *size).
    """
    return F.interpolate(
        logits, tuple(size), mode='bilinear', align_corners=align_corners)


def head_losses(head: BaseDecodeHead,
                features: Sequence[Tensor],
                label: Tensor,
                weight: Optional[Tensor] = None) -> dict[str, Tensor]:
    """Losses of one head, the ones of its own ``loss_decode``.

    ``BaseDecodeHead.loss_by_feat`` takes no pixel weight, so the head is only
    asked for its logits and its loss functions are called here.

    Args:
        head (BaseDecodeHead): A head whose forward returns logits.
        features (Sequence[Tensor]): Feature maps of the backbone or neck.
        label (Tensor): Class ids of shape (N, H, W), int64.
        weight (Tensor, optional): Pixel weights of shape (N, H, W). Defaults
            to None: all weigh 1.

    Returns:
        dict[str, Tensor]: Scalars by the name of the loss function.

    Raises:
        TypeError: If the head's forward does not return one tensor, or if
            pixels are weighted and a loss is not a cross-entropy.
    """
    logits = head(features)
    if not isinstance(logits, Tensor):
        raise TypeError(
            f'{type(head).__name__} returns {type(logits).__name__}, not '
            'logits, so pixels cannot be weighted; choose a decode head that '
            'returns one tensor of logits.')
    logits = resize_logits(logits, label.shape[1:], head.align_corners)
    if head.sampler is not None:
        sampled = head.sampler.sample(logits, label[:, None])
        weight = sampled if weight is None else weight * sampled
    functions = head.loss_decode
    if not isinstance(functions, nn.ModuleList):
        functions = [functions]
    losses: dict[str, Tensor] = {}
    for function in functions:
        # The others of MMSegmentation ignore a weight of pixels, or fail.
        if weight is not None and not isinstance(function, CrossEntropyLoss):
            raise TypeError(
                f'{type(head).__name__}.loss_decode is '
                f'{type(function).__name__}, which takes no weight for each '
                'pixel; self-training needs CrossEntropyLoss.')
        name = function.loss_name
        value = function(
            logits, label, weight=weight, ignore_index=head.ignore_index)
        losses[name] = losses[name] + value if name in losses else value
    return losses


def pixel_losses(network: nn.Module,
                 features: Sequence[Tensor],
                 label: Tensor,
                 weight: Optional[Tensor] = None,
                 weigh_auxiliary: bool = True) -> dict[str, Tensor]:
    """Losses of an encoder-decoder, auxiliary heads included.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        features (Sequence[Tensor]): Its features, of ``extract_feat``.
        label (Tensor): Class ids of shape (N, H, W), int64.
        weight (Tensor, optional): Pixel weights of shape (N, H, W). Defaults
            to None: all weigh 1.
        weigh_auxiliary (bool): Whether auxiliary heads weigh pixels, too.
            Defaults to True.

    Returns:
        dict[str, Tensor]: Scalars, ``decode.<loss>`` and ``aux*.<loss>``.
    """
    heads = {'decode': network.decode_head}
    if network.with_auxiliary_head:
        auxiliary = network.auxiliary_head
        if isinstance(auxiliary, nn.ModuleList):
            heads.update((f'aux_{i}', head)
                         for i, head in enumerate(auxiliary))
        else:
            heads['aux'] = auxiliary
    losses: dict[str, Tensor] = {}
    for name, head in heads.items():
        used = weight if weigh_auxiliary or name == 'decode' else None
        losses.update(
            add_prefix(head_losses(head, features, label, used), name))
    return losses
