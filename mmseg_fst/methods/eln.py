"""ELN: a network that localizes errors filters pseudo-labels."""
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mmseg_fst.models.losses import (
    all_logits,
    head_losses,
    labeled_losses,
    represent,
)
from mmseg_fst.models.worse_decoders import WorseDecoders
from mmseg_fst.ops import class_logits
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range
from mmseg_fst.utils.progress import training_iteration

from .batch import Batch, Side
from .method import Method
from .step import Losses, Step


@MODELS.register_module()
class ELN(Method):
    """A mean teacher whose errors a further network localizes.

    Kwon and Kwak, "Semi-Supervised Semantic Segmentation with Error
    Localization Network", CVPR 2022::

        labeled:   student -> loss on label
                   decoders, on its features -> worse predictions
                   localizer(image, each prediction) -> where it is right
        unlabeled: teacher -> label where the localizer finds it right
                   weak and strong view -> student -> loss on these labels
                   and a contrast of its representation with the teacher's

    Until ``supervised_iters`` the student learns alone, until
    ``warmup_iters`` decoders and localizer do, too, all from labels.
    Pseudo-labels have the resolution of the logits.

    Args:
        segmentor (dict): Config of the student; its head's
            representations are contrasted, or else its logits.
        localizer (dict): Config of an :class:`ErrorLocalizer`.
        contrast (dict): Config of a :class:`CropContrast`.
        factors (Sequence[float]): See :class:`WorseDecoders`. Defaults to (20,
            50), as in the release.
        supervised_iters (int): Iterations of the first phase, part of
            ``warmup_iters``. Defaults to 0: the student has been trained.
        **kwargs: Of :class:`Method`; ``photometric`` makes the strong view.

    Raises:
        ValueError: If a factor is below 1, or the first phase too long.
    """

    parts = ('labeled', 'decoders', 'localizer', 'strong', 'weak', 'contrast')
    required = ()
    unused = ('regularizer', )

    def __init__(self,
                 segmentor: dict,
                 localizer: dict,
                 contrast: dict,
                 factors: Sequence[float] = (20., 50.),
                 supervised_iters: int = 0,
                 **kwargs: Any) -> None:
        super().__init__(segmentor, **kwargs)
        check_range(self, high=self.warmup_iters,
                    supervised_iters=supervised_iters)
        self.supervised_iters = supervised_iters
        self.auxiliary['decoders'] = WorseDecoders(
            segmentor['decode_head'], factors)
        classes = self.student.decode_head.num_classes
        self.auxiliary['localizer'] = MODELS.build(
            dict(num_classes=classes, **localizer))
        self.contrast = MODELS.build(contrast)

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        labeled, weak = batch.labeled, batch.unlabeled.image
        step.learn('labeled', lambda: self._labeled_pass(labeled), fixed=True)
        target = self._filtered_labels(batch.unlabeled)
        strong = step.once('strong', lambda: self.augment(weak))
        for name, image in (('strong', strong), ('weak', weak)):
            step.learn(name, lambda: self._view_pass(name, image, *target))
        valid = target[0] != self.ignore_index
        step.log(pseudo_label_weight=valid.float().mean())

    def _labeled_pass(self, side: Side) -> tuple[Losses, None]:
        """Labeled images through student, decoders and localizer."""
        image, label, student = side.image, side.label, self.student
        features = student.extract_feat(image)
        logits = all_logits(student, features, label.shape[1:])
        losses = labeled_losses(student, logits, label)
        decoders, predictions = self.auxiliary['decoders'](
            features, label, losses)
        localizer: Any = self.auxiliary['localizer']
        predictions.append(logits['decode'])
        errors = [localizer.loss(image, class_logits(found), label,
                                 self.ignore_index) for found in predictions]
        return dict(labeled=losses, decoders=decoders,
                    localizer=dict(loss_bce=torch.stack(errors).sum())), None

    @torch.no_grad()
    def _filtered_labels(self, side: Side) -> tuple[Tensor, Tensor]:
        """Labels (N, h, w) found right; representations (N, D, h, w)."""
        teacher = self.network('teacher')
        with self.frozen_pass(side.image.device):
            logits, anchor = represent(
                teacher.decode_head, teacher.extract_feat(side.image))
        logits = class_logits(logits.to(side.image.dtype), self.threshold)
        localizer: Any = self.auxiliary['localizer']
        right = localizer.find_right(side.image, logits)
        label = logits.argmax(1).masked_fill(~right, self.ignore_index)
        self.enlarge_labels(label, side)  # stored for hooks, masked images
        return side.ignore_padding(label, self.ignore_index), anchor

    def _view_pass(self, name: str, image: Tensor, label: Tensor,
                   anchor: Tensor) -> tuple[Losses, None]:
        """One view through the student: labels and contrast."""
        head = self.student.decode_head
        logits, feature = represent(head, self.student.extract_feat(image))
        weight = torch.ones_like(label, dtype=logits.dtype)
        losses = head_losses(head, logits, label, weight)
        contrast = self.contrast(anchor, feature, label, head.num_classes)
        return {name: losses, 'contrast': {f'loss_{name}': contrast}}, None

    def supervised_warmup(self, step: Step, batch: Batch) -> None:
        """A step of the first two phases, see :class:`Method`.

        Args:
            step (Step): The training step.
            batch (Batch): The batch.
        """
        if training_iteration() < self.supervised_iters:
            step.learn('labeled', lambda: self.supervised(batch.labeled))
        else:
            step.learn('labeled', lambda: self._labeled_pass(batch.labeled))
        self.use_all(step)
        # A hook copies the weights; the running statistics are copied here.
        teacher = self.network('teacher')
        for buffer, copied in zip(teacher.buffers(), self.student.buffers()):
            buffer.copy_(copied)
