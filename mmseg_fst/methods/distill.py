"""Distillation: a small network learns from finished runs."""
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from mmseg_fst.models.losses import all_logits
from mmseg_fst.ops import class_logits, soft_label_loss, soften
from mmseg_fst.registry import MODELS

from .batch import Batch, Side
from .method import Method
from .step import Losses, Step

#: From normalized images of the student, (N, C, H, W), to the probabilities
#: of its classes, (N, K, H, W), float32; without a gradient.
FrozenTeacher = Callable[[Tensor], Tensor]


class SoftLabels(NamedTuple):
    """Probabilities (N, K, H, W), and weights (N, H, W) of a mean."""
    target: Tensor
    weight: Tensor


@MODELS.register_module()
class Distill(Method):
    """A student learns from labels and from the probabilities of teachers.

    Hinton et al., "Distilling the Knowledge in a Neural Network", 2015, for
    each pixel. Teachers are finished runs of any architectures; they are
    frozen, and no part of this model: neither its checkpoints nor what is
    exported contain them, and a trained student predicts without them. They
    do not follow the student, so there is nothing for FST to move::

        image_labeled ---> student -> cross-entropy with label_labeled
        image_labeled ---> teachers -> mean probability q
                           student -> T^2 KL(q || p)
        image_unlabeled -> teachers -> mean probability q
        image_unlabeled -> photometric -> student -> T^2 KL(q || p)

    The divergence is a mean over all pixels but padding, of the decode head
    alone; auxiliary heads learn from labels. Each teacher receives the crop
    of the student as its test pipeline would have prepared it, see
    :class:`mmseg_fst.use.frozen_run.FrozenRun`.

    Args:
        teachers (Sequence[str]): Folders of runs, or checkpoints in them,
            which hooks load when a training begins. In paths ``{run}`` stands
            for the folder of the same seed and split.
        temperature (float): T above 0; the probabilities of each teacher are
            softened by it before they are averaged. Defaults to 1: they stay
            as they are.
        **kwargs (Any): Arguments of :class:`Method`; ``pseudo_labeler``,
            ``mixer`` and ``regularizer`` are not used. ``photometric``
            augments unlabeled images for the student alone.

    Raises:
        ValueError: If there are no teachers, or the temperature is not above
            0.
    """

    parts = ('labeled', 'distilled_labeled', 'distilled_unlabeled')
    required = ()
    unused = ('regularizer', )
    with_teacher = False

    def __init__(self, teachers: Sequence[str], temperature: float = 1.,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not teachers or isinstance(teachers, str) or not all(
                isinstance(path, str) for path in teachers):
            raise ValueError(
                'Distill: teachers must be a list of one or more folders of '
                f"runs, such as ['work_dirs/own/NAME/fst/seed_0'], got "
                f'{teachers!r}.')
        if not temperature > 0:
            raise ValueError('Distill: temperature must be above 0, such as '
                             f'1 or 2, got {temperature}.')
        self.teacher_runs = list(teachers)
        self.temperature = temperature
        # Filled by a hook; functions, so that they are no submodules.
        self.frozen_teachers: list[FrozenTeacher] = []

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        labeled, unlabeled = batch.labeled, batch.unlabeled
        known = self.soft_labels(labeled)
        step.learn('labeled', lambda: self._supervised_with(labeled, known))
        image = step.once('strong', lambda: self.augment(unlabeled.image))
        soft = self.soft_labels(unlabeled)
        step.learn('unlabeled', lambda: self._distilled(image, soft))
        step.log(teacher_confidence=soft.target.amax(1).mean())

    @torch.no_grad()
    def soft_labels(self, side: Side) -> SoftLabels:
        """Mean probabilities of all teachers.

        Args:
            side (Side): Images of shape (N, C, H, W).

        Returns:
            SoftLabels: Padding and margins weigh 0.

        Raises:
            RuntimeError: If no hook has loaded the teachers.
        """
        if not self.frozen_teachers:
            raise RuntimeError(
                'Distill: the teachers are not loaded; register the '
                'TeacherRunsHook of mmseg_fst.run in the runner.')
        with self.frozen_pass(side.image.device):
            target = torch.stack([
                soften(teacher(side.image), self.temperature)
                for teacher in self.frozen_teachers]).mean(0)
        label = target.argmax(1)
        label, weight = self.without_padding(
            label, torch.ones_like(label, dtype=target.dtype), side)
        valid = label != self.ignore_index
        return SoftLabels(target, weight * valid / valid.sum().clamp(min=1))

    def _supervised_with(self, side: Side,
                         soft: SoftLabels) -> tuple[Losses, None]:
        """The pass of labeled images; losses of two parts, no output."""
        stages, features = self.stages_of(side.image)
        logits = all_logits(self.student, features, side.label.shape[1:])
        losses = self.labeled_losses(logits, stages, side)
        return {**losses, 'distilled_labeled': self._divergence(
            logits['decode'], soft)}, None

    def _distilled(self, image: Tensor,
                   soft: SoftLabels) -> tuple[Losses, None]:
        """The pass of unlabeled images, augmented; no output."""
        logits = all_logits(self.student, self.features_of(image),
                            image.shape[2:])['decode']
        return dict(distilled_unlabeled=self._divergence(logits, soft)), None

    def _divergence(self, logits: Tensor,
                    soft: SoftLabels) -> dict[str, Tensor]:
        """Mean divergence of the decode head, ``loss_kl``, a scalar."""
        # Half precision would round small probabilities to 0.
        loss = soft_label_loss(class_logits(logits).to(soft.target.dtype),
                               soft.target, self.temperature)
        return dict(loss_kl=(loss * soft.weight).sum())
