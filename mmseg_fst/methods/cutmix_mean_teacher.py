"""The mean teacher of semi-supervised learning, with CutMix."""
from typing import Any, Optional

import torch
from torch import Tensor

from mmseg_fst.models.losses import (
    Decode,
    decode_without,
    decoded_logits,
    labeled_losses,
    pseudo_losses,
    resize_logits,
    rows_of,
)
from mmseg_fst.ops import Mixed
from mmseg_fst.registry import MODELS

from .batch import Batch, Side
from .method import Method
from .step import Losses, Step
from .student_teacher import set_batch_norm


@MODELS.register_module()
class CutMixMeanTeacher(Method):
    """A mean teacher that drops the pseudo-labels it is least sure of.

    As in the releases of U2PL and FST for semi-supervised learning::

        image_unlabeled -----------> teacher -> pseudo_labeler -> label
        image_unlabeled -----------> mixer ---> image_mixed
        image_labeled, image_mixed -> teacher -> pseudo_filter: drop labels
        image_labeled, image_mixed -> student -> losses on both

    Labeled and mixed images share a pass, so that batch normalization uses
    both. With :class:`HalfCutMix` this is the CutMix mean teacher (French et
    al., BMVC 2020), with :class:`NoMix` the plain one.

    Args:
        pseudo_filter (dict, optional): Config of the module that drops
            pseudo-labels by the teacher's view of the mixed images, such as
            :class:`EntropyPercentile`. None: their weights apply alone.
        **kwargs: Arguments of :class:`Method`, without ``regularizer``.
    """

    unused = ('regularizer', )
    single_pass = True
    #: Logits of a decode head, and what a method takes besides.
    decode: Decode = staticmethod(decode_without)

    def __init__(self, pseudo_filter: Optional[dict], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pseudo_filter: Any = pseudo_filter and MODELS.build(pseudo_filter)

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        target = self.pseudo_labels(batch.unlabeled)
        mixed = self.mixed_view(step, batch, target)
        factor = mixed.weight.new_ones(())
        if self.pseudo_filter:
            logits, _ = self.teacher_view(
                torch.cat([batch.labeled.image, mixed.image]))
            mixed, factor = self.filter_by_teacher(mixed, logits)
        step.learn('joint', lambda: self.joint_pass(
            step, batch.labeled, mixed, factor))
        step.log(pseudo_label_weight=target.weight.mean())

    @torch.no_grad()
    def teacher_view(self, image: Tensor) -> tuple[Tensor, Optional[Tensor]]:
        """What the teacher predicts for the images of the student's pass.

        Args:
            image (Tensor): Images of shape (N, C, H, W).

        Returns:
            tuple: Logits of shape (N, K, h, w), and what :attr:`decode`
            gives besides.
        """
        teacher = self.network('teacher')
        set_batch_norm(teacher, self.pseudo_filter.batch_statistics)
        with self.frozen_pass(image.device):
            features = teacher.extract_feat(image)
            logits, further = self.decode(teacher.decode_head, features)
        set_batch_norm(teacher, self.teacher_mode == 'train')
        return logits.to(image.dtype), further

    @torch.no_grad()
    def filter_by_teacher(self, mixed: Mixed,
                          logits: Tensor) -> tuple[Mixed, Tensor]:
        """Drop unreliable pseudo-labels (U2PL, section 3.1).

        Args:
            mixed (Mixed): Mixed images with pseudo-labels.
            logits (Tensor): Teacher logits of shape (M, C, h, w); the last N
                belong to the mixed images.

        Returns:
            tuple: The images with the labels that remain, and the factor of
            their loss, a scalar.
        """
        logits = resize_logits(logits[-len(mixed.image):],
                               mixed.label.shape[1:],
                               self.student.align_corners)
        label, factor = self.pseudo_filter(logits, mixed.label)
        self.mixed = mixed._replace(label=label)
        return self.mixed, factor

    def joint_pass(self, step: Step, labeled: Side, mixed: Mixed,
                   factor: Tensor) -> tuple[Losses, Optional[Tensor]]:
        """The pass of labeled and mixed images.

        Args:
            step (Step): The training step.
            labeled (Side): Labeled images.
            mixed (Mixed): Mixed images with the labels that remain.
            factor (Tensor): Factor of their loss, a scalar.

        Returns:
            tuple: Losses ``labeled`` and ``mixed``, and what :meth:`decode`
            gives besides logits.
        """
        image = torch.cat([labeled.image, mixed.image])
        logits, further = step.once(
            'joint_pass',
            lambda: decoded_logits(
                self.student, self.student.extract_feat(image),
                mixed.label.shape[1:], self.decode),
            forward=True)
        count = len(labeled.image)
        losses = pseudo_losses(self.student, rows_of(logits, start=count),
                               mixed.label, mixed.weight, self.mixed_auxiliary)
        return dict(
            labeled=labeled_losses(
                self.student, rows_of(logits, stop=count), labeled.label),
            mixed={name: factor * loss
                   for name, loss in losses.items()}), further

    @property
    def teacher_updates_statistics(self) -> bool:
        """Whether passes of the teacher update its running statistics."""
        return self.teacher_mode == 'train' or bool(
            self.pseudo_filter and self.pseudo_filter.batch_statistics)
