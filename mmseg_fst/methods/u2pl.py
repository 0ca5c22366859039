"""U2PL: a contrast of reliable with unreliable pixels."""
from typing import Any, cast

import torch
from torch import Tensor

from mmseg_fst.models.losses import represent
from mmseg_fst.ops import Mixed, TeacherView
from mmseg_fst.registry import MODELS

from .batch import Batch, Side
from .cutmix_mean_teacher import CutMixMeanTeacher
from .step import Losses, Step


@MODELS.register_module()
class U2PL(CutMixMeanTeacher):
    """The CutMix mean teacher with a contrastive loss on all pixels.

    Wang et al., "Semi-Supervised Semantic Segmentation Using Unreliable
    Pseudo-Labels", CVPR 2022: pixels whose pseudo-labels are dropped are
    negative samples of the classes they are unlikely to belong to.

    See :class:`CutMixMeanTeacher` for other arguments.

    Args:
        contrast (dict): Config of a :class:`ContrastiveMemory`; the numbers
            of classes and channels are set from the decode head.
        **kwargs: Arguments of :class:`CutMixMeanTeacher`.

    Raises:
        ValueError: If ``pseudo_filter`` is None.
    """

    decode = staticmethod(represent)

    def __init__(self, contrast: dict, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.pseudo_filter is None:
            raise ValueError('U2PL needs a `model.pseudo_filter`, such as '
                             "dict(type='EntropyPercentile'); set it in the "
                             'config.')
        head = self.student.decode_head
        channels = getattr(head, 'representation_channels', None)
        shape = dict(
            num_classes=head.out_channels,
            channels=channels or head.out_channels)
        self.contrast = MODELS.build({**shape, **contrast})

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        target = self.pseudo_labels(batch.unlabeled)
        mixed = self.mixed_view(step, batch, target)
        logits, representation = self.teacher_view(batch.labeled, mixed)
        # `represent` always returns a representation.
        representation = cast(Tensor, representation).to(logits.dtype)
        view = TeacherView(logits, representation,
                           torch.cat([batch.labeled.label, mixed.label]),
                           len(batch.labeled.image))
        mixed, factor = self.filter_by_teacher(mixed, logits)
        step.learn(
            'joint', lambda: self.contrastive_pass(step, batch.labeled, mixed,
                                                   factor, view))
        step.log(pseudo_label_weight=target.weight.mean())

    def contrastive_pass(self, step: Step, labeled: Side, mixed: Mixed,
                         factor: Tensor,
                         view: TeacherView) -> tuple[Losses, None]:
        """The pass of labeled and mixed images, with the contrast.

        Args:
            step (Step): The training step.
            labeled (Side): Labeled images.
            mixed (Mixed): Mixed images with the labels that remain.
            factor (Tensor): Factor of their loss, a scalar.
            view (TeacherView): The teacher's view of the same images.

        Returns:
            tuple: Losses ``labeled`` and ``mixed`` and ``loss_contrast``, and
            no output.
        """
        losses, representation = self.joint_pass(step, labeled, mixed, factor)
        contrast = self.contrast(representation, view)
        return dict(loss_contrast=contrast, **losses), None

    def supervised_warmup(self, step: Step, batch: Batch) -> None:
        """A step on labels only, see :class:`Method`.

        Args:
            step (Step): The training step.
            batch (Batch): The batch.
        """
        super().supervised_warmup(step, batch)
        # Distributed processes wait for the gradient of every parameter, of
        # the representation, too.
        total = sum(
            weight.sum() for weight in self.student.decode_head.parameters())
        step.log(loss_contrast=0 * cast(Tensor, total))
