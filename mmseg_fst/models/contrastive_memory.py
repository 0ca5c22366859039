"""A loss by which pixels of a class meet, and leave the other classes."""
from typing import Any, NamedTuple, Optional

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather, all_reduce
from torch import Tensor, nn

from mmseg_fst.ops import (
    TeacherView,
    draw_rows,
    info_nce,
    membership,
    membership_as_released,
    rows_of,
    select_pixels,
    split_by_entropy,
    sum_by_class,
)
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_epochs, check_range
from mmseg_fst.utils.progress import training_progress


class Staged(NamedTuple):
    """What one step adds to a :class:`ContrastiveMemory`.

    Attributes:
        rows (Tensor): Representations of pixels, (P, D).
        negative (Tensor): Of which classes they are negatives, (P, C), bool.
        total (Tensor): Sum of the reliable pixels of each class, (C, D).
        count (Tensor): Their number, (C,).
    """
    rows: Tensor
    negative: Tensor
    total: Tensor
    count: Tensor


@MODELS.register_module()
class ContrastiveMemory(nn.Module):
    """The contrastive loss of U2PL, and what it remembers of past steps.

    Of each class, on the grid of the logits (Wang et al. 2022, section 3.3;
    the rule that the authors describe, for that of their code see
    ``match_release``)::

        anchors    student, reliable pixels of a probability > threshold
        positive   teacher, mean of the reliable pixels, averaged over time
        negatives  teacher, from a queue of unreliable pixels that the class
                   is unlikely to be, and of labeled ones mistaken for it
        loss       InfoNCE, mean over the classes with reliable pixels

    See :func:`mmseg_fst.ops.select_pixels`. The share of unlabeled pixels
    that are reliable, or unreliable, shrinks to 0 over the training.

    :meth:`forward` reads the memory and stages what is to be added;
    :meth:`commit` writes it, once after each real step, so that virtual
    steps leave no trace. The memory grows as it is filled, and is the same
    in all processes.

    With ``match_release=True`` it is the rule of U2PL's release instead
    (``compute_contra_memobank_loss`` and ``train_semi.py``, ab3d2be):

    - negatives of a class have to be (pseudo-)labeled as that very class:
      no labeled pixel is one, and an unlabeled one only where its label and
      the second view of the teacher disagree;
    - ``label_onehot`` mixes images up: of the labeled images of a process,
      and of its unlabeled ones, the first has the classes of all of them and
      the others have none, see
      :func:`mmseg_fst.ops.membership_as_released`;
    - classes are mixed up: the n-th *of all* classes gives the anchors and
      the positive, and the n-th *of those present* the negatives. They are
      the same only if no class is missing before;
    - entropies are compared at the size of the labels, not of the logits;
    - the step's own negatives are in the queues before it draws from them;
    - a batch in which fewer than two classes are reliable has no loss.

    Three more traits of it are arguments. It averages no positive over time
    (``decay=0``; its ``anchor_ema``, which no config sets, divides by zero;
    FST's copy of the function does average, but no config of FST asks for it).
    Its shares change from epoch to epoch (``epochs``). Its loss is summed
    over processes after the graph was recorded, and divided by their number,
    so gradients are those of ``loss_weight`` over that number: 1 / 4 for its
    Pascal VOC, 1 / 8 for its Cityscapes. The paper is said to weigh it by
    0.1 (issue 52 of the repository); its configs weigh it by 1.

    Args:
        num_classes (int): Number of classes C.
        channels (int): Channels D of the representation.
        num_anchors (int): Anchors of a class, drawn with repetition. Defaults
            to 256.
        num_negatives (int): Negatives of an anchor. Defaults to 50.
        threshold (float): Least probability of an anchor. Defaults to 0.3.
        percent (float): Share of unlabeled pixels that are reliable at the
            beginning, in percent; as many are unreliable. Defaults to 20.
        ranks (tuple[int, int]): First rank of a class that is unlikely, and
            the one behind the last. Defaults to (3, 20).
        temperature (float): Divides similarities. Defaults to 0.5.
        decay (float): Share of the old positive in the long run. Defaults to
            0.999.
        capacity (int): Pixels that the queue of a class holds. Defaults to
            30000.
        first_capacity (int): The same of class 0. Defaults to 50000.
        loss_weight (float): Weight of the term. Defaults to 1.
        match_release (bool): Whether the rule is that of the release, see above.
            Defaults to False.
        epochs (int, optional): Number of epochs of the training, if the share
            shrinks from epoch to epoch alone. Defaults to None: in each
            iteration.
        ignore_index (int): Id of pixels without a label. Defaults to 255.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 num_classes: int,
                 channels: int,
                 num_anchors: int = 256,
                 num_negatives: int = 50,
                 threshold: float = 0.3,
                 percent: float = 20.,
                 ranks: tuple[int, int] = (3, 20),
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
                f'ContrastiveMemory: ranks={tuple(ranks)} is no range of the '
                f'ranks of {num_classes} classes; begin above 0 and below '
                'their number.')
        if min(capacity, first_capacity) < 1:
            raise ValueError('ContrastiveMemory: capacity and first_capacity '
                             'are numbers of pixels; give 1 or more.')
        self.num_classes = num_classes
        self.num_anchors = num_anchors
        self.num_negatives = num_negatives
        self.threshold = threshold
        self.percent = percent
        self.ranks = tuple(ranks)
        self.temperature = temperature
        self.decay = decay
        self.capacities = [first_capacity] + [capacity] * (num_classes - 1)
        self.loss_weight = loss_weight
        self.match_release = match_release
        self.epochs = epochs
        self.ignore_index = ignore_index
        # The queues of all classes one after the other, the oldest first.
        self.register_buffer('queue', torch.zeros(0, channels))
        self.register_buffer('sizes', torch.zeros(num_classes).long())
        self.register_buffer('positive', torch.zeros(num_classes, channels))
        self.register_buffer('updates', torch.zeros(num_classes).long())
        self.staged: Optional[Staged] = None

    def forward(self, representation: Tensor, look: TeacherView) -> Tensor:
        """The loss of a step; stages what the step adds to the memory.

        Args:
            representation (Tensor): The student's, of shape (N, D, h, w), of
                the images of ``look``.
            look (TeacherView): The teacher's view of the same images.

        Returns:
            Tensor: The weighted loss, a scalar; 0 where no class has both
            anchors and negatives.
        """
        dtype = torch.promote_types(representation.dtype, torch.float32)
        student = rows_of(representation).to(dtype)
        with torch.no_grad():
            probability = look.logits.softmax(1, dtype=dtype)
            label = self._on_grid(look.label, probability).long()
            sure, unsure = self._split(look, probability, label)
            known = label[:look.num_labeled] != self.ignore_index
            standing, negative = select_pixels(
                probability, self._members(label, look.num_labeled), known,
                sure, unsure, self.ranks, self.match_release)
            standing = rows_of(standing)
            self._stage(rows_of(look.representation), standing,
                        rows_of(negative))
            positive = self._moved(self.staged.total, self.staged.count)
            likely = rows_of(probability) > self.threshold
        # Each process has weights for which nothing is drawn, too.
        loss = 0 * student.sum()
        for index, queue in self._paired_queues():
            anchor = torch.nonzero(standing[:, index] & likely[:, index])[:, 0]
            if len(anchor) and len(queue):
                loss = loss + self._contrast(student, anchor, positive[index],
                                             queue)
        present = (self.staged.count > 0).sum().clamp(min=1)
        return self.loss_weight * loss / present

    def _members(self, label: Tensor, num_labeled: int) -> Tensor:
        """Of which class each pixel is labeled, bool (N, C, h, w)."""
        if not self.match_release:
            return membership(label, self.num_classes)
        return torch.cat([
            membership_as_released(part, self.num_classes, self.ignore_index)
            for part in (label[:num_labeled], label[num_labeled:])
        ])

    @staticmethod
    def _on_grid(values: Tensor, maps: Tensor) -> Tensor:
        """Values (N, H, W) at the nearest pixels of maps, (N, h, w)."""
        return F.interpolate(values[:, None].float(), maps.shape[2:])[:, 0]

    def _split(self, look: TeacherView, probability: Tensor,
               label: Tensor) -> tuple[Tensor, Tensor]:
        """Unlabeled pixels that are sure and unsure, bool (M, h, w).

        Args:
            look (TeacherView): The teacher's view.
            probability (Tensor): Its probabilities, (N, C, h, w).
            label (Tensor): Class ids on the same grid, (N, h, w).
        """
        percent = self.percent * (1 - training_progress(self.epochs))
        rest = slice(look.num_labeled, None)
        if not self.match_release:
            return split_by_entropy(probability[rest],
                                    label[rest] != self.ignore_index, percent)
        fine = F.interpolate(
            look.logits[rest].to(probability.dtype),
            look.label.shape[1:],
            mode='bilinear',
            align_corners=True)
        parts = split_by_entropy(
            fine.softmax(1), look.label[rest] != self.ignore_index, percent)
        return tuple(self._on_grid(part, probability) > 0 for part in parts)

    def _paired_queues(self) -> list[tuple[int, Tensor]]:
        """Classes of anchors, and the queue (P, D) of each one's negatives."""
        if not self.match_release:
            return list(enumerate(self.queue.split(self.sizes.tolist())))
        present = torch.nonzero(self.staged.count)[:, 0].tolist()
        queues = self._queues_after(self.staged)
        if len(present) < 2:
            return []
        return [(place, queues[index]) for place, index in enumerate(present)]

    def _contrast(self, student: Tensor, anchor: Tensor, positive: Tensor,
                  queue: Tensor) -> Tensor:
        """The loss of one class; ``anchor`` holds indices of rows."""
        chosen = student[draw_rows(anchor, self.num_anchors)]
        others = draw_rows(queue, self.num_anchors * self.num_negatives)
        return info_nce(
            chosen, positive.to(chosen.dtype),
            others.view(self.num_anchors, self.num_negatives,
                        -1).to(chosen.dtype), self.temperature)

    def _stage(self, teacher: Tensor, standing: Tensor,
               negative: Tensor) -> None:
        """Keep what is to be added, instead of what was kept before.

        Args:
            teacher (Tensor): Representations of shape (P, D).
            standing (Tensor): For which classes each stands, bool (P, C).
            negative (Tensor): Of which ones it is a negative, bool (P, C).
        """
        teacher = teacher.detach().to(self.queue.dtype)
        used = negative.any(1)
        self.staged = Staged(teacher[used], negative[used],
                             *sum_by_class(teacher, standing))

    def _moved(self, total: Tensor, count: Tensor) -> Tensor:
        """Positives (C, D) after one more step of their moving average."""
        mean = total / count.clamp(min=1)[:, None]
        # Time is that of the class: one that comes late starts at its mean.
        decay = (1 - 1 / (self.updates + 1)).clamp(max=self.decay)
        moved = torch.lerp(mean, self.positive,
                           decay.to(mean.dtype)[:, None])
        return torch.where(count[:, None] > 0, moved, self.positive)

    @torch.no_grad()
    def commit(self) -> None:
        """Write what the last step of every process has staged."""
        if self.staged is None:
            return
        staged, self.staged = self.staged, None
        queues = self._queues_after(staged)
        all_reduce(staged.total)
        all_reduce(staged.count)
        self.positive = self._moved(staged.total, staged.count)
        self.updates = self.updates + (staged.count > 0)
        self.queue = torch.cat(queues)
        self.sizes = self.sizes.new_tensor([len(queue) for queue in queues])

    def discard(self) -> None:
        """Drop what the last step has staged."""
        self.staged = None

    def _queues_after(self, staged: Staged) -> list[Tensor]:
        """The queue of each class, what all processes have staged behind."""
        rows = gather_rows(staged.rows)
        # Not every backend sends truth values.
        negative = gather_rows(staged.negative.byte()).bool()
        return [
            torch.cat([queue, rows[negative[:, index]]])[-capacity:]
            for index, (queue, capacity) in enumerate(
                zip(self.queue.split(self.sizes.tolist()), self.capacities))
        ]

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str,
                              *args: Any) -> None:
        """Load a queue of any length."""
        saved = state_dict.get(f'{prefix}queue')
        if saved is not None and saved.shape[1:] == self.queue.shape[1:]:
            self.queue = self.queue.new_empty(saved.shape)
        super()._load_from_state_dict(state_dict, prefix, *args)


def gather_rows(rows: Tensor) -> Tensor:
    """The rows of all processes, in the order of the processes.

    Args:
        rows (Tensor): Rows of shape (P, ...); P may differ.

    Returns:
        Tensor: Rows of shape (sum of all P, ...).
    """
    sizes = torch.cat(all_gather(torch.tensor([len(rows)],
                                              device=rows.device)))
    sizes = sizes.tolist()
    # All send as much as the one with the most.
    filled = rows.new_zeros(max(sizes), *rows.shape[1:])
    filled[:len(rows)] = rows
    return torch.cat([
        part[:size] for part, size in zip(all_gather(filled), sizes)
    ])
