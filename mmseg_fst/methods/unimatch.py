"""UniMatch: two strong views and perturbed features."""
import torch

from mmseg_fst.models.losses import all_logits, pseudo_losses, rows_of
from mmseg_fst.ops import Mixed, concatenate
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels
from .fixmatch import FixMatch
from .step import Losses


@MODELS.register_module()
class UniMatch(FixMatch):
    """FixMatch with two strong views, and one of perturbed features.

    Yang et al., "Revisiting Weak-to-Strong Consistency in Semi-Supervised
    Semantic Segmentation", CVPR 2023, equation 7. The pseudo-labels of the
    weak view supervise two strong views, sampled independently, and the
    decoding of perturbed features of the weak view.

    See :class:`Method` for other arguments.

    Args:
        perturbation (dict): Config of the module that perturbs features of
            the weak view, such as :class:`ChannelDropout`.
        **kwargs: Arguments of :class:`FixMatch`.
    """

    parts = ('labeled', 'mixed', 'perturbed')

    def __init__(self, perturbation: dict, **kwargs) -> None:
        super().__init__(**kwargs)
        self.perturbation = MODELS.build(perturbation)

    def weak_pass(self, batch: Batch) -> tuple[Losses, PseudoLabels]:
        """The pass of labeled, weak and perturbed images.

        Args:
            batch (Batch): The batch.

        Returns:
            tuple: Losses ``labeled`` and ``perturbed``, and the
            pseudo-labels.
        """
        labeled, unlabeled = batch.labeled, batch.unlabeled
        count = len(labeled.image)
        end = count + len(unlabeled.image)
        features = stages = self.student.backbone(
            torch.cat([labeled.image, unlabeled.image]))
        if self.student.with_neck:
            features = self.student.neck(stages)
        perturbed = self.perturbation(
            [feature[count:] for feature in features])
        features = [torch.cat(pair) for pair in zip(features, perturbed)]
        logits = all_logits(self.student, features, labeled.label.shape[1:])
        losses = self.labeled_losses(
            rows_of(logits, stop=count), [stage[:count] for stage in stages],
            labeled)
        target = self.pseudo_labels(unlabeled, logits['decode'][count:end])
        losses['perturbed'] = pseudo_losses(
            self.student, rows_of(logits, start=end), *target,
            self.mixed_auxiliary)
        return losses, target

    def strong_view(self, batch: Batch, target: PseudoLabels) -> Mixed:
        """Two strong views, one after the other.

        Args:
            batch (Batch): The batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.

        Returns:
            Mixed: Twice as many images, with pseudo-labels.
        """
        return concatenate(
            [self.augment_then_mix(batch, target) for _ in range(2)])
