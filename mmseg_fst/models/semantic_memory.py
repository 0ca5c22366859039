"""Queues of unlabeled channels by class: the memory of AllSpark."""
from typing import Optional

import torch
from mmengine.dist import all_gather
from torch import Tensor, nn

from mmseg_fst.ops import enqueue_channels


class SemanticMemory(nn.Module):
    """The latest channels of unlabeled images, by class.

    Wang et al., "AllSpark", CVPR 2024. A queue has as many
    channels as a feature map, and starts with random numbers, as in the
    release. :meth:`updated` stages the channels of a step, :meth:`commit`
    writes them once after each real step.

    The memory is the same in all processes, and takes the channels of all of
    them. In the release the first process sends its memory to the others
    before each pass, so that only its channels remain; on four GPUs the
    channels here are replaced four times as fast.

    Args:
        num_classes (int): Number of classes K.
        channels (int): Channels C of a feature map.
        positions (int): Positions P of a feature map.
    """

    queue: Tensor
    position: Tensor

    def __init__(self, num_classes: int, channels: int,
                 positions: int) -> None:
        super().__init__()
        self.register_buffer(
            'queue', torch.randn(num_classes, channels, positions))
        self.register_buffer('position', torch.zeros(num_classes).long())
        self.staged: Optional[tuple[Tensor, Tensor]] = None

    @torch.no_grad()
    def updated(self, channels: Tensor, classes: Tensor) -> Tensor:
        """The memory with channels of all processes, which are staged.

        Args:
            channels (Tensor): Channels of shape (N, C, P), N images of this
                process.
            classes (Tensor): Their classes, int64 of shape (N, C).

        Returns:
            Tensor: Channels of shape (K, C, P).
        """
        channels = channels.to(self.queue.dtype).contiguous()
        self.staged = enqueue_channels(
            self.queue, self.position, gather_images(channels),
            gather_images(classes))
        return self.staged[0]

    @torch.no_grad()
    def commit(self) -> None:
        """Write the staged channels."""
        if self.staged is None:
            return
        (queue, position), self.staged = self.staged, None
        self.queue.copy_(queue)
        self.position.copy_(position)

    def discard(self) -> None:
        """Drop what the last step has staged."""
        self.staged = None


def gather_images(values: Tensor) -> Tensor:
    """Values of the images of all processes, in the order of one process.

    The sampler gives the n-th of several processes every n-th image.

    Args:
        values (Tensor): Values of N images, of shape (N, ...), equal in all
            processes.

    Returns:
        Tensor: Of shape (N times the number of processes, ...).
    """
    return torch.stack(all_gather(values), 1).flatten(0, 1)
