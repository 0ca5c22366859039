"""Pseudo-labels of networks, measured without side effects."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Optional

import torch
from mmseg.models.segmentors import BaseSegmentor, EncoderDecoder
from mmseg.utils import SampleList
from torch import Tensor, nn

from mmseg_fst.methods import set_batch_norm
from mmseg_fst.models.data_preprocessor import corners_of
from mmseg_fst.models.domains import to_domain
from mmseg_fst.models.losses import resize_logits
from mmseg_fst.models.protocols import threshold_of
from mmseg_fst.ops import (
    class_logits,
    class_probabilities,
    ignore_padding,
    weigh_boxes,
)
from mmseg_fst.utils.fields import DIAGNOSIS, TRUSTED_BOX
from mmseg_fst.utils.randomness import get_random_state, set_random_state


class ProbedLabels(NamedTuple):
    """Pseudo-labels of a batch, on the CPU.

    Attributes:
        label (Tensor): Class ids of shape (N, H, W), int64; ``ignore_index``
            in padding.
        weight (Tensor): Of the same shape, in [0, 1].
        confidence (Tensor): Maximum probability, of the same shape.
    """
    label: Tensor
    weight: Tensor
    confidence: Tensor


@contextmanager
def preserve_network(network: nn.Module,
                     batch_statistics: bool) -> Iterator[None]:
    """Evaluate a network, then restore its modes, buffers and random state.

    Args:
        network (nn.Module): The network, in evaluation mode inside the block.
        batch_statistics (bool): Whether batch normalization uses the
            statistics of the batch, as with ``teacher_mode='train'``.
    """
    modes = [(module, module.training) for module in network.modules()]
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    random_state = get_random_state()
    network.eval()
    set_batch_norm(network, batch_statistics)
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
        for buffer, saved in buffers:
            buffer.copy_(saved)
        set_random_state(random_state)


@torch.no_grad()
def probe(model: BaseSegmentor, network: EncoderDecoder, image: Tensor,
          samples: SampleList) -> ProbedLabels:
    """Compute the pseudo-labels of a network of a method.

    Student and teacher are evaluated alike: without dropout, with the
    statistics of ``teacher_mode``.

    Args:
        model (BaseSegmentor): The method, with a ``pseudo_labeler``.
        network (EncoderDecoder): One of its networks.
        image (Tensor): Normalized images of shape (N, C, H, W).
        samples (list[SegDataSample]): Their data samples, which contain the
            size without padding.

    Returns:
        ProbedLabels: The pseudo-labels, on the CPU.
    """
    statistics = model.teacher_mode == 'train'
    with (preserve_network(network, statistics),
          model.frozen_pass(image.device)):
        logits = network(to_domain(network, image))
    logits = class_logits(
        resize_logits(
            logits.to(image.dtype), image.shape[2:], network.align_corners),
        threshold_of(network))
    # In evaluation mode, in which labelers stage no statistics.
    with preserve_network(model.pseudo_labeler, batch_statistics=False):
        label, weight = model.pseudo_labeler(logits)
    dtype = torch.promote_types(logits.dtype, torch.float32)
    confidence = class_probabilities(logits, dtype).amax(1)
    label = ignore_padding(label, [
        sample.metainfo.get('img_shape', label.shape[1:])
        for sample in samples
    ], network.decode_head.ignore_index, corners_of(samples))
    weight = weigh_boxes(
        weight, [sample.metainfo.get(TRUSTED_BOX) for sample in samples],
        corners_of(samples))
    return ProbedLabels(label.cpu(), weight.cpu(), confidence.cpu())


def true_labels(samples: SampleList, size: Sequence[int],
                ignore_index: int = 255,
                corners: Optional[Sequence[Sequence[int]]] = None
                ) -> Optional[Tensor]:
    """Labels for diagnosis of a batch, padded as its images are.

    Args:
        samples (list[SegDataSample]): Data samples as the loader gives them.
        size (Sequence[int]): Height and width to pad to.
        ignore_index (int): Id of padding. Defaults to 255.
        corners (Sequence[Sequence[int]], optional): Row and column at which
            each image begins. Defaults to None: padding is below and right.

    Returns:
        Tensor | None: Class ids of shape (N, H, W), int64; None unless every
        image has its label.
    """
    if not all(DIAGNOSIS in sample for sample in samples):
        return None
    padded = torch.full((len(samples), *size), ignore_index)
    corners = corners or [(0, 0)] * len(samples)
    for whole, sample, (top, left) in zip(padded, samples, corners):
        label = sample.get(DIAGNOSIS).data[0]
        whole[top:top + label.shape[0], left:left + label.shape[1]] = label
    return padded
