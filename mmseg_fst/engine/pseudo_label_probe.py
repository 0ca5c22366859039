"""What networks say of unlabeled images, with nothing moved by asking."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Optional

import torch
from mmseg.utils import SampleList
from torch import Tensor, nn

from mmseg_fst.methods import set_batch_norm
from mmseg_fst.models.domains import to_domain
from mmseg_fst.models.losses import resize_logits
from mmseg_fst.ops import ignore_padding
from mmseg_fst.utils.fields import DIAGNOSIS
from mmseg_fst.utils.randomness import get_random_state, set_random_state


class Look(NamedTuple):
    """Pseudo-labels of a batch, on the CPU.

    Attributes:
        label (Tensor): Class ids of shape (N, H, W), int64; 255, or whatever
            is ignored, where there is padding.
        weight (Tensor): Of the same shape, in [0, 1].
        confidence (Tensor): Largest probability, of the same shape.
    """
    label: Tensor
    weight: Tensor
    confidence: Tensor


@contextmanager
def undisturbed(network: nn.Module, batch_statistics: bool) -> Iterator[None]:
    """Let a network see images without a trace.

    Its modes, buffers and PyTorch's random numbers are put back.

    Args:
        network (nn.Module): In evaluation mode inside the block.
        batch_statistics (bool): Whether batch normalization goes by the batch
            there, as that of a teacher of ``teacher_mode='train'`` does.
    """
    modes = [(module, module.training) for module in network.modules()]
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    draws = get_random_state()
    network.eval()
    set_batch_norm(network, batch_statistics)
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
        for buffer, saved in buffers:
            buffer.copy_(saved)
        set_random_state(draws)


@torch.no_grad()
def look(model: nn.Module, network: nn.Module, image: Tensor,
         samples: SampleList) -> Look:
    """Pseudo-labels as a network of a segmentor would give them.

    Student and teacher are asked in one way, that of the teacher: without
    dropout, with the statistics that ``teacher_mode`` says.

    Args:
        model (nn.Module): The segmentor, with a ``pseudo_labeler``.
        network (nn.Module): One of its networks.
        image (Tensor): Normalized images of shape (N, 3, H, W).
        samples (list[SegDataSample]): Their data samples, which tell what is
            padding.

    Returns:
        Look: The pseudo-labels.
    """
    statistics = model.teacher_mode == 'train'
    with undisturbed(network, statistics), model.frozen_pass(image.device):
        logits = network(to_domain(network, image))
    logits = resize_logits(
        logits.to(image.dtype), image.shape[2:], network.align_corners)
    label, weight = model.pseudo_labeler(logits)
    dtype = torch.promote_types(logits.dtype, torch.float32)
    confidence = torch.softmax(logits, 1, dtype=dtype).amax(1)
    label = ignore_padding(label, [
        sample.metainfo.get('img_shape', label.shape[1:])
        for sample in samples
    ], network.decode_head.ignore_index)
    return Look(label.cpu(), weight.cpu(), confidence.cpu())


def true_labels(samples: SampleList, size: Sequence[int],
                ignore_index: int = 255) -> Optional[Tensor]:
    """Labels for diagnosis of a batch, padded as its images are.

    Args:
        samples (list[SegDataSample]): Data samples as the loader gives them.
        size (Sequence[int]): Height and width to pad to, below and right.
        ignore_index (int): Id of padding. Defaults to 255.

    Returns:
        Tensor | None: Class ids of shape (N, H, W), int64; None unless every
        image has its label.
    """
    if not all(DIAGNOSIS in sample for sample in samples):
        return None
    padded = torch.full((len(samples), *size), ignore_index)
    for whole, sample in zip(padded, samples):
        label = sample.get(DIAGNOSIS).data[0]
        whole[:label.shape[0], :label.shape[1]] = label
    return padded
