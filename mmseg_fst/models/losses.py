"""Losses of an encoder-decoder with pixel weights."""
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, Optional, cast

import torch
import torch.nn.functional as F
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.losses import CrossEntropyLoss
from mmseg.structures import OHEMPixelSampler
from mmseg.utils import add_prefix
from torch import Tensor, nn

from mmseg_fst.ops import hard_pixels

#: Names, beside the names of heads, of the logits of a detail crop and of its
#: box, int64 of shape (N, 4) on the CPU: top, bottom, left and right.
DETAIL, DETAIL_BOX = 'detail', 'detail_box'
#: From a decode head and features to logits and, or None, representations.
Decode = Callable[[BaseDecodeHead, Sequence[Tensor]],
                  tuple[Tensor, Optional[Tensor]]]


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


def heads_of(network: nn.Module) -> dict[str, BaseDecodeHead]:
    """Decode head and auxiliary heads of a network.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.

    Returns:
        dict[str, BaseDecodeHead]: ``decode`` and, for auxiliary heads,
        ``aux`` or ``aux_0``, ``aux_1`` and so on.
    """
    heads = {'decode': network.decode_head}
    if network.with_auxiliary_head:
        auxiliary = network.auxiliary_head
        if isinstance(auxiliary, nn.ModuleList):
            heads.update((f'aux_{i}', head)
                         for i, head in enumerate(auxiliary))
        else:
            heads['aux'] = auxiliary
    return heads


def head_logits(head: BaseDecodeHead, features: Sequence[Tensor],
                size: Sequence[int]) -> Tensor:
    """Logits of one head, resized to the size of the label.

    Args:
        head (BaseDecodeHead): A head whose forward returns logits.
        features (Sequence[Tensor]): Feature maps of the backbone or neck.
        size (Sequence[int]): Height and width of the label.

    Returns:
        Tensor: Logits of shape (N, C, *size).

    Raises:
        TypeError: If the head's forward does not return one tensor.
    """
    logits, _ = decode_without(head, features)
    return resize_logits(logits, size, head.align_corners)


def all_logits(network: nn.Module, features: Sequence[Tensor],
               size: Sequence[int]) -> dict[str, Tensor]:
    """Logits of each head of a network, resized to the size of the label.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        features (Sequence[Tensor]): Feature maps of the backbone or neck.
        size (Sequence[int]): Height and width of the label.

    Returns:
        dict[str, Tensor]: Logits of shape (N, C, *size) by head. Of a
        :class:`ScaleAttentionHead` that has seen a detail crop also the
        logits of the crop, ``DETAIL``, at its size, and ``DETAIL_BOX``.
    """
    by_head: dict[str, Tensor] = {}
    for name, head in heads_of(network).items():
        if not hasattr(head, 'fuse_scales'):
            by_head[name] = head_logits(head, features, size)
            continue
        fused, detail, box = head.fuse_scales(features)
        by_head[name] = resize_logits(fused, size, head.align_corners)
        if detail is not None:
            by_head[DETAIL] = resize_logits(
                detail, (box.bottom - box.top, box.right - box.left),
                head.align_corners)
            by_head[DETAIL_BOX] = torch.tensor(
                [box] * len(detail), device='cpu')
    return by_head


def rows_of(logits: dict[str, Tensor],
            start: Optional[int] = None,
            stop: Optional[int] = None) -> dict[str, Tensor]:
    """Logits of some images of a batch.

    Args:
        logits (dict[str, Tensor]): Logits (N, C, H, W) by head.
        start (int, optional): The first image. Defaults to None: that of the
            batch.
        stop (int, optional): The first one after them. Defaults to None: up
            to the end of the batch.

    Returns:
        dict[str, Tensor]: Logits by head.
    """
    return {name: value[start:stop] for name, value in logits.items()}


