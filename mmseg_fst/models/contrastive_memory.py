"""Pixel contrastive loss of U2PL with a memory of past pixels."""
from dataclasses import dataclass
from typing import Any, Literal, Optional

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather, all_reduce
from torch import Tensor, nn

from mmseg_fst.ops import (
    TeacherView,
    class_probabilities,
    info_nce,
    membership,
    membership_as_released,
    rows_of,
    sample_rows,
    select_pixels,
    split_by_entropy,
    sum_by_class,
)
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_epochs, check_range
from mmseg_fst.utils.progress import training_progress


@dataclass(frozen=True)
class Staged:
    """Changes that one step makes to a :class:`ContrastiveMemory`.

    Attributes:
        rows (Tensor): Representations of negative pixels, (P, D).
        negative (Tensor): Classes of which they are negatives, (P, C), bool.
        total (Tensor): Sum of the positive pixels of each class, (C, D).
        count (Tensor): Number of positive pixels of each class, (C,).
    """
    rows: Tensor
    negative: Tensor
    total: Tensor
    count: Tensor


@MODELS.register_module()
class ContrastiveMemory(nn.Module):
    """Contrastive loss of U2PL with a memory of past pixels.

    Computed for each class, at the resolution of the logits (Wang et al.
    2022, section 3.3, as described in the paper; for the authors' code see
    ``match_release``)::

        anchors    student, reliable pixels with a probability > threshold
        positive   teacher, mean of the reliable pixels, averaged over time
        negatives  teacher, from a queue of unreliable pixels for which the
                   class is unlikely, and labeled pixels mistaken for it
        loss       InfoNCE, mean over the classes with reliable pixels

    See :func:`mmseg_fst.ops.select_pixels`. The fractions of reliable and of
    unreliable unlabeled pixels decrease to 0 over the training.

    :meth:`forward` reads the memory and stages new pixels; :meth:`commit`
    writes them once after each real step, so that virtual steps do not change
    the memory. The memory grows as it is filled, and is identical in all
    processes.

    ``match_release=True`` reproduces U2PL's release instead
    (``compute_contra_memobank_loss`` and ``train_semi.py``, ab3d2be):

    - negatives of a class must be (pseudo-)labeled as that class. Labeled
      pixels are therefore never negatives, and unlabeled pixels only if their
      label disagrees with the second teacher pass;
    - ``label_onehot`` mixes up images: among the labeled images of a process,
      and among its unlabeled images, the first one receives the classes of
      all and the others receive none, see
      :func:`mmseg_fst.ops.membership_as_released`;
    - it mixes up classes: the n-th *of all* classes provides the anchors and
      the positive, but the n-th *present* class provides the negatives. Both
      are equal only if no earlier class is missing;
    - entropies are compared at the size of the labels, not of the logits;
    - the queues already contain the negatives of the current step when it
      samples from them;
    - the loss is 0 if fewer than two classes have reliable pixels.

    Three more properties of the release are arguments. It does not average
    positives over time (``decay=0``; its ``anchor_ema``, which no config
    sets, divides by zero; FST's copy of the function does average, but no
    config of FST enables it). Its fractions change only between epochs
    (``epochs``). Its loss is summed over processes after the graph was
    recorded and divided by their number, so that the effective
    ``loss_weight`` is divided by that number: 1 / 4 for its Pascal VOC, 1 / 8
    for its Cityscapes. According to issue 52 of its repository the paper uses
    a weight of 0.1; its configs use 1.

    Args:
        num_classes (int): Number of classes C.
        channels (int): Channels D of the representation.
        num_anchors (int): Anchors per class, sampled with replacement.
            Defaults to 256.
        num_negatives (int): Negatives per anchor. Defaults to 50.
        threshold (float): Minimum probability of an anchor, in [0, 1].
            Defaults to 0.3.
        percent (float): Percentage of unlabeled pixels that are reliable at
            the start of the training, in [0, 50]; the same percentage is
            unreliable. Defaults to 20.
        ranks (tuple[int, int]): First rank of an unlikely class, and the end
            of the range, exclusive. Defaults to (3, 20).
        negatives (str): Unlabeled pixels that may be negatives: the
            ``'unreliable'`` ones, or ``'all'``, as with
            ``negative_high_entropy: False`` of the release. Defaults to
            ``'unreliable'``.
        temperature (float): Divisor of the similarities. Defaults to 0.5.
        decay (float): Decay of the moving average of positives after its
            warm-up, in [0, 1]. Defaults to 0.999.
        capacity (int): Maximum number of pixels in the queue of a class.
            Defaults to 30000.
        first_capacity (int): Maximum number for class 0. Defaults to 50000.
        loss_weight (float): Weight of the term. Defaults to 1.
        match_release (bool): Whether to reproduce the release, see above.
            Defaults to False.
        epochs (int, optional): Number of epochs of the training, if the
            fractions change only between epochs. Defaults to None: they
            change in each iteration.
        ignore_index (int): Id of pixels without a label. Defaults to 255.

    Raises:
        ValueError: If an argument is out of its range.
    """

    queue: Tensor
    sizes: Tensor
    positive: Tensor
    updates: Tensor

    def __init__(self,
                 num_classes: int,
                 channels: int,
                 num_anchors: int = 256,
                 num_negatives: int = 50,
                 threshold: float = 0.3,
                 percent: float = 20.,
                 ranks: tuple[int, int] = (3, 20),
                 negatives: Literal['unreliable', 'all'] = 'unreliable',
                 temperature: float = 0.5,
                 decay: float = 0.999,
                 capacity: int = 30000,
                 first_capacity: int = 50000,
                 loss_weight: float = 1.,
                 match_release: bool = False,
                 epochs: Optional[int] = None,
                 ignore_index: int = 255) -> None:
        super().__init__()
        check_range(self, high=50, percent=percent)
        check_range(self, threshold=threshold, decay=decay)
        check_epochs(self, epochs)
        if not 0 < ranks[0] < min(ranks[1], num_classes):
            raise ValueError(
                'ContrastiveMemory: ranks must be an increasing pair that '
                f'starts in [1, {num_classes}), got {tuple(ranks)}.')
        if negatives not in ('unreliable', 'all'):
            raise ValueError('ContrastiveMemory: negatives must be '
                             f"'unreliable' or 'all', got {negatives!r}.")
        if min(capacity, first_capacity) < 1:
            raise ValueError('ContrastiveMemory: capacity and first_capacity '
                             'must be positive integers, got '
                             f'{capacity} and {first_capacity}.')
        self.num_classes = num_classes
        self.num_anchors = num_anchors
        self.num_negatives = num_negatives
        self.threshold = threshold
        self.percent = percent
        self.ranks = ranks[0], ranks[1]
        self.negatives = negatives
        self.temperature = temperature
        self.decay = decay
        self.capacities = [first_capacity] + [capacity] * (num_classes - 1)
        self.loss_weight = loss_weight
        self.match_release = match_release
        self.epochs = epochs
        self.ignore_index = ignore_index
        # Concatenated queues of all classes, the oldest pixels first. One
        # buffer, because a checkpoint must hold queues of any length.
        self.register_buffer('queue', torch.zeros(0, channels))
        self.register_buffer('sizes', torch.zeros(num_classes).long())
        self.register_buffer('positive', torch.zeros(num_classes, channels))
        self.register_buffer('updates', torch.zeros(num_classes).long())
        self.staged: Optional[Staged] = None

    def forward(self, representation: Tensor, view: TeacherView) -> Tensor:
        """Compute the loss of a step and stage its pixels for the memory.

        Args:
            representation (Tensor): Student representations of the images of
                ``view``, of shape (N, D, h, w).
            view (TeacherView): The teacher's outputs for the same images.

        Returns:
            Tensor: The weighted loss, a scalar; 0 if no class has both
            anchors and negatives.
        """
        dtype = torch.promote_types(representation.dtype, torch.float32)
        student = rows_of(representation).to(dtype)
        with torch.no_grad():
            probability = class_probabilities(view.logits, dtype)
            label = self._on_grid(view.label, probability).long()
            reliable, unreliable = self._split(view, probability, label)
            valid = label != self.ignore_index
            known = valid[:view.num_labeled]
            if self.negatives == 'all':
                unreliable = valid[view.num_labeled:]
            member, negative = select_pixels(
                probability, self._members(label, view.num_labeled), known,
                reliable, unreliable, self.ranks, self.match_release)
            member = rows_of(member)
            staged = self._stage(
                rows_of(view.representation), member, rows_of(negative))
            center = self._updated(staged.total, staged.count)
            likely = rows_of(probability) > self.threshold
        # Connects the loss to the graph even if no anchor is sampled:
        # distributed training needs a gradient for every weight.
        loss = 0 * student.sum()
        for index, queue in self._paired_queues(staged):
            anchor = torch.nonzero(member[:, index] & likely[:, index])[:, 0]
            if len(anchor) and len(queue):
                loss = loss + self._contrast(student, anchor, center[index],
                                             queue)
        present = (staged.count > 0).sum().clamp(min=1)
        return self.loss_weight * loss / present

    def _members(self, label: Tensor, num_labeled: int) -> Tensor:
        """One-hot (pseudo-)labels, bool (N, C, h, w)."""
        if not self.match_release:
            return membership(label, self.num_classes)
        return torch.cat([
            membership_as_released(part, self.num_classes, self.ignore_index)
            for part in (label[:num_labeled], label[num_labeled:])
        ])

    @staticmethod
    def _on_grid(values: Tensor, maps: Tensor) -> Tensor:
        """Resize values (N, H, W) to the size of maps by nearest neighbor."""
        return F.interpolate(values[:, None].float(), maps.shape[2:])[:, 0]

    def _split(self, view: TeacherView, probability: Tensor,
               label: Tensor) -> tuple[Tensor, Tensor]:
        """Reliable and unreliable unlabeled pixels, bool (M, h, w).

        Args:
            view (TeacherView): The teacher's outputs.
            probability (Tensor): Teacher probabilities, (N, C, h, w).
            label (Tensor): Class ids at the same resolution, (N, h, w).
        """
        percent = self.percent * (1 - training_progress(self.epochs))
        rest = slice(view.num_labeled, None)
        if not self.match_release:
            return split_by_entropy(probability[rest],
                                    label[rest] != self.ignore_index, percent)
        fine = F.interpolate(
            view.logits[rest].to(probability.dtype),
            view.label.shape[1:],
            mode='bilinear',
            align_corners=True)
        parts = split_by_entropy(
            class_probabilities(fine),
            view.label[rest] != self.ignore_index, percent)
        reliable, unreliable = (
            self._on_grid(part, probability) > 0 for part in parts)
        return reliable, unreliable

    def _paired_queues(self, staged: Staged) -> list[tuple[int, Tensor]]:
        """Class of the anchors and queue (P, D) of their negatives."""
        if not self.match_release:
            return list(enumerate(self.queue.split(self.sizes.tolist())))
        present = torch.nonzero(staged.count)[:, 0].tolist()
        queues = self._queues_after(staged)
        if len(present) < 2:
            return []
        # The release pairs the n-th class with the n-th present queue.
        return [(rank, queues[index]) for rank, index in enumerate(present)]

    def _contrast(self, student: Tensor, anchor: Tensor, positive: Tensor,
                  queue: Tensor) -> Tensor:
        """Loss of one class; ``anchor`` contains indices of rows."""
        anchors = student[sample_rows(anchor, self.num_anchors)]
        negatives = sample_rows(queue, self.num_anchors * self.num_negatives)
        return info_nce(
            anchors, positive.to(anchors.dtype),
            negatives.view(self.num_anchors, self.num_negatives,
                           -1).to(anchors.dtype), self.temperature)

    def _stage(self, teacher: Tensor, member: Tensor,
               negative: Tensor) -> Staged:
        """Stage the pixels of a step; replaces the previously staged ones.

        Args:
            teacher (Tensor): Teacher representations of shape (P, D).
            member (Tensor): Classes of which a pixel is positive, bool (P, C).
            negative (Tensor): Classes of which it is negative, bool (P, C).

        Returns:
            Staged: What is staged now.
        """
        teacher = teacher.detach().to(self.queue.dtype)
        used = negative.any(1)
        self.staged = Staged(teacher[used], negative[used],
                             *sum_by_class(teacher, member))
        return self.staged

    def _updated(self, total: Tensor, count: Tensor) -> Tensor:
        """Positives (C, D) after one more update of their moving average."""
        mean = total / count.clamp(min=1)[:, None]
        # Updates are counted per class: a class that first occurs late in the
        # training starts at its mean.
        decay = (1 - 1 / (self.updates + 1)).clamp(max=self.decay)
        moved = torch.lerp(mean, self.positive,
                           decay.to(mean.dtype)[:, None])
        return torch.where(count[:, None] > 0, moved, self.positive)

    @torch.no_grad()
    def commit(self) -> None:
        """Write the staged pixels of all processes to the memory."""
        if self.staged is None:
            return
        staged, self.staged = self.staged, None
        queues = self._queues_after(staged)
        all_reduce(staged.total)
        all_reduce(staged.count)
        self.positive = self._updated(staged.total, staged.count)
        self.updates = self.updates + (staged.count > 0)
        self.queue = torch.cat(queues)
        self.sizes = self.sizes.new_tensor([len(queue) for queue in queues])

    def discard(self) -> None:
        """Drop what the last step has staged."""
        self.staged = None

    def _queues_after(self, staged: Staged) -> list[Tensor]:
        """Queues of all classes with the staged pixels of all processes."""
        rows = gather_rows(staged.rows)
        # Not every communication backend supports bool.
        negative = gather_rows(staged.negative.byte()).bool()
        return [
            torch.cat([queue, rows[negative[:, index]]])[-capacity:]
            for index, (queue, capacity) in enumerate(
                zip(self.queue.split(self.sizes.tolist()), self.capacities))
        ]

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str,
                              *args: Any) -> None:
        """Load a queue of any length: resize the buffer first."""
        saved = state_dict.get(f'{prefix}queue')
        if saved is not None and saved.shape[1:] == self.queue.shape[1:]:
            self.queue = self.queue.new_empty(saved.shape)
        super()._load_from_state_dict(state_dict, prefix, *args)


def gather_rows(rows: Tensor) -> Tensor:
    """Gather the rows of all processes, in the order of the ranks.

    Args:
        rows (Tensor): Rows of shape (P, ...); P may differ between processes.

    Returns:
        Tensor: Rows of shape (sum of all P, ...).
    """
    count = torch.tensor([len(rows)], device=rows.device)
    sizes = torch.cat(all_gather(count)).tolist()
    # All processes must send tensors of the same shape: pad to the largest.
    filled = rows.new_zeros(max(sizes), *rows.shape[1:])
    filled[:len(rows)] = rows
    return torch.cat([
        part[:size] for part, size in zip(all_gather(filled), sizes)
    ])
