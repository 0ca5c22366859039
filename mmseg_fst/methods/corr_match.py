"""CorrMatch: labels that spread along the correlation of positions."""
from typing import Any, Optional

from torch import Tensor

from mmseg_fst.models.correlation_head import build_correlation
from mmseg_fst.models.losses import (
    all_logits,
    head_losses,
    pseudo_losses,
    rows_of,
)
from mmseg_fst.ops import Mixed, class_logits, divergence, label_regions
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels
from .fixmatch import FixMatch
from .step import Losses, Step
from .unimatch import UniMatch


@MODELS.register_module()
class CorrMatch(UniMatch):
    """UniMatch with one strong view, whose labels fill correlated regions.

    Sun et al., "CorrMatch: Label Propagation via Correlation Matching for
    Semi-Supervised Semantic Segmentation", CVPR 2024::

        image_unlabeled -> student -> logits -> confidence -> threshold t
        features, logits -> correlation -> logits that are spread
        labels, correlation of random positions, t -> label of regions
        strong view -> student -> losses on this label and, softly, the logits

    The logits that are spread have the losses of the logits, on labeled
    images, on the weak view and on the strong one. There is no teacher, so
    FST does not apply.

    All is as in the authors' release (BBBBchan/CorrMatch): the threshold
    counts the predictions for the weak view at all pixels that are no padding
    of the strong one, and the soft target is the weak view as well where a
    box is pasted. The release never samples the last position.

    Args:
        correlation (dict): Config of a :class:`CorrelationHead`, see
            :func:`mmseg_fst.models.correlation_head.build_correlation`.
        confidence_threshold (dict): Config of a :class:`ConfidenceThreshold`;
            the number of classes is set from the decode head.
        **kwargs (Any): Arguments of :class:`UniMatch`; ``pseudo_labeler``
            must give confidences as weights, :class:`ConfidenceWeight`.
    """

    parts = (*UniMatch.parts, 'soft', 'labeled_correlated', 'weak_correlated',
             'mixed_correlated')
    unused = ('warmup_iters', )

    def __init__(self, correlation: dict, confidence_threshold: dict,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        head = self.student.decode_head
        # The name of a head, for the learning rates of schedules.
        self.auxiliary['correlation_head'] = build_correlation(
            correlation, head)
        self.confidence_threshold = MODELS.build(
            {'num_classes': head.num_classes, **confidence_threshold})

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        again = self.label_again(batch) if self.paste == 'again' else None
        self.mixed, sure, soft = step.learn(
            'weak', lambda: self._weak_pass(batch, again))
        step.learn('mixed', lambda: self._strong_pass(self.mixed, sure, soft))
        step.log(pseudo_label_weight=sure.float().mean(),
                 region_label_weight=self.mixed.weight.mean(),
                 confidence_threshold=self.confidence_threshold.staged)

    def _weak_pass(
        self, batch: Batch, again: Optional[PseudoLabels]
    ) -> tuple[Losses, tuple[Mixed, Tensor, Tensor]]:
        """The pass of labeled and weak images, and what it labels.

        The output is the strong view with its labels, its confident pixels,
        bool of shape (N, H, W), and logits of the weak view, (N, C, H, W).
        """
        count, head = len(batch.labeled.image), self.student.decode_head
        stages, features, logits, perturbed = self.weak_view(batch)
        spread, correlation = self.auxiliary['correlation_head'](
            features, logits['decode'])
        soft = logits['decode'][count:].detach()
        label, confidence = self.pseudo_labeler(
            class_logits(soft, self.threshold))
        target = self.without_padding(label, confidence, batch.unlabeled)
        mixed = FixMatch.strong_view(self, batch, target, again)  # one view
        threshold = self.confidence_threshold(
            confidence, label, mixed.label != self.ignore_index)
        self.pseudo_weight = weight = (confidence >= threshold).float()
        losses = self.labeled_losses(
            rows_of(logits, stop=count), [stage[:count] for stage in stages],
            batch.labeled)
        losses.update(
            perturbed=pseudo_losses(self.student, perturbed, target.label,
                                    weight, self.mixed_auxiliary),
            labeled_correlated=head_losses(
                head, spread[:count], batch.labeled.label),
            weak_correlated=head_losses(
                head, spread[count:], target.label, weight))
        mixed, sure = self._fill_regions(
            mixed, correlation[count:], threshold)
        return losses, (mixed, sure, soft)

    def _fill_regions(self, mixed: Mixed, correlation: Tensor,
                      threshold: Tensor) -> tuple[Mixed, Tensor]:
        """Let labels fill regions outside of padding and pasted boxes.

        ``mixed`` has confidences as weights. The output has the weight 1
        where the student learns, and comes with the confident pixels.
        """
        valid = mixed.label != self.ignore_index
        sure = (mixed.weight >= threshold) & valid
        head: Any = self.auxiliary['correlation_head']
        regions = head.sample_regions(correlation, mixed.label.shape[1:])
        label, used = label_regions(
            mixed.label, sure, regions & (valid & ~mixed.mask)[:, None],
            threshold, self.confidence_threshold.num_classes)
        return mixed._replace(label=label, weight=used.float()), sure

    def _strong_pass(self, mixed: Mixed, sure: Tensor,
                     soft: Tensor) -> tuple[Losses, None]:
        """The pass of the strong view, whose arguments these are."""
        image, label, weight, *_ = mixed
        features = self.features_of(image)
        logits = all_logits(self.student, features, label.shape[1:])
        spread, _ = self.auxiliary['correlation_head'](
            features, logits['decode'])
        return dict(
            mixed=pseudo_losses(self.student, logits, label, weight,
                                self.mixed_auxiliary),
            mixed_correlated=head_losses(
                self.student.decode_head, spread, label, weight),
            soft=dict(loss_kl=divergence(
                logits['decode'], soft, sure,
                label != self.ignore_index))), None