def represent(head: BaseDecodeHead,
              features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Logits of a head, and its representation of each pixel.

    Args:
        head (BaseDecodeHead): A head whose forward returns logits.
        features (Sequence[Tensor]): Feature maps of the backbone or neck.

    Returns:
        tuple[Tensor, Tensor]: Logits (N, C, h, w) and representations
        (N, D, h, w). For a head without representation the logits are
        returned twice, as in U2PL for DeepLabV2 and PSPNet.
    """
    if getattr(head, 'representation_channels', None):
        return head.forward_represented(features)
    logits = head(features)
    return logits, logits


def decode_without(head: BaseDecodeHead,
                   features: Sequence[Tensor]) -> tuple[Tensor, None]:
    """Logits of a head, in the place of :func:`represent`.

    Args:
        head (BaseDecodeHead): A head whose forward returns logits.
        features (Sequence[Tensor]): Feature maps of the backbone or neck.

    Returns:
        tuple: Logits of shape (N, C, h, w), and no representations.

    Raises:
        TypeError: If the head's forward does not return one tensor.
    """
    logits = head(features)
    if not isinstance(logits, Tensor):
        raise TypeError(
            f'{type(head).__name__} must return one tensor of logits, got '
            f'{type(logits).__name__}; its pixels cannot be weighted. Use '
            'another decode head.')
    return logits, None


def decoded_logits(
    network: nn.Module, features: Sequence[Tensor], size: Sequence[int],
    decode: Callable[[BaseDecodeHead, Sequence[Tensor]], tuple]
) -> tuple[dict[str, Tensor], Any]:
    """Logits of each head, and what the decode head gives besides.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        features (Sequence[Tensor]): Feature maps of its backbone or neck.
        size (Sequence[int]): Height and width of the label.
        decode (Callable): From the decode head and the features to its
            logits and something else, such as :func:`represent` or
            :func:`decode_without`.

    Returns:
        tuple: Logits of shape (N, C, *size) by head, and the second output of
        ``decode``.
    """
    if decode is decode_without:
        return all_logits(network, features, size), None
    heads = heads_of(network)
    head = heads.pop('decode')
    logits, further = decode(head, features)
    by_head = dict(decode=resize_logits(logits, size, head.align_corners))
    for name, auxiliary in heads.items():
        by_head[name] = head_logits(auxiliary, features, size)
    return by_head, further


def head_losses(head: BaseDecodeHead,
                logits: Tensor,
                label: Tensor,
                weight: Optional[Tensor] = None) -> dict[str, Tensor]:
    """Losses of one head, computed by its ``loss_decode``.

    ``BaseDecodeHead.loss_by_feat`` accepts no pixel weights, so the loss
    functions of the head are called here. The pixel sampler of the head, for
    example OHEM (see :func:`mmseg_fst.ops.hard_pixels`), applies to labeled
    images only; pseudo-labels are selected by their weight.

    Args:
        head (BaseDecodeHead): The head.
        logits (Tensor): Logits of shape (N, C, H, W).
        label (Tensor): Class ids of shape (N, H, W), int64.
        weight (Tensor, optional): Pixel weights of pseudo-labels, of shape
            (N, H, W). Defaults to None: all weights are 1.

    Returns:
        dict[str, Tensor]: Scalars by the name of the loss function.

    Raises:
        TypeError: If there are weights and a loss does not support them.
    """
    if head.sampler is not None and weight is None:
        # Pixels that are not selected are ignored, not weighted by zero, so
        # that a mean over labeled pixels is the mean over selected pixels.
        label = label.masked_fill(
            ~_selected(head, logits, label), head.ignore_index)
    functions = head.loss_decode
    if not isinstance(functions, nn.ModuleList):
        functions = [functions]
    losses: dict[str, Tensor] = {}
    for function in functions:
        # Other losses of MMSegmentation ignore pixel weights, or fail.
        if weight is not None and not (
                isinstance(function, CrossEntropyLoss)
                or getattr(function, 'takes_pixel_weights', False)):
            raise TypeError(
                f'{type(head).__name__}.loss_decode must be CrossEntropyLoss '
                f'or ClassDiceLoss, got {type(function).__name__}, which '
                'does not support the pixel weights of self-training. Use '
                'ClassDiceLoss for a Dice loss.')
        name = function.loss_name
        compute: Callable[..., Tensor] = function
        if _has_class_weights(function):
            compute = partial(_class_weighted_loss, function)
        elif _is_mean_over_labeled(function):
            compute = partial(function, avg_factor=_labeled_count(
                label, head.ignore_index))
        value = compute(logits, label, weight=weight,
                        ignore_index=head.ignore_index)
        losses[name] = losses[name] + value if name in losses else value
    return losses


def _selected(head: BaseDecodeHead, logits: Tensor, label: Tensor) -> Tensor:
    """Pixels that the sampler of a head selects, bool of (N, H, W)."""
    sampler = head.sampler
    if type(sampler) is OHEMPixelSampler and sampler.thresh is not None:
        return hard_pixels(logits, label, sampler.thresh,
                           sampler.min_kept * len(label), head.ignore_index)
    return sampler.sample(logits, label[:, None]) > 0


def _is_softmax(function: nn.Module) -> bool:
    """Whether a loss is a softmax cross-entropy."""
    return type(function) is CrossEntropyLoss and not function.use_sigmoid


def _has_class_weights(function: nn.Module) -> bool:
    """Whether a loss is a softmax cross-entropy with class weights."""
    return _is_softmax(function) and bool(function.class_weight)


def _is_mean_over_labeled(function: nn.Module) -> bool:
    """Whether a softmax cross-entropy is a mean over labeled pixels."""
    return _is_softmax(function) and bool(
        function.avg_non_ignore and function.reduction == 'mean')


def _labeled_count(label: Tensor, ignore_index: int) -> Tensor:
    """Number of labeled pixels, a float32 scalar.

    MMSegmentation reads this number back from the device, and adds the
    epsilon of float32 to it, which float32 rounds away.
    """
    return (label != ignore_index).sum().float()


@lru_cache(maxsize=32)
def _weights_on(device: torch.device, dtype: torch.dtype,
                *class_weight: float) -> Tensor:
    """Weights on a device; a copy at every step would wait for it."""
    return torch.tensor(class_weight, dtype=dtype, device=device)


def _class_weighted_loss(function: CrossEntropyLoss, logits: Tensor,
                         label: Tensor, weight: Optional[Tensor],
                         ignore_index: int) -> Tensor:
    """Cross-entropy with class weights, a scalar.

    The same as ``function``, but for its denominator, the sum of the weights
    of all labeled pixels, which MMSegmentation fails to compute beside
    ``avg_non_ignore=True``, and without copies from the host.
    """
    weights = _weights_on(logits.device, logits.dtype, *function.class_weight)
    # Pixels to ignore have the weight 0 of an additional class.
    padded = _weights_on(label.device, torch.float32,
                         *function.class_weight, 0.)
    ids = label.masked_fill(label == ignore_index, len(weights))
    return function.loss_weight * function.cls_criterion(
        logits, label, weight, class_weight=weights,
        reduction=function.reduction, avg_factor=padded[ids].sum(),
        avg_non_ignore=function.avg_non_ignore, ignore_index=ignore_index)


def _losses_by_name(name: str,
                    head: BaseDecodeHead,
                    logits: dict[str, Tensor],
                    label: Tensor,
                    weight: Optional[Tensor] = None) -> dict[str, Tensor]:
    """Losses of one head with its name, and of its detail crop."""
    losses = add_prefix(head_losses(head, logits[name], label, weight), name)
    if DETAIL not in logits or not hasattr(head, 'detail_weight'):
        return losses
    top, bottom, left, right = _first_box(logits[DETAIL_BOX])
    crop = (slice(None), slice(top, bottom), slice(left, right))
    detail = head_losses(head, logits[DETAIL], label[crop],
                         None if weight is None else weight[crop])
    share = head.detail_weight
    return {
        **{key: (1 - share) * loss for key, loss in losses.items()},
        **{key: share * loss
           for key, loss in add_prefix(detail, DETAIL).items()}
    }


def _first_box(boxes: Tensor) -> list[int]:
    """The box that all images of a pass have; it is on the CPU."""
    return boxes[0].tolist()


def labeled_losses(network: nn.Module, logits: dict[str, Tensor],
                   label: Tensor) -> dict[str, Tensor]:
    """Losses of all heads on labeled images.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        logits (dict[str, Tensor]): Logits of each head, (N, C, H, W).
        label (Tensor): Class ids of shape (N, H, W), int64.

    Returns:
        dict[str, Tensor]: Scalars, ``decode.<loss>``, ``aux*.<loss>`` and,
        of a detail crop, ``detail.<loss>``.
    """
    losses: dict[str, Tensor] = {}
    for name, head in heads_of(network).items():
        losses.update(_losses_by_name(name, head, logits, label))
    return losses


def pseudo_losses(network: nn.Module,
                  logits: dict[str, Tensor],
                  label: Tensor,
                  weight: Tensor,
                  auxiliary: str = 'weighted') -> dict[str, Tensor]:
    """Losses of all heads on images with pseudo-labels.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        logits (dict[str, Tensor]): Logits of each head, (N, C, H, W).
        label (Tensor): Class ids of shape (N, H, W), int64.
        weight (Tensor): Pixel weights of shape (N, H, W).
        auxiliary (str): Loss of auxiliary heads: ``'weighted'`` as the decode
            head, ``'plain'`` without pixel weights, ``'off'`` no loss.
            Defaults to ``'weighted'``.

    Returns:
        dict[str, Tensor]: Scalars, ``decode.<loss>``, ``aux*.<loss>`` and,
        of a detail crop, ``detail.<loss>``.
    """
    losses: dict[str, Tensor] = {}
    for name, head in heads_of(network).items():
        if name != 'decode' and auxiliary == 'off':
            continue
        plain = name != 'decode' and auxiliary == 'plain'
        used = torch.ones_like(weight) if plain else weight
        losses.update(_losses_by_name(name, head, logits, label, used))
    return losses


def peer_losses(network: nn.Module, logits: dict[str, Tensor],
                targets: Sequence[tuple[Tensor, Tensor]],
                auxiliary: str) -> dict[str, Tensor]:
    """Losses of images with several pseudo-labels, such as one per peer.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        logits (dict[str, Tensor]): Logits of each head, (N, C, H, W).
        targets (Sequence[tuple]): Of each peer, class ids and pixel weights
            of shape (N, H, W).
        auxiliary (str): See :func:`pseudo_losses`.

    Returns:
        dict[str, Tensor]: Means over the peers, scalars.
    """
    return _mean([
        pseudo_losses(network, logits, *target, auxiliary)
        for target in targets
    ])


def view_losses(network: nn.Module, logits: dict[str, Tensor], label: Tensor,
                weight: Tensor, auxiliary: str,
                views: int) -> dict[str, Tensor]:
    """Losses of several views, each a mean over its pixels.

    A mean over the pixels of all views together would count a view
    less where fewer are padding.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        logits (dict[str, Tensor]): Logits of each head, (V N, C, H, W), the
            images of one view after the other.
        label (Tensor): Class ids of shape (V N, H, W), int64.
        weight (Tensor): Pixel weights of shape (V N, H, W).
        auxiliary (str): See :func:`pseudo_losses`.
        views (int): Number of views V.

    Returns:
        dict[str, Tensor]: Means over the views, scalars.
    """
    count = len(label) // views
    return _mean([
        pseudo_losses(network, rows_of(logits, start, start + count),
                      label[start:start + count],
                      weight[start:start + count], auxiliary)
        for start in range(0, len(label), count)
    ])


def _mean(terms: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Means of losses by name."""
    return {
        name: cast(Tensor, sum(term[name] for term in terms)) / len(terms)
        for name in terms[0]
    }
