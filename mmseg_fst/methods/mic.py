"""MIC: predictions of masked images are consistent with pseudo-labels."""
import torch
from torch import Tensor

from mmseg_fst.models.losses import all_logits, pseudo_losses
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels, Side
from .method import Method
from .step import Losses, Step


@MODELS.register_module()
class MIC(Method):
    """A mean teacher whose student is also trained on masked images.

    Hoyer et al., "MIC: Masked Image Consistency for Context-Enhanced Domain
    Adaptation", CVPR 2023, section 3.2. The student has to infer the masked
    blocks of an image from their context::

        image_labeled ---> student -> loss on label_labeled
        image_unlabeled -> teacher -> pseudo_labeler -> label, weight
        both ------------> mixer ---> photometric -> image_mixed
        image_mixed -----> student -> weighted loss on label_mixed
        image_unlabeled -> photometric -> mask ----> image_masked
        image_masked ----> student -> weighted loss on label

    The last two lines are what MIC adds to the mean teacher (with
    ``regularizer``, to DAFormer). Pseudo-labels and weights are shared, the
    photometric augmentation is sampled again, as in the authors' release
    (``mask_mode='separatetrgaug'``).

    See :class:`Method` for other arguments; ``mixed_auxiliary`` holds for
    masked images, too.

    Args:
        mask (dict): Config of the module that masks normalized images, such
            as :class:`BlockMask`.
        **kwargs: Arguments of :class:`Method`. The weight of the loss of
            masked images is ``loss_weights=dict(masked=...)``.

    Example:
        >>> model = dict(
        ...     type='MIC', mask=dict(type='BlockMask', block_size=64), ...)
    """

    parts = ('labeled', 'mixed', 'masked')

    def __init__(self, mask: dict, **kwargs) -> None:
        super().__init__(**kwargs)
        self.mask = MODELS.build(mask)

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        step.learn(
            'labeled', lambda: self.supervised(batch.labeled), fixed=True)
        target = self.pseudo_labels(batch.unlabeled)
        mixed = self.mixed_view(step, batch, target)
        step.learn('mixed', lambda: self.consistency(step, mixed))
        masked = step.once('masked', lambda: self.masked_view(batch.unlabeled))
        step.learn('masked',
                   lambda: self.masked_consistency(step, masked, target))
        step.log(pseudo_label_weight=target.weight.mean())

    @torch.no_grad()
    def masked_view(self, side: Side) -> Tensor:
        """Augment unlabeled images, then mask them.

        Args:
            side (Side): Images of shape (N, C, H, W).

        Returns:
            Tensor: Images of the same shape.
        """
        return self.mask(self.augment(side.image))

    def masked_consistency(self, step: Step, image: Tensor,
                           target: PseudoLabels) -> tuple[Losses, None]:
        """The pass of masked images.

        Args:
            step (Step): The training step.
            image (Tensor): Masked images of shape (N, C, H, W).
            target (PseudoLabels): Pseudo-labels of the complete images.

        Returns:
            tuple: Losses ``masked``, and no output.
        """
        logits = step.once(
            'masked_pass',
            lambda: all_logits(self.student, self.features_of(image),
                               target.label.shape[1:]),
            forward=True)
        losses = pseudo_losses(self.student, logits, *target,
                               self.mixed_auxiliary)
        return dict(masked=losses), None
