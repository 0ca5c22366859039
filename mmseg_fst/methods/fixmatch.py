"""FixMatch for segmentation: the student labels for itself."""
import torch

from mmseg_fst.models.losses import all_logits, rows_of
from mmseg_fst.ops import Mixed
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels
from .method import Method
from .step import Losses, Step


@MODELS.register_module()
class FixMatch(Method):
    """The student labels the weak view and learns from a strong one.

    Sohn et al., NeurIPS 2020, as the baseline of UniMatch (Yang et al., CVPR
    2023, section 3.1). Labeled and weak images share a pass of the student.
    There is no teacher, so FST does not apply.

    See :class:`Method` for the arguments. :class:`Threshold` is the
    ``pseudo_labeler`` of the paper, :class:`CutMix` the ``mixer``;
    ``photometric`` augments unlabeled images before they are mixed.
    """

    with_teacher = False

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        target = step.learn('weak', lambda: self.weak_pass(batch))
        mixed = self.mixed_view(step, batch, target)
        step.learn('mixed', lambda: self.consistency(step, mixed))
        step.log(pseudo_label_weight=target.weight.mean())

    def weak_pass(self, batch: Batch) -> tuple[Losses, PseudoLabels]:
        """The pass of labeled images and the weak view of unlabeled ones.

        Args:
            batch (Batch): The batch.

        Returns:
            tuple: Losses ``labeled``, and the pseudo-labels.
        """
        labeled, unlabeled = batch.labeled, batch.unlabeled
        count = len(labeled.image)
        features = stages = self.student.backbone(
            torch.cat([labeled.image, unlabeled.image]))
        if self.student.with_neck:
            features = self.student.neck(stages)
        logits = all_logits(self.student, features, labeled.label.shape[1:])
        losses = self.labeled_losses(
            rows_of(logits, stop=count), [stage[:count] for stage in stages],
            labeled)
        return losses, self.pseudo_labels(unlabeled, logits['decode'][count:])

    def strong_view(self, batch: Batch, target: PseudoLabels) -> Mixed:
        """Augment unlabeled images, then mix them.

        Args:
            batch (Batch): The batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.

        Returns:
            Mixed: Images with pseudo-labels.
        """
        return self.augment_then_mix(batch, target)
