"""AEL: adaptive equalization learning."""
from typing import Any

from torch import Tensor

from mmseg_fst.models.losses import all_logits
from mmseg_fst.ops import Mixed
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels, Side
from .method import Method
from .step import Losses, Step


@MODELS.register_module()
class AEL(Method):
    """A mean teacher that prefers the classes it is not confident about.

    Hu et al., "Semi-Supervised Semantic Segmentation via Adaptive
    Equalization Learning", NeurIPS 2021. A bank of the student's confidence
    in each class chooses what is pasted, which regions are cut, and which
    pixels count::

        image_paste --> copy_paste: classes of low confidence
        image_labeled, label_labeled + pasted classes -> image, label
        image --------> student -> loss on label, confidence -> bank
        image --------> teacher -> balanced loss on its pseudo-label
        image_unlabeled -> teacher -> label, weight = confidence ** 2
        image_unlabeled -> mixer: regions of classes of low confidence
        image_mixed --> student -> balanced loss on label_mixed

    The batch needs a side ``paste``, labeled images from which classes are
    copied. Auxiliary heads are trained on labels alone. The release
    (hzhupku/SemiSeg-AEL) differs: see :class:`ClassConfidence` and
    :class:`AdaptiveCutMix`; there the dropout of the teacher is on, and all
    losses are divided by the number of processes.

    Args:
        copy_paste (dict): Config of an :class:`AdaptiveCopyPaste`.
        bank (dict): Config of a :class:`ClassConfidence`; the number of
            classes is set from the decode head.
        balanced (dict): Config of the loss on pseudo-labels, a
            :class:`BalancedCrossEntropy`.
        **kwargs: Arguments of :class:`Method`.
    """

    parts = ('labeled', 'own', 'mixed')
    sides = ('labeled', 'unlabeled', 'paste')

    def __init__(self, copy_paste: dict, bank: dict, balanced: dict,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.copy_paste = MODELS.build(copy_paste)
        self.bank = MODELS.build(
            {'num_classes': self.student.decode_head.num_classes, **bank})
        self.balanced = MODELS.build(balanced)

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        labeled = step.once('paste', lambda: self.pasted(batch))
        own = self.pseudo_labels(labeled)
        target = self.pseudo_labels(batch.unlabeled)
        mixed = self.mixed_view(step, batch, target)
        confidence = step.learn('labeled',
                                lambda: self.labeled_pass(labeled, own))
        step.learn('mixed', lambda: self.mixed_pass(step, mixed, confidence))
        step.log(
            pseudo_label_weight=target.weight.mean(),
            class_confidence=confidence.mean())

    def pasted(self, batch: Batch) -> Side:
        """Labeled images with pasted classes.

        Args:
            batch (Batch): The batch.

        Returns:
            Side: Images of shape (N, C, H, W) with labels.
        """
        batch.check_same_shape('labeled', 'paste')
        labeled, paste = batch.labeled, batch.paste
        return labeled.replaced(*self.copy_paste(
            (labeled.image, labeled.label), (paste.image, paste.label),
            self.bank.confidence))

    def strong_view(self, batch: Batch, target: PseudoLabels) -> Mixed:
        """Unlabeled images with regions of others.

        Args:
            batch (Batch): The batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.

        Returns:
            Mixed: Images with pseudo-labels.
        """
        image = self.augment(batch.unlabeled.image)
        return self.mixer((image, *target), self.bank.confidence)

    def labeled_pass(self, labeled: Side,
                     own: PseudoLabels) -> tuple[Losses, Tensor]:
        """The pass of labeled images, which updates the bank.

        Args:
            labeled (Side): Labeled images.
            own (PseudoLabels): The teacher's pseudo-labels of them.

        Returns:
            tuple: Losses ``labeled`` and ``own``, and the confidence (C,).
        """
        stages, features = self.stages_of(labeled.image)
        logits = all_logits(self.student, features, labeled.label.shape[1:])
        losses = self.labeled_losses(logits, stages, labeled)
        confidence = self.bank(
            logits['decode'], labeled.label, self.ignore_index)
        losses['own'] = self._balanced_losses(logits, *own, confidence)
        return losses, confidence

    def mixed_pass(self, step: Step, mixed: Mixed,
                   confidence: Tensor) -> tuple[Losses, None]:
        """The pass of mixed images.

        Args:
            step (Step): The training step.
            mixed (Mixed): Mixed images with pseudo-labels.
            confidence (Tensor): Confidence of each class, (C,).

        Returns:
            tuple: Losses ``mixed``, and no output.
        """
        logits = step.once(
            'mixed_pass',
            lambda: all_logits(self.student, self.features_of(mixed.image),
                               mixed.label.shape[1:]),
            forward=True)
        return dict(mixed=self._balanced_losses(
            logits, mixed.label, mixed.weight, confidence)), None

    def _balanced_losses(self, logits: dict[str, Tensor], label: Tensor,
                        weight: Tensor,
                        confidence: Tensor) -> dict[str, Tensor]:
        """The balanced loss of the decode head, ``decode.loss_balanced``."""
        return {'decode.loss_balanced': self.balanced(
            logits['decode'], label, weight, confidence, self.ignore_index)}
