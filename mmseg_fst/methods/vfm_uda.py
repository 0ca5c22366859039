"""VFM-UDA: masked image consistency for foundation encoders."""
from typing import Any, Optional

import torch
from torch import Tensor

from mmseg_fst.models.losses import resize_logits
from mmseg_fst.ops import Mixed, class_logits
from mmseg_fst.registry import MODELS

from .batch import Batch, PseudoLabels, Side
from .mic import MIC
from .step import Losses


@MODELS.register_module()
class VFMUDA(MIC):
    """MIC with mirrored pseudo-labels and weakly augmented images.

    Englert et al., "Exploring the Benefits of Vision Foundation Models for
    Unsupervised Domain Adaptation", CVPR Workshops 2024, as released::

        image_labeled --> weak -> student -> loss on label_labeled
        image_unlabeled and its mirror image -> teacher -> mean probability
                          -> pseudo_labeler -> label, weight
        image_labeled and weak(image_unlabeled) -> mixer -> photometric
                          -> student -> weighted loss on label_mixed
        image_unlabeled -> photometric -> mask -> student
                          -> weighted loss on label

    There is no feature distance unless ``regularizer`` is given; VFM-UDA++
    reports that the usual one harms foundation encoders. Its masks are
    :class:`TokenMask`, or :class:`BlockMask` in VFM-UDA++. The first virtual
    step and the real step of FST share the weak augmentation of the labeled
    images.

    Args:
        weak (dict): Config of the weak augmentation, a
            :class:`StrongPhotometric`.
        **kwargs: Arguments of :class:`MIC`.

    Example:
        >>> model = dict(
        ...     type='VFMUDA', mask=dict(type='TokenMask', block_size=14),
        ...     weak=dict(type='StrongPhotometric', blur_prob=0.), ...)
    """

    def __init__(self, weak: dict, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.weak = MODELS.build(weak)

    @torch.no_grad()
    def jitter(self, image: Tensor) -> Tensor:
        """Apply the weak augmentation.

        Args:
            image (Tensor): Normalized images of shape (N, C, H, W).

        Returns:
            Tensor: Images of the same shape.
        """
        preprocessor = self.data_preprocessor
        return self.weak(image, preprocessor.mean, preprocessor.std)

    def supervised(self, side: Side) -> tuple[Losses, None]:
        """The pass of labeled images, weakly augmented.

        Args:
            side (Side): Images of shape (N, C, H, W) with labels.

        Returns:
            tuple: Losses ``labeled``, and no output.
        """
        return super().supervised(
            side.replaced(self.jitter(side.image), side.label))

    @torch.no_grad()
    def pseudo_labels(self,
                      side: Side,
                      logits: Optional[Tensor] = None) -> PseudoLabels:
        """Pseudo-labels of images and their mirror images.

        Args:
            side (Side): Images of shape (N, C, H, W).
            logits (Tensor, optional): Logits (N, C, H, W) to take the labels
                from. Defaults to None: of the mean probabilities of the
                teacher.

        Returns:
            PseudoLabels: Labels and weights of shape (N, H, W).
        """
        if logits is None:
            straight = self._probabilities(side.image)
            mirrored = self._probabilities(side.image.flip(3)).flip(3)
            # Their softmax is the mean; no class has a probability of 0.
            mean = (straight + mirrored) / 2
            logits = mean.clamp_min(torch.finfo(mean.dtype).tiny).log()
        return super().pseudo_labels(side, logits)

    def _probabilities(self, image: Tensor) -> Tensor:
        """Class probabilities of the teacher, of shape (N, C, H, W)."""
        with self.frozen_pass(image.device):
            logits = self.network('teacher')(image)
        logits = resize_logits(
            logits.to(image.dtype), image.shape[2:],
            self.student.align_corners)
        return class_logits(logits, self.threshold).softmax(1)

    def strong_view(self, batch: Batch, target: PseudoLabels) -> Mixed:
        """Mix labeled and weakly augmented unlabeled images, and augment.

        Args:
            batch (Batch): The batch.
            target (PseudoLabels): Pseudo-labels of its unlabeled images.

        Returns:
            Mixed: Images with pseudo-labels.
        """
        unlabeled = self.jitter(batch.unlabeled.image)
        mixed = self.mixer((batch.labeled.image, batch.labeled.label),
                           (unlabeled, *target))
        return mixed._replace(image=self.augment(mixed.image))
