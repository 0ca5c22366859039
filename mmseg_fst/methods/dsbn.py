"""DSBN: strong augmentation with separate batch normalization."""
from typing import Any, Union

import torch
from torch import nn

from mmseg_fst.models.losses import (
    head_logits,
    heads_of,
    labeled_losses,
    rows_of,
)
from mmseg_fst.models.split_batch_norm import split_batch, split_batch_norm
from mmseg_fst.ops import Mixed
from mmseg_fst.registry import MODELS

from .batch import Batch, Side
from .st_plus_plus import STPlusPlus
from .step import Losses, Step


@MODELS.register_module()
class DSBN(STPlusPlus):
    """Pseudo-labels from files for strongly augmented images.

    Yuan et al., "A Simple Baseline for Semi-supervised Semantic Segmentation
    with Strong Data Augmentation", ICCV 2021. Labeled and strongly augmented
    images share a pass, but not their layers of batch normalization, see
    :class:`SplitBatchNorm`; predictions use the layers of labeled images::

        image_labeled -----------------> student -> loss on label_labeled
        image_unlabeled -> photometric -> student -> correction on the label
                                                     of the file

    As in :class:`STPlusPlus`, an earlier stage has written the pseudo-labels,
    and there is no teacher. Auxiliary heads receive labeled images alone, so
    they are not split.

    The release (jianlong-yuan/SimpleBaseline) differs: see
    :class:`SelfCorrectionLoss` and :class:`RandAugment`. Its example config
    samples both halves of a batch from the union of labeled and pseudo-labeled
    images, of which only the second half is augmented; here each half is a
    side. As there, and not as in ST++, the student starts from the weights of
    the network that has labeled (``stages.start_from='labeler'``).

    Args:
        segmentor (dict | nn.Module): The student, with batch normalization.
        correction (dict): Config of the loss on pseudo-labels, a
            :class:`SelfCorrectionLoss`.
        **kwargs: Arguments of :class:`Method`; ``photometric`` is a
            :class:`RandAugment`.

    Raises:
        ValueError: If the student has no batch normalization.
    """

    unused = ('regularizer', )
    single_pass = True

    def __init__(self, segmentor: Union[dict, nn.Module], correction: dict,
                 **kwargs: Any) -> None:
        student = (
            segmentor if isinstance(segmentor, nn.Module) else
            MODELS.build(segmentor))
        split_batch_norm(student, skipped=['auxiliary_head'])
        super().__init__(segmentor=student, **kwargs)
        self.correction = MODELS.build(correction)

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        target = self.pseudo_labels(batch.unlabeled)
        mixed = self.mixed_view(step, batch, target)
        step.learn('joint', lambda: self.joint_pass(batch.labeled, mixed))
        step.log(pseudo_label_weight=target.weight.mean())

    def joint_pass(self, labeled: Side, mixed: Mixed) -> tuple[Losses, None]:
        """The pass of labeled and strongly augmented images.

        Args:
            labeled (Side): Labeled images.
            mixed (Mixed): Augmented images with pseudo-labels.

        Returns:
            tuple: Losses ``labeled`` and ``mixed``, and no output.
        """
        count = len(labeled.image)
        image = torch.cat([labeled.image, mixed.image])
        with split_batch(self.student, count):
            features = self.student.extract_feat(image)
            first = [feature[:count] for feature in features]
            logits = {
                name: head_logits(head, features if name == 'decode' else
                                  first, mixed.label.shape[1:])
                for name, head in heads_of(self.student).items()
            }
        corrected = self.correction(logits['decode'][count:], mixed.label,
                                    self.ignore_index)
        return dict(
            labeled=labeled_losses(
                self.student, rows_of(logits, stop=count), labeled.label),
            mixed={'decode.loss_correction': corrected}), None
