"""UniMatch V2: a mean teacher and complementary dropout."""
from typing import Any, Literal, Optional

from torch import Tensor

from mmseg_fst.ops import Mixed, concatenate
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels
from .method import Method
from .step import Step


@MODELS.register_module()
class UniMatchV2(Method):
    """A mean teacher with two complementary strong views of the student.

    Yang et al., "UniMatch V2", TPAMI 2025, section 3.3: the teacher labels
    the weak view; both strong views go through the student together, each
    with one half of the feature channels.

    See :class:`Method` for other arguments.

    Args:
        perturbation (dict, optional): Config of the module that perturbs
            features of both views, such as :class:`ComplementaryDropout`.
            Defaults to None.
        mean_over (str): Pixels of a mean of the strong loss: of each
            ``'view'``, as in the release, or of the whole ``'batch'``, which
            differs where the views are padded differently. Defaults to
            ``'batch'``.
        **kwargs (Any): Arguments of :class:`Method`.

    Raises:
        ValueError: If ``mean_over`` has another value.
    """

    def __init__(self,
                 perturbation: Optional[dict] = None,
                 mean_over: Literal['view', 'batch'] = 'batch',
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mean_over = self.check_choice(
            'mean_over', mean_over, ('view', 'batch'))
        self.num_views = 2 if mean_over == 'view' else 1
        self.perturbation = (
            MODELS.build(perturbation) if perturbation else None)

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        step.learn(
            'labeled', lambda: self.supervised(batch.labeled), fixed=True)
        target = self.pseudo_labels(batch.unlabeled)
        views = self.mixed_view(step, batch, target)
        step.learn('mixed', lambda: self.consistency(step, views))
        step.log(pseudo_label_weight=target.weight.mean())

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

    def features_of(self, image: Tensor) -> list[Tensor]:
        """Perturbed features of both views.

        Args:
            image (Tensor): Images of shape (2 N, C, H, W).

        Returns:
            list[Tensor]: Feature maps (2 N, D, h, w), finest first.
        """
        features = self.student.extract_feat(image)
        if self.perturbation is None:
            return features
        return self.perturbation(features)
