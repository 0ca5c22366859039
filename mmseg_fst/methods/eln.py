"""ELN: a network that localizes errors filters pseudo-labels."""
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor

from mmseg_fst.models.losses import (
    all_logits,
    head_losses,
    labeled_losses,
    represent,
)
from mmseg_fst.models.worse_decoders import WorseDecoders
from mmseg_fst.ops import ignore_padding
from mmseg_fst.registry import MODELS

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

    In ``warmup_iters`` localizer and decoders learn, but nothing from
    unlabeled images; the student has been trained before. Pseudo-labels have
    the resolution of the logits.

    Args:
        segmentor (dict): Config of the student. Without
            ``representation_channels`` of its head logits are contrasted.
        localizer (dict): Config of an :class:`ErrorLocalizer`.
        contrast (dict): Config of a :class:`CropContrast`.
        factors (Sequence[float]): Of each of the :class:`WorseDecoders`.
            Defaults to (20, 50), as in the release.
        **kwargs: Arguments of :class:`Method`; ``photometric`` makes the
            strong view.

    Raises:
        ValueError: If a factor is smaller than 1.
    """

    parts = ('labeled', 'decoders', 'localizer', 'strong', 'weak', 'contrast')
    required = ()
    unused = ('regularizer', )

    def __init__(self,
                 segmentor: dict,
                 localizer: dict,
                 contrast: dict,
                 factors: Sequence[float] = (20., 50.),
                 **kwargs: Any) -> None:
        super().__init__(segmentor, **kwargs)
        self.auxiliary['decoders'] = WorseDecoders(
            segmentor['decode_head'], factors)
        self.auxiliary['localizer'] = MODELS.build(
            dict(num_classes=self.student.decode_head.num_classes,
                 **localizer))
        self.contrast = MODELS.build(contrast)

    def init_weights(self) -> None:
        """Initialize student, decoders and localizer."""
        super().init_weights()
        for module in self.auxiliary.values():
            module.init_weights()

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        step.learn(
            'labeled', lambda: self.supervised(batch.labeled), fixed=True)
        weak = batch.unlabeled.image
        label, anchor = self._filtered_labels(batch.unlabeled)
        strong = step.once('strong', lambda: self.augment(weak))
        for name, image in (('strong', strong), ('weak', weak)):
            step.learn(
                name, lambda: self._view_pass(name, image, label, anchor))
        step.log(
            pseudo_label_weight=(label != self.ignore_index).float().mean())

    def supervised(self, side: Side) -> tuple[Losses, None]:
        """The pass of labeled images, with decoders and localizer.

        Args:
            side (Side): Images of shape (N, C, H, W) with labels.

        Returns:
            tuple: Losses ``labeled``, ``decoders`` and ``localizer``, and no
            output.
        """
        image, label, student = side.image, side.label, self.student
        features = student.extract_feat(image)
        logits = all_logits(student, features, label.shape[1:])
        losses = labeled_losses(student, logits, label)
        best = cast(Tensor, sum(loss for name, loss in losses.items()
                                if name.startswith('decode.')))
        decoders, predictions = self.auxiliary['decoders'](
            features, label, best)
        localizer = self.auxiliary['localizer']
        errors = cast(Tensor, sum(
            localizer.loss(image, prediction, label, self.ignore_index)
            for prediction in (*predictions, logits['decode'])))
        return dict(labeled=losses, decoders=decoders,
                    localizer=dict(loss_bce=errors)), None

    @torch.no_grad()
    def _filtered_labels(self, side: Side) -> tuple[Tensor, Tensor]:
        """Labels (N, h, w) found right; representations (N, D, h, w)."""
        teacher = self.network('teacher')
        with self.frozen_pass(side.image.device):
            logits, anchor = represent(
                teacher.decode_head, teacher.extract_feat(side.image))
        logits = logits.to(side.image.dtype)
        right = self.auxiliary['localizer'].find_right(side.image, logits)
        label = logits.argmax(1).masked_fill(~right, self.ignore_index)
        scales = [low / full for low, full in zip(
            label.shape[1:], side.image.shape[2:])]
        sizes = [[round(pixels * scale) for pixels, scale in zip(size, scales)]
                 for size in side.sizes]
        return ignore_padding(label, sizes, self.ignore_index), anchor

    def _view_pass(self, name: str, image: Tensor, label: Tensor,
                   anchor: Tensor) -> tuple[Losses, None]:
        """One view through the student: labels and contrast."""
        head = self.student.decode_head
        logits, feature = represent(head, self.student.extract_feat(image))
        losses = head_losses(
            head, logits, label, torch.ones_like(label, dtype=logits.dtype))
        contrast = self.contrast(anchor, feature, label, head.num_classes,
                                 self.ignore_index)
        return {
            name: losses,
            'contrast': {f'loss_{name}': contrast}
        }, None

    def supervised_warmup(self, step: Step, batch: Batch) -> None:
        """A step of the localizer's phase, see :class:`Method`.

        Args:
            step (Step): The training step.
            batch (Batch): The batch.
        """
        super().supervised_warmup(step, batch)
        # Distributed processes wait for the gradient of every parameter, of
        # the representation, too.
        step.log(loss_unused=0 * cast(Tensor, sum(
            weight.sum() for weight in self.student.decode_head.parameters())))
