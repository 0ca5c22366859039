"""MIC: predictions of masked images are consistent with pseudo-labels."""
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmseg_fst.models.losses import all_logits, pseudo_losses
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels
from .mean_teacher import MeanTeacher
from .method import Method
from .step import Losses, Step


@MODELS.register_module()
class MaskedPass(nn.Module):
    """The pass of masked images: ``masked_consistency`` of a method.

    Hoyer et al., "MIC: Masked Image Consistency for Context-Enhanced Domain
    Adaptation", CVPR 2023, section 3.2. The student has to infer the masked
    blocks of an image from their context::

        image -> photometric -> mask -> student -> weighted loss on label

    Unlabeled images have the pseudo-labels and weights of the method; its
    photometric augmentation is sampled again. Auxiliary heads follow its
    ``mixed_auxiliary``.

    Args:
        mask (dict): Config of the module that masks normalized images, such
            as :class:`BlockMask`.
        images (str): Which images are masked, in brackets ``mask_mode`` of
            the release. ``'unlabeled'`` (``separatetrg``), ``'labeled'``
            (``separatesrc``), with their labels, or ``'both'``
            (``separate``): the first half of either side, rounded up.
            Defaults to ``'unlabeled'``.
        augment (bool): Whether the photometric augmentation of the method
            comes before the mask (``...aug``). Defaults to True.

    Raises:
        ValueError: If ``images`` has another value.

    Example:
        >>> model = dict(
        ...     type='UniMatchV2', masked_consistency=dict(
        ...         type='MaskedPass', mask=dict(type='BlockMask')), ...)
    """

    def __init__(self, mask: dict,
                 images: Literal['unlabeled', 'labeled', 'both'] = 'unlabeled',
                 augment: bool = True) -> None:
        super().__init__()
        if images not in ('unlabeled', 'labeled', 'both'):
            raise ValueError("MaskedPass: images must be 'unlabeled', "
                             f"'labeled' or 'both', got {images!r}.")
        self.mask = MODELS.build(mask)
        self.images = images
        self.augment = augment

    def train_on(self, method: Method, step: Step, batch: Batch) -> None:
        """Add the pass to a training step of a method.

        Args:
            method (Method): The method, which has computed pseudo-labels.
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        image, target = self.select(batch, method.last_labels)
        masked = step.once('masked', lambda: self.mask(
            method.augment(image) if self.augment else image))
        step.learn('masked', lambda: self.consistency(
            method, step, masked, target))

    def select(self, batch: Batch,
               target: PseudoLabels) -> tuple[Tensor, PseudoLabels]:
        """The images to mask, (N, C, H, W), with labels and weights.

        Args:
            batch (Batch): The sides of the batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.

        Returns:
            tuple: Images, and their labels and weights of shape (N, H, W).
        """
        unlabeled = batch.unlabeled.image
        if self.images == 'unlabeled':
            return unlabeled, target
        image, label = batch.labeled.image, batch.labeled.label
        weight = torch.ones_like(label, dtype=target.weight.dtype)
        if self.images == 'labeled':
            return image, PseudoLabels(label, weight)
        first, second = (-(-len(side) // 2) for side in (image, unlabeled))
        return torch.cat([image[:first], unlabeled[:second]]), PseudoLabels(
            torch.cat([label[:first], target.label[:second]]),
            torch.cat([weight[:first], target.weight[:second]]))

    def consistency(self, method: Method, step: Step, image: Tensor,
                    target: PseudoLabels) -> tuple[Losses, None]:
        """The pass of masked images.

        Args:
            method (Method): The method, which has the student.
            step (Step): The training step.
            image (Tensor): Masked images of shape (N, C, H, W).
            target (PseudoLabels): Labels of the complete images.

        Returns:
            tuple: Losses ``masked``, and no output.
        """
        student = method.student
        logits = step.once(
            'masked_pass',
            lambda: all_logits(student, student.extract_feat(image),
                               target.label.shape[1:]),
            forward=True)
        return dict(masked=pseudo_losses(
            student, logits, *target, method.mixed_auxiliary)), None


@MODELS.register_module()
class MIC(MeanTeacher):
    """A mean teacher whose student is also trained on masked images.

    :class:`MeanTeacher` with a :class:`MaskedPass`::

        image_labeled ---> student -> loss on label_labeled
        image_unlabeled -> teacher -> pseudo_labeler -> label, weight
        both ------------> mixer ---> photometric -> image_mixed
        image_mixed -----> student -> weighted loss on label_mixed
        image_unlabeled -> photometric -> mask ----> image_masked
        image_masked ----> student -> weighted loss on label

    With ``regularizer`` this is MIC on DAFormer, with a
    :class:`MultiScaleSegmentor` MIC on HRDA.

    Args:
        mask (dict): See :class:`MaskedPass`.
        masked_images (str): ``images`` of it. Defaults to ``'unlabeled'``.
        augment_masked (bool): ``augment`` of it. Defaults to True.
        **kwargs: Arguments of :class:`Method`. The weight of the loss of
            masked images is ``loss_weights=dict(masked=...)``.
    """

    def __init__(self, mask: dict, masked_images: Literal[
            'unlabeled', 'labeled', 'both'] = 'unlabeled',
                 augment_masked: bool = True, **kwargs: Any) -> None:
        super().__init__(masked_consistency=dict(
            type='MaskedPass', mask=mask, images=masked_images,
            augment=augment_masked), **kwargs)
