"""U2PL: a contrast of reliable with unreliable pixels."""
from typing import Any, Literal, Optional, cast

import torch
from torch import Tensor, nn

from mmseg_fst.models.losses import decoded_logits, labeled_losses, represent
from mmseg_fst.ops import Mixed, TeacherView
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.progress import training_iteration

from .batch import Batch, Side
from .cutmix_mean_teacher import CutMixMeanTeacher
from .step import Losses, Step
from .student_teacher import set_dropout


@MODELS.register_module()
class U2PL(CutMixMeanTeacher):
    """The CutMix mean teacher with a contrastive loss on all pixels.

    Wang et al., "Semi-Supervised Semantic Segmentation Using Unreliable
    Pseudo-Labels", CVPR 2022: pixels whose pseudo-labels are dropped are
    negative samples of the classes they are unlikely to belong to.

    Args:
        contrast (dict): Config of a :class:`ContrastiveMemory`; the numbers
            of classes and channels are set from the decode head.
        teacher_dropout (bool): Whether the dropout of the teacher is on
            wherever it normalizes with the statistics of the batch, as in the
            release (``model_teacher.train()``). Defaults to False: off.
        teacher_start (str): Weights of the teacher during ``warmup_iters``:
            the weights of the ``'student'``, or its ``'own'`` initial ones,
            as in the release. Defaults to ``'student'``.
        **kwargs: Arguments of :class:`CutMixMeanTeacher`.

    Raises:
        ValueError: If ``pseudo_filter`` is None, or ``teacher_start`` is
            ``'own'`` without a warm-up.
    """

    decode = staticmethod(represent)

    def __init__(self,
                 contrast: dict,
                 teacher_dropout: bool = False,
                 teacher_start: Literal['student', 'own'] = 'student',
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.teacher_dropout = teacher_dropout
        self.teacher_start = self.check_choice(
            'teacher_start', teacher_start, ('student', 'own'))
        if teacher_start == 'own' and not self.warmup_iters:
            raise ValueError("U2PL: teacher_start='own' lasts for "
                             '`model.warmup_iters`; set them in the config.')
        if self.pseudo_filter is None:
            raise ValueError('U2PL needs a `model.pseudo_filter`, such as '
                             "dict(type='EntropyPercentile'); set it in the "
                             'config.')
        head = self.student.decode_head
        channels = getattr(head, 'representation_channels', None)
        shape = dict(
            num_classes=head.num_classes,
            channels=channels or head.out_channels)
        self.contrast = MODELS.build({**shape, **contrast})

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        target = self.pseudo_labels(batch.unlabeled)
        mixed = self.mixed_view(step, batch, target)
        logits, representation = self.teacher_view(
            torch.cat([batch.labeled.image, mixed.image]))
        # `represent` always returns a representation.
        representation = cast(Tensor, representation).to(logits.dtype)
        view = TeacherView(logits, representation,
                           torch.cat([batch.labeled.label, mixed.label]),
                           len(batch.labeled.image))
        mixed, factor = self.filter_by_teacher(mixed, logits)
        step.learn(
            'joint', lambda: self._contrastive_pass(step, batch.labeled, mixed,
                                                    factor, view))
        step.log(pseudo_label_weight=target.weight.mean())

    def _contrastive_pass(self, step: Step, labeled: Side, mixed: Mixed,
                          factor: Tensor,
                          view: TeacherView) -> tuple[Losses, None]:
        """The joint pass, with the contrast to the view of the teacher."""
        losses, representation = self.joint_pass(step, labeled, mixed, factor)
        return dict(
            loss_contrast=self.contrast(representation, view), **losses), None

    def supervised(self, side: Side) -> tuple[Losses, None]:
        """The pass of labeled images in the warm-up.

        Args:
            side (Side): Images of shape (N, C, H, W) with labels.

        Returns:
            tuple: Losses ``labeled``, and 0 as ``loss_contrast``; no output.
        """
        logits, representation = decoded_logits(
            self.student, self.student.extract_feat(side.image),
            side.label.shape[1:], self.decode)
        # Distributed processes wait for the gradient of every parameter.
        return dict(
            labeled=labeled_losses(self.student, logits, side.label),
            loss_contrast=0 * cast(Tensor, representation).sum()), None

    def teacher_view(self, image: Tensor) -> tuple[Tensor, Optional[Tensor]]:
        """See :meth:`CutMixMeanTeacher.teacher_view`; dropout may be on.

        Args:
            image (Tensor): Images of shape (N, C, H, W).

        Returns:
            tuple: Logits (N, K, h, w) and representations (N, D, h, w).
        """
        teacher = self.network('teacher')
        set_dropout(teacher, self.teacher_dropout)
        view = super().teacher_view(image)
        set_dropout(teacher, False)
        return view

    def teacher_warmup(self, image: Tensor) -> None:
        """See :meth:`Method.teacher_warmup`; with the representation.

        Args:
            image (Tensor): Images of shape (N, C, H, W).
        """
        follow = (self.teacher_view if self.pseudo_filter.batch_statistics
                  else super().teacher_warmup)
        follow(image)

    def teacher_pairs(self) -> list[tuple[nn.Module, nn.Module]]:
        """The teacher and its student; none while the teacher has its own."""
        rests = training_iteration() < self.warmup_iters
        return [] if rests and self.teacher_start == 'own' else (
            super().teacher_pairs())

    def init_weights(self) -> None:
        """Initialize the student and, if it starts by itself, the teacher."""
        super().init_weights()
        if self.teacher_start == 'own':
            self.network('teacher').init_weights()
