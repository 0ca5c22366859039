"""Losses of an encoder-decoder on pixels of different weight."""
from collections.abc import Callable, Sequence
from typing import Optional

import torch
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


def heads_of(network: nn.Module) -> dict[str, BaseDecodeHead]:
    """The decode head and the auxiliary ones.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.

    Returns:
        dict[str, BaseDecodeHead]: ``decode`` and, if there are such, ``aux``
        or ``aux_0``, ``aux_1`` and so on.
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
    """Logits of one head, at the size of the label.

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
    """Logits of each head of a network, at the size of the label.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        features (Sequence[Tensor]): Feature maps of its backbone or neck.
        size (Sequence[int]): Height and width of the label.

    Returns:
        dict[str, Tensor]: Logits of shape (N, C, *size) by head.
    """
    return {
        name: head_logits(head, features, size)
        for name, head in heads_of(network).items()
    }


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
    """Logits of a head, and the representation it makes of each pixel.

    Args:
        head (BaseDecodeHead): A head whose forward returns logits.
        features (Sequence[Tensor]): Feature maps of the backbone or neck.

    Returns:
        tuple[Tensor, Tensor]: Logits (N, C, h, w) and representations
        (N, D, h, w); the logits themselves where the head has no others, as
        U2PL does for DeepLabV2 and PSPNet.
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
            f'{type(head).__name__} returns {type(logits).__name__}, not '
            'logits, so pixels cannot be weighted; choose a decode head that '
            'returns one tensor of logits.')
    return logits, None


def decoded_logits(
    network: nn.Module, features: Sequence[Tensor], size: Sequence[int],
    decode: Callable[[BaseDecodeHead, Sequence[Tensor]], tuple]
) -> tuple[dict[str, Tensor], Optional[Tensor]]:
    """Logits of each head, and representations of the decode head.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        features (Sequence[Tensor]): Feature maps of its backbone or neck.
        size (Sequence[int]): Height and width of the label.
        decode (Callable): :func:`represent` or :func:`decode_without`.

    Returns:
        tuple: Logits of shape (N, C, *size) by head, and representations
        (N, D, h, w) or None.
    """
    heads = heads_of(network)
    head = heads.pop('decode')
    logits, representation = decode(head, features)
    by_head = dict(decode=resize_logits(logits, size, head.align_corners))
    for name, auxiliary in heads.items():
        by_head[name] = head_logits(auxiliary, features, size)
    return by_head, representation


def head_losses(head: BaseDecodeHead,
                logits: Tensor,
                label: Tensor,
                weight: Optional[Tensor] = None) -> dict[str, Tensor]:
    """Losses of one head, the ones of its own ``loss_decode``.

    ``BaseDecodeHead.loss_by_feat`` takes no pixel weight, so the head's loss
    functions are called here. Its sampler, such as OHEM, chooses among
    labeled pixels alone: pseudo-labels are chosen by their weight.

    Args:
        head (BaseDecodeHead): The head.
        logits (Tensor): Its logits, of shape (N, C, H, W).
        label (Tensor): Class ids of shape (N, H, W), int64.
        weight (Tensor, optional): Pixel weights of shape (N, H, W), of
            pseudo-labels. Defaults to None: all weigh 1.

    Returns:
        dict[str, Tensor]: Scalars by the name of the loss function.

    Raises:
        TypeError: If pixels are weighted and a loss is not a cross-entropy.
    """
    if head.sampler is not None and weight is None:
        # Ignored and not weighted by zero, so that a mean over the pixels
        # with a label is one over the chosen ones.
        kept = head.sampler.sample(logits, label[:, None]) > 0
        label = label.masked_fill(~kept, head.ignore_index)
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


def labeled_losses(network: nn.Module, logits: dict[str, Tensor],
                   label: Tensor) -> dict[str, Tensor]:
    """Losses of labeled images, of all heads.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        logits (dict[str, Tensor]): Logits of each head, (N, C, H, W).
        label (Tensor): Class ids of shape (N, H, W), int64.

    Returns:
        dict[str, Tensor]: Scalars, ``decode.<loss>`` and ``aux*.<loss>``.
    """
    losses: dict[str, Tensor] = {}
    for name, head in heads_of(network).items():
        losses.update(add_prefix(head_losses(head, logits[name], label), name))
    return losses


def pseudo_losses(network: nn.Module,
                  logits: dict[str, Tensor],
                  label: Tensor,
                  weight: Tensor,
                  auxiliary: str = 'weighted') -> dict[str, Tensor]:
    """Losses of images with pseudo-labels.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        logits (dict[str, Tensor]): Logits of each head, (N, C, H, W).
        label (Tensor): Class ids of shape (N, H, W), int64.
        weight (Tensor): Pixel weights of shape (N, H, W).
        auxiliary (str): What auxiliary heads learn here: ``'weighted'`` as
            the decode head, ``'plain'`` without weights, ``'off'`` nothing.
            Defaults to ``'weighted'``.

    Returns:
        dict[str, Tensor]: Scalars, ``decode.<loss>`` and ``aux*.<loss>``.
    """
    losses: dict[str, Tensor] = {}
    for name, head in heads_of(network).items():
        if name != 'decode' and auxiliary == 'off':
            continue
        plain = name != 'decode' and auxiliary == 'plain'
        used = torch.ones_like(weight) if plain else weight
        losses.update(
            add_prefix(head_losses(head, logits[name], label, used), name))
    return losses


def peer_losses(network: nn.Module, logits: dict[str, Tensor],
                targets: Sequence[tuple[Tensor, Tensor]],
                auxiliary: str) -> dict[str, Tensor]:
    """Losses of images with several pseudo-labels, such as those of peers.

    Args:
        network (nn.Module): An ``EncoderDecoder`` of MMSegmentation.
        logits (dict[str, Tensor]): Logits of each head, (N, C, H, W).
        targets (Sequence[tuple]): Of each peer, class ids and pixel weights
            of shape (N, H, W).
        auxiliary (str): See :func:`pseudo_losses`.

    Returns:
        dict[str, Tensor]: Means over the peers, scalars.
    """
    terms = [
        pseudo_losses(network, logits, *target, auxiliary)
        for target in targets
    ]
    return {
        name: sum(term[name] for term in terms) / len(terms)
        for name in terms[0]
    }
