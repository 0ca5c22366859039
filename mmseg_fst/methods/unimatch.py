"""UniMatch: two strong views and perturbed features."""
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Optional

import torch
from torch import Tensor

from mmseg_fst.models.losses import all_logits, pseudo_losses, rows_of
from mmseg_fst.ops import Mixed, concatenate
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels
from .fixmatch import FixMatch
from .step import Losses


class WeakView(NamedTuple):
    """What the student says of labeled images and, after them, weak views.

    Attributes:
        stages (Sequence[Tensor]): Maps (N, D, h, w) of the backbone.
        features (Sequence[Tensor]): Maps that are decoded.
        logits (dict[str, Tensor]): Logits of each head, (N, C, H, W).
        perturbed (dict[str, Tensor]): Of perturbed features of weak views.
    """
    stages: Sequence[Tensor]
    features: Sequence[Tensor]
    logits: dict[str, Tensor]
    perturbed: dict[str, Tensor]


@MODELS.register_module()
class UniMatch(FixMatch):
    """FixMatch with two strong views, and one of perturbed features.

    Yang et al., "Revisiting Weak-to-Strong Consistency in Semi-Supervised
    Semantic Segmentation", CVPR 2023, equation 7. The pseudo-labels of the
    weak view supervise two strong views, sampled independently, and the
    decoding of perturbed features of the weak view.

    Args:
        perturbation (dict): Config of the module that perturbs features of
            the weak view, such as :class:`ChannelDropout`.
        perturbed_images (str): Whose features are perturbed and decoded
            again. ``'unlabeled'``: the weak view alone. ``'all'``: labeled
            images as well, as in the release; they have no loss, but batch
            normalization of the decode head uses them.
            Defaults to ``'unlabeled'``.
        mean_over (str): Pixels of a mean of the strong loss: of each
            ``'view'``, as in the release, or of the whole ``'batch'``, which
            differs where the views are padded differently. Defaults to
            ``'batch'``.
        **kwargs (Any): Arguments of :class:`FixMatch`.

    Raises:
        ValueError: If an argument has none of these values.
    """

    parts: tuple[str, ...] = ('labeled', 'mixed', 'perturbed')

    def __init__(self,
                 perturbation: dict,
                 perturbed_images: Literal['all', 'unlabeled'] = 'unlabeled',
                 mean_over: Literal['view', 'batch'] = 'batch',
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.perturbation = MODELS.build(perturbation)
        self.perturbed_images = self.check_choice(
            'perturbed_images', perturbed_images, ('all', 'unlabeled'))
        self.mean_over = self.check_choice(
            'mean_over', mean_over, ('view', 'batch'))
        self.num_views = 2 if mean_over == 'view' else 1

    def weak_pass(self, batch: Batch) -> tuple[Losses, PseudoLabels]:
        """The pass of labeled, weak and perturbed images.

        Args:
            batch (Batch): The batch.

        Returns:
            tuple: Losses ``labeled`` and ``perturbed``, and the
            pseudo-labels.
        """
        losses, target, perturbed = self.weak_logits(batch)
        losses['perturbed'] = pseudo_losses(
            self.student, perturbed, *target, self.mixed_auxiliary)
        return losses, target

    def weak_logits(
        self, batch: Batch
    ) -> tuple[Losses, PseudoLabels, dict[str, Tensor]]:
        """What the weak pass computes, without the perturbed loss.

        Args:
            batch (Batch): The batch.

        Returns:
            tuple: Losses ``labeled``, the pseudo-labels, and the logits of
            each head for perturbed features of the weak view, (N, C, H, W).
        """
        count = len(batch.labeled.image)
        stages, _, logits, perturbed = self.weak_view(batch)
        losses = self.labeled_losses(
            rows_of(logits, stop=count), [stage[:count] for stage in stages],
            batch.labeled)
        return losses, self.pseudo_labels(
            batch.unlabeled, logits['decode'][count:]), perturbed

    def weak_view(self, batch: Batch) -> WeakView:
        """The pass of labeled, weak and perturbed images, without losses.

        Args:
            batch (Batch): The batch.

        Returns:
            WeakView: Features and logits.
        """
        image = torch.cat([batch.labeled.image, batch.unlabeled.image])
        count, end = len(batch.labeled.image), len(image)
        stages, features = self.stages_of(image)
        first = 0 if self.perturbed_images == 'all' else count
        perturbed = self.perturbation(
            [feature[first:] for feature in features])
        logits = all_logits(
            self.student, [torch.cat(pair) for pair in zip(
                features, perturbed)], image.shape[2:])
        return WeakView(stages, features, rows_of(logits, stop=end),
                        rows_of(logits, start=end + count - first))

    def strong_view(self,
                    batch: Batch,
                    target: PseudoLabels,
                    again: Optional[PseudoLabels] = None) -> Mixed:
        """Two strong views, one after the other.

        Args:
            batch (Batch): The batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.
            again (PseudoLabels, optional): Of their second crops. Defaults to
                None.

        Returns:
            Mixed: Twice as many images, with pseudo-labels.
        """
        return concatenate([
            super(UniMatch, self).strong_view(batch, target, again)
            for _ in range(2)
        ])
