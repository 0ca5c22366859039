"""AllSpark: labeled features are computed from unlabeled ones."""
from typing import Any, Literal, cast

import torch
from torch import Tensor

from mmseg_fst.models.allspark_neck import AllSparkNeck
from mmseg_fst.models.losses import all_logits, pseudo_losses, rows_of
from mmseg_fst.ops import class_logits, class_probabilities
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range
from mmseg_fst.utils.progress import training_progress

from .batch import Batch, PseudoLabels, Side
from .method import Method
from .step import Losses, Step


@MODELS.register_module()
class AllSpark(Method):
    """Self-training whose labeled features consist of unlabeled ones.

    Wang et al., "AllSpark: Reborn Labeled Features from Unlabeled in
    Transformer for Semi-Supervised Semantic Segmentation", CVPR 2024::

        image_unlabeled -> student in evaluation mode -> label, class maps
        image_unlabeled -> encoder -> channels by class -> memory
        image_labeled, image_unlabeled -> encoder -> neck -> head -> losses

    The neck of the student, an :class:`AllSparkNeck`, computes features of
    labeled images from the memory, see there. All images share one pass, and
    the student learns from unlabeled images without a strong view;
    ``photometric`` augments labeled images, as in the release. There is no
    teacher, so FST does not apply. Padding has no pseudo-labels; it has in the
    release.

    See :class:`Method` for other arguments.

    Args:
        group_by (str): The maps of classes that channels are compared with:
            ``'probabilities'``, as in the paper, or ``'logits'``, as in the
            release. Defaults to ``'probabilities'``.
        label_by (str): Whose channels an image attends to while it is
            labeled: its own, ``'image'``, as in evaluation, or the channels of
            all unlabeled images, ``'batch'``, as in the release. Defaults to
            ``'image'``.
        memory_from (float): Fraction of the run after which labeled images
            attend to the memory, in [0, 1]; until then, to the unlabeled
            images of the batch. Defaults to 0.
        **kwargs (Any): Arguments of :class:`Method`.

    Raises:
        ValueError: If an argument has none of these values, or the neck does
            not fit.
    """

    parts = ('labeled', 'unlabeled')
    required = ('pseudo_labeler', )
    unused = ('regularizer', 'warmup_iters')
    with_teacher = False
    single_pass = True

    def __init__(self,
                 group_by: Literal['probabilities',
                                   'logits'] = 'probabilities',
                 label_by: Literal['image', 'batch'] = 'image',
                 memory_from: float = 0.,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_range(self, memory_from=memory_from)
        self.group_by = self.check_choice(
            'group_by', group_by, ('probabilities', 'logits'))
        self.label_by = self.check_choice(
            'label_by', label_by, ('image', 'batch'))
        self.memory_from = memory_from
        neck = getattr(self.student, 'neck', None)
        classes = self.student.decode_head.num_classes
        if not isinstance(neck, AllSparkNeck) or neck.num_classes != classes:
            raise ValueError(
                'AllSpark needs an AllSparkNeck with the classes of the '
                'decode head; set `segmentor.neck` to dict('
                f"type='AllSparkNeck', num_classes={classes}, ...).")

    @property
    def neck(self) -> AllSparkNeck:
        """The neck of the student."""
        return cast(AllSparkNeck, self.student.neck)

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        logits = self.label_logits(batch.unlabeled.image)
        target = self.pseudo_labels(batch.unlabeled, logits)
        image = self.augment(batch.labeled.image)
        step.learn('joint', lambda: self.joint_pass(
            batch.labeled, torch.cat([image, batch.unlabeled.image]),
            target, logits))
        step.log(pseudo_label_weight=target.weight.mean())

    @torch.no_grad()
    def label_logits(self, image: Tensor) -> Tensor:
        """Logits of unlabeled images, in evaluation mode.

        Args:
            image (Tensor): Images of shape (N, C, H, W).

        Returns:
            Tensor: Logits of shape (N, K, H, W).
        """
        training = self.student.training
        self.student.eval()
        features = self.neck(
            self.student.backbone(image), together=self.label_by == 'batch')
        logits = all_logits(self.student, features, image.shape[2:])
        self.student.train(training)
        return logits['decode']

    def joint_pass(self, labeled: Side, image: Tensor, target: PseudoLabels,
                   logits: Tensor) -> tuple[Losses, None]:
        """The pass of all images.

        Args:
            labeled (Side): The labeled images.
            image (Tensor): The same, augmented, and N unlabeled images.
            target (PseudoLabels): Of the unlabeled images, (N, H, W).
            logits (Tensor): That the pseudo-labels are of, (N, K, H, W).

        Returns:
            tuple: Losses ``labeled`` and ``unlabeled``, and no output.
        """
        scores = (class_logits(logits) if self.group_by == 'logits' else
                  class_probabilities(logits))
        count, stages = len(labeled.image), self.student.backbone(image)
        features = self.neck.exchange(
            stages, count, scores,
            from_memory=training_progress() >= self.memory_from)
        outputs = all_logits(self.student, features, image.shape[2:])
        losses = self.labeled_losses(
            rows_of(outputs, stop=count), stages, labeled)
        losses['unlabeled'] = pseudo_losses(
            self.student, rows_of(outputs, start=count), *target,
            self.mixed_auxiliary)
        return losses, None
