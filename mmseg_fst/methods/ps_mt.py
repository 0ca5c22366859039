"""PS-MT: two teachers, perturbed features and strict pseudo-labels."""
from collections.abc import Sequence
from typing import Any, Optional

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor

from mmseg_fst.models.losses import (
    decoded_logits,
    labeled_losses,
    pseudo_losses,
    resize_logits,
)
from mmseg_fst.models.mean_network import MeanDecoder
from mmseg_fst.models.split_heads import decoder_of, encode
from mmseg_fst.ops import Mixed, assist, cosine_ramp
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_not_negative
from mmseg_fst.utils.progress import training_iteration

from .batch import Batch, PseudoLabels, Side
from .step import Step
from .teachers_in_turn import TeachersInTurn


@MODELS.register_module()
class PSMT(TeachersInTurn):
    """Perturbed and strict mean teachers.

    Liu et al., CVPR 2022::

        image_unlabeled -> both teachers -> mean -> label, confidence
        image_unlabeled -> photometric -> mixer -> image_mixed
        photometric(image_labeled), image_mixed -> student, its features moved
        against both teachers -> loss on label; loss * confidence on label

    The teachers move in turns, and predict together. The weight of the loss
    of mixed images grows as a cosine. The release trains both teachers and
    the student on labels first; here the teachers start as copies.

    Args:
        perturbation (dict): Config of the perturbation of the features by the
            mean of the teachers' decoders, :class:`VirtualAdversarial`.
        ramp_iters (int): Iterations after ``warmup_iters`` in which the
            weight grows, at least 0. Defaults to 0: it does not.
        assist_classes (int, optional): How many classes of the teacher whose
            turn it is not count at a pixel, 7 in the release, see
            :func:`mmseg_fst.ops.assist`. Defaults to None: all of them.
        **kwargs: Arguments of :class:`TeachersInTurn`.

    Raises:
        ValueError: If an argument is out of its range.
    """
    unused = ('regularizer', )

    def __init__(self,
                 perturbation: dict,
                 ramp_iters: int = 0,
                 assist_classes: Optional[int] = None,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_not_negative(self, ramp_iters=ramp_iters)
        most = self.student.num_classes
        if not 1 <= (assist_classes or most) <= most:
            raise ValueError('PSMT: assist_classes must be from 1 to the '
                             f'{most} classes, got {assist_classes}.')
        self.perturbation = MODELS.build(perturbation)
        self.ramp_iters = ramp_iters
        self.assist_classes = assist_classes

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        target = self.ensemble_labels(batch.unlabeled)
        mixed = self.mixed_view(step, batch, target)
        labeled = self.augment(batch.labeled.image), batch.labeled.label
        step.learn('labeled', lambda: (
            dict(labeled=self.perturbed_pass(*labeled)), None))
        step.learn('mixed', lambda: (
            dict(mixed=self.perturbed_pass(*mixed[:3])), None))
        step.log(pseudo_label_weight=target.weight.mean())

    @torch.no_grad()
    def ensemble_labels(self, side: Side) -> PseudoLabels:
        """Labels of both teachers.

        Args:
            side (Side): Images of shape (N, C, H, W).

        Returns:
            PseudoLabels: Labels and weights of shape (N, H, W).
        """
        with self.frozen_pass(side.image.device):
            both = [network(side.image) for network in self.teacher.networks]
        core, other = (
            resize_logits(logits.to(side.image.dtype), side.image.shape[2:],
                          self.student.align_corners)
            for logits in (both[self.turn], both[1 - self.turn]))
        return self.pseudo_labels(side, assist(
            core, other, self.assist_classes or core.shape[1]))

    def strong_view(self, batch: Batch, target: PseudoLabels) -> Mixed:
        """Augmented, then mixed unlabeled images, see :class:`Method`.

        Args:
            batch (Batch): The batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.

        Returns:
            Mixed: Images with pseudo-labels.
        """
        return self.augment_then_mix(batch, target)

    def perturbed_pass(self, image: Tensor, label: Tensor,
                       weight: Optional[Tensor] = None) -> dict[str, Tensor]:
        """The pass of labeled images, or of mixed images with weights.

        Args:
            image (Tensor): Images of shape (N, C, H, W).
            label (Tensor): Class ids of shape (N, H, W).
            weight (Tensor, optional): Weights of pseudo-labels, (N, H, W).
                Defaults to None: true labels.

        Returns:
            dict[str, Tensor]: Scalars, ``decode.<loss>`` and ``aux*.<loss>``.
        """
        teachers = MeanDecoder(self.teacher, label.shape[1:])

        def decode(head: BaseDecodeHead,
                   features: Sequence[Tensor]) -> tuple[Tensor, None]:
            maps = self.perturbation(encode(head, features), teachers)
            return decoder_of(head)(maps), None

        logits, _ = decoded_logits(
            self.student, self.student.extract_feat(image), label.shape[1:],
            decode)
        if weight is None:
            return labeled_losses(self.student, logits, label)
        losses = pseudo_losses(self.student, logits, label, weight,
                               self.mixed_auxiliary)
        ramp = cosine_ramp(
            training_iteration() - self.warmup_iters, self.ramp_iters)
        return {name: ramp * loss for name, loss in losses.items()}
