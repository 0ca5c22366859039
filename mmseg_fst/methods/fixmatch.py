"""FixMatch for segmentation: the student labels for itself."""
from typing import Any, Literal, Optional, cast

import torch

from mmseg_fst.models.losses import all_logits, resize_logits, rows_of
from mmseg_fst.models.mixers import CutMix
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

    See :class:`Method` for other arguments. :class:`Threshold` is the
    ``pseudo_labeler`` of the paper, :class:`CutMix` the ``mixer``;
    ``photometric`` augments unlabeled images before they are mixed.

    Args:
        paste (str): Where boxes are cut from. ``'batch'``: from another image
            of the batch, as ``mixer`` chooses it, with the labels of the weak
            view. ``'again'``: from a second crop of the same image, the side
            ``unlabeled_again``, which the student labels in evaluation mode,
            as in the release of UniMatch. Defaults to ``'batch'``.
        **kwargs (Any): Arguments of :class:`Method`.

    Raises:
        ValueError: If ``paste`` is unknown, or ``mixer`` does not paste boxes
            of another side.
    """

    with_teacher = False

    def __init__(self,
                 paste: Literal['batch', 'again'] = 'batch',
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.paste = self.check_choice('paste', paste, ('batch', 'again'))
        if paste == 'again' and not hasattr(self.mixer, 'paste'):
            raise ValueError(
                f"{type(self).__name__}: paste='again' needs the mixer "
                f"'CutMix', got {type(self.mixer).__name__!r}.")

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        again = self.label_again(batch) if self.paste == 'again' else None
        target = step.learn('weak', lambda: self.weak_pass(batch))
        self.mixed = mixed = step.once(
            'mix', lambda: self.strong_view(batch, target, again))
        step.learn('mixed', lambda: self.consistency(step, mixed))
        step.log(pseudo_label_weight=target.weight.mean())

    @torch.no_grad()
    def label_again(self, batch: Batch) -> PseudoLabels:
        """Pseudo-labels of the second crops, in evaluation mode.

        Args:
            batch (Batch): The batch, with a side ``unlabeled_again``.

        Returns:
            PseudoLabels: Labels and weights of shape (N, H, W).
        """
        batch.check_same_shape('unlabeled', 'unlabeled_again')
        side, training = batch.unlabeled_again, self.student.training
        self.student.eval()
        logits = resize_logits(
            self.student(side.image), side.image.shape[2:],
            self.student.align_corners)
        self.student.train(training)
        return self.pseudo_labels(side, logits)

    def weak_pass(self, batch: Batch) -> tuple[Losses, PseudoLabels]:
        """The pass of labeled images and the weak view of unlabeled ones.

        Args:
            batch (Batch): The batch.

        Returns:
            tuple: Losses ``labeled``, and the pseudo-labels.
        """
        labeled, unlabeled = batch.labeled, batch.unlabeled
        count = len(labeled.image)
        stages, features = self.stages_of(
            torch.cat([labeled.image, unlabeled.image]))
        logits = all_logits(self.student, features, labeled.label.shape[1:])
        losses = self.labeled_losses(
            rows_of(logits, stop=count), [stage[:count] for stage in stages],
            labeled)
        return losses, self.pseudo_labels(unlabeled, logits['decode'][count:])

    def strong_view(self,
                    batch: Batch,
                    target: PseudoLabels,
                    again: Optional[PseudoLabels] = None) -> Mixed:
        """Augment unlabeled images, then mix them.

        Args:
            batch (Batch): The batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.
            again (PseudoLabels, optional): Pseudo-labels of their second
                crops. Defaults to None: the batch is mixed with itself.

        Returns:
            Mixed: Images with pseudo-labels.
        """
        if again is None:
            return self.augment_then_mix(batch, target)
        image = self.augment(batch.unlabeled.image)
        other = self.augment(batch.unlabeled_again.image)
        mixer = cast(CutMix, self.mixer)
        return mixer.paste((other, *again), (image, *target))
