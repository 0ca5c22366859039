"""PrevMatch: UniMatch with earlier students as further teachers."""
from typing import Any, Optional

import torch
from torch import Tensor

from mmseg_fst.models.losses import (
    all_logits,
    pseudo_losses,
    resize_logits,
    view_losses,
)
from mmseg_fst.models.previous_students import PreviousStudents
from mmseg_fst.ops import Mixed, class_logits, relabel
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.progress import training_progress

from .batch import Batch, PseudoLabels, Side
from .step import Losses, Step
from .unimatch import UniMatch


@MODELS.register_module()
class PrevMatch(UniMatch):
    """UniMatch whose student also learns from its earlier states.

    Shin et al., "Revisiting and Maximizing Temporal Knowledge in
    Semi-Supervised Semantic Segmentation", arXiv 2405.20610::

        image_unlabeled -> student -> label
        image_unlabeled -> earlier students, at random -> label_previous
        strong views, perturbed features -> student -> losses on both

        loss = (labeled + unlabeled + r previous) / (2 + r)

    The factor r grows from 0 to 1 in the first half of the run, and falls to
    0 in the second. It is 0 until there is an earlier student.
    :class:`PreviousStudentsHook` says when the student is copied. There is no
    teacher, so FST does not apply.

    Args:
        previous_labeler (dict): Config of the module that turns the logits of
            an ensemble into pseudo-labels, such as :class:`Threshold`.
        capacity (int): Largest number of earlier students. Defaults to 8.
        most (int): Largest number of them in an ensemble. Defaults to 3.
        ramp_epochs (int, optional): Number of equal parts of the run at whose
            beginning r changes, at least 2; in the release, its epochs.
            Defaults to None: r changes in each iteration.
        **kwargs (Any): Arguments of :class:`UniMatch`.

    Raises:
        ValueError: If an argument is out of its range.
    """

    parts = (*UniMatch.parts, 'mixed_previous', 'perturbed_previous')

    def __init__(self, previous_labeler: dict, capacity: int = 8,
                 most: int = 3, ramp_epochs: Optional[int] = None,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if ramp_epochs is not None and ramp_epochs < 2:
            raise ValueError('PrevMatch: ramp_epochs must be at least 2, got '
                             f'{ramp_epochs}.')
        self.previous_labeler = MODELS.build(previous_labeler)
        self.previous = PreviousStudents(self.student, capacity, most)
        self.ramp_epochs = ramp_epochs

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        if not self.previous.count:
            super().train_on(step, batch)
            return
        sides, again = [batch.unlabeled], None
        if self.paste == 'again':
            again = self.label_again(batch)
            sides.append(batch.unlabeled_again)
        earlier = self.previous_labels(sides)
        target = step.learn(
            'weak', lambda: self._guided_weak_pass(batch, earlier[0]))
        self.mixed = mixed = self.strong_view(batch, target, again)
        guided = relabel(mixed, earlier[-1], earlier[0])
        step.learn('mixed', lambda: self._guided_consistency(mixed, guided))
        step.log(pseudo_label_weight=target.weight.mean(),
                 previous_label_weight=earlier[0].weight.mean())

    @torch.no_grad()
    def previous_labels(self, sides: list[Side]) -> list[PseudoLabels]:
        """Pseudo-labels of one random ensemble of earlier students.

        Args:
            sides (list[Side]): Equal numbers of images, (N, C, H, W).

        Returns:
            list[PseudoLabels]: Of each side, of shape (N, H, W).
        """
        image = torch.cat([side.image for side in sides])
        with self.frozen_pass(image.device):
            logits = self.previous(image)
        logits = class_logits(resize_logits(
            logits.to(image.dtype), image.shape[2:],
            self.student.align_corners), self.threshold)
        labels = []
        for part, side in zip(logits.chunk(len(sides)), sides):
            label, weight = self.previous_labeler(part)
            labels.append(self.without_padding(label, weight, side))
        return labels

    def _guided_weak_pass(
        self, batch: Batch, earlier: PseudoLabels
    ) -> tuple[Losses, PseudoLabels]:
        """The weak pass of UniMatch, with labels of earlier students, too."""
        losses, target, perturbed = self.weak_logits(batch)
        for part, labels in (('perturbed', target),
                             ('perturbed_previous', earlier)):
            losses[part] = pseudo_losses(
                self.student, perturbed, *labels, self.mixed_auxiliary)
        return losses, target

    def _guided_consistency(self, mixed: Mixed,
                           guided: Mixed) -> tuple[Losses, None]:
        """The pass of strong views, with labels of both kinds."""
        logits = all_logits(self.student, self.features_of(mixed.image),
                            mixed.label.shape[1:])
        return {
            part: view_losses(self.student, logits, view.label, view.weight,
                              self.mixed_auxiliary, self.num_views)
            for part, view in (('mixed', mixed), ('mixed_previous', guided))
        }, None

    def weigh(self, part: str, loss: Tensor) -> Tensor:
        """A loss times its weight, see :class:`PrevMatch`.

        Args:
            part (str): One of ``parts``.
            loss (Tensor): A scalar.

        Returns:
            Tensor: A scalar.
        """
        ramp = 0.
        if self.previous.count:
            ramp = 1 - abs(2 * training_progress(self.ramp_epochs) - 1)
        factor = ramp if part.endswith('_previous') else 1.
        return super().weigh(part, loss) * (factor / (2 + ramp))
