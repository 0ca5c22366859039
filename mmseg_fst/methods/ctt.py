"""CTT: two students, each taught by the teacher of the other."""
from typing import Any, Optional

import torch
from torch import Tensor

from mmseg_fst.models.class_bank import build_contrast
from mmseg_fst.models.domains import domain_logits
from mmseg_fst.models.losses import labeled_losses, pseudo_losses
from mmseg_fst.models.mixers import NoMix
from mmseg_fst.models.projection import see_pixels
from mmseg_fst.ops import class_probabilities
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels, Side
from .method import Method
from .step import Losses, Step
from .student_ensemble import ENSEMBLE, StudentEnsemble, build_students


@MODELS.register_module()
class CTT(StudentEnsemble, Method):
    """Two mean teachers that exchange their pseudo-labels.

    Xiao et al., "Semi-supervised Semantic Segmentation with Cross Teacher
    Training", Neurocomputing 2022. For the networks i and j::

        image_unlabeled -> teacher j -> pseudo_labeler -> label, weight
        image_unlabeled -> photometric -> student i -> loss on them
        image_labeled ---> student i -> loss on label_labeled
        features of student i -> contrast with the bank of teacher i, and
                                 with the features of student j

    The losses of both students are summed. Their features are the inputs of
    the classifier of the decode head. The authors' release computes the
    contrasts and never adds them (since its commits 0cde6e8 and 7e58f4e; 0.1
    times before): ``contrast=None``, as in ``ssl_ctt_released.py``. It fills
    the banks after the teachers have moved, here before.

    Args:
        students (dict[str, dict]): Config of both students, each an
            ``EncoderDecoder`` of MMSegmentation, by name.
        contrast (dict, optional): Config of a :class:`CrossBankContrast`; the
            numbers of classes and channels are set from the decode head.
            Defaults to None: no contrast.
        predict_with (str): Name of a student, or ``'ensemble'``, the default;
            the release scores each student by itself.
        **kwargs: Arguments of :class:`Method`.

    Raises:
        ValueError: If there are not two students, or they differ in the
            features that are to be compared.
    """

    parts = ('labeled', 'mixed', 'high', 'low')
    required = ('pseudo_labeler', )
    unused = ('regularizer', 'warmup_iters')
    sums_losses = True
    single_pass = True

    def __init__(self, students: dict[str, dict],
                 contrast: Optional[dict] = None,
                 predict_with: str = ENSEMBLE, **kwargs: Any) -> None:
        if len(students) != 2:
            raise ValueError(f'CTT: students must be two, not {[*students]}.')
        super().__init__(
            build_students(students), predict_with=predict_with, **kwargs)
        first, second = self.student
        self.peers = {first: second, second: first}
        self.contrast: Any = contrast and build_contrast(
            contrast, self.student)

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the students and their losses.
            batch (Batch): The sides of the batch.
        """
        image = batch.unlabeled.image
        targets, confidences = self._exchanged_labels(batch.unlabeled)
        views = step.once('views', lambda: {
            name: self.augment(image) for name in self.student})
        first = next(iter(views))
        self.mixed = NoMix()(None, (views[first], *targets[first]))
        self.pseudo_label, self.pseudo_weight = targets[first]
        step.learn('joint', lambda: (self._joint_losses(
            batch.labeled, views, targets, confidences), None))
        if self.contrast is not None:
            self._stage_banks(batch.labeled)
        step.log(pseudo_label_weight=torch.stack(
            [target.weight.mean() for target in targets.values()]).mean())

    @torch.no_grad()
    def _exchanged_labels(
            self, side: Side
    ) -> tuple[dict[str, PseudoLabels], dict[str, Tensor]]:
        """Labels of each student by the teacher of its peer, confidences."""
        targets, confidences, image = {}, {}, side.image
        teachers: Any = self.teacher
        for name, peer in self.peers.items():
            with self.frozen_pass(image.device):
                logits = domain_logits(teachers[peer], image)
            logits = logits.to(image.dtype)
            targets[name] = self.pseudo_labels(side, logits)
            confidences[name] = class_probabilities(logits).amax(1)
        return targets, confidences

    def _joint_losses(self, labeled: Side, images: dict[str, Tensor],
                      targets: dict[str, PseudoLabels],
                      confidences: dict[str, Tensor]) -> Losses:
        """Losses of both students, from strong views of the same images."""
        outputs = {name: [see_pixels(self.student[name], side)
                          for side in (labeled.image, image)]
                   for name, image in images.items()}
        losses: Losses = {}
        for name, peer in self.peers.items():
            network, target = self.student[name], targets[name]
            (on_labels, view), (on_images, other) = outputs[name]
            losses[f'{name}.labeled'] = labeled_losses(
                network, on_labels, labeled.label)
            losses[f'{name}.mixed'] = pseudo_losses(
                network, on_images, *target, self.mixed_auxiliary)
            if self.contrast is not None:
                contrasts = self.contrast(
                    name, (view, other), (labeled.label, target.label),
                    confidences[name], outputs[peer][1][1])
                losses.update({f'{name}.{part}': dict(loss_contrast=loss)
                               for part, loss in contrasts.items()})
        return losses

    @torch.no_grad()
    def _stage_banks(self, side: Side) -> None:
        """Let both teachers see labeled images, for the banks."""
        teachers: Any = self.teacher
        for name, teacher in teachers.items():
            with self.frozen_pass(side.image.device):
                _, view = see_pixels(teacher, side.image)
            self.contrast.stage(name, view, side.label)
