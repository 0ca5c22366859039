"""ReCo: a contrast between the regions of a batch."""
from collections.abc import Sequence
from typing import Any, Optional

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor

from mmseg_fst.models.losses import (
    decoded_logits,
    labeled_losses,
    pseudo_losses,
)
from mmseg_fst.models.projection import (
    PixelView,
    build_projection,
    cat_views,
    view_pixels,
)
from mmseg_fst.ops import Mixed, confident_shares
from mmseg_fst.registry import MODELS

from .batch import Batch, Side
from .method import Method
from .step import Losses, Step


@MODELS.register_module()
class ReCo(Method):
    """A mean teacher with a contrast between the regions of a batch.

    Liu et al., "Bootstrapping Semantic Segmentation with Regional Contrast",
    ICLR 2022::

        image_unlabeled -> teacher -> label, confidence
        image_unlabeled -> mixer ---> photometric -> image_mixed
        image_labeled -> photometric -> student -> loss on label_labeled,
                                                   representation
        image_mixed -----> student -> loss on label_mixed, representation
        both representations -------> contrast

    The loss of a mixed image is weighted by the share of its pixels whose
    pseudo-labels are confident. In the authors' release, confidences are
    rounded down to multiples of 1 / 255 on their way through 8-bit images,
    and the student gets the unlabeled images at another scale than the
    teacher; here both get what the loader gives.

    See :class:`Method` for other arguments.

    Args:
        contrast (dict): Config of a :class:`RegionContrast`. Pseudo-labels
            are confident at its ``strong_threshold``.
        projection (dict, optional): Config of a :class:`PixelProjection`,
            which represents the features that the decode head classifies.
            Defaults to None: the head has ``representation_channels``, as in
            the release.
        **kwargs: Arguments of :class:`Method`; ``pseudo_labeler`` must weight
            by the confidence, as :class:`ConfidenceWeight` does.

    Raises:
        ValueError: If nothing represents pixels.
    """

    unused = ('regularizer', 'warmup_iters')
    single_pass = True

    def __init__(self, contrast: dict, projection: Optional[dict] = None,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.contrast = MODELS.build(contrast)
        self.auxiliary.update(
            build_projection(projection, self.student.decode_head, self))

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        labeled = step.once('labeled_view', lambda: batch.labeled.replaced(
            self.augment(batch.labeled.image), batch.labeled.label))
        confidence = self.pseudo_labels(batch.unlabeled)
        mixed = self.mixed_view(step, batch, confidence)
        share = confident_shares(mixed.weight, mixed.label,
                                 self.contrast.strong_threshold,
                                 self.ignore_index)
        step.learn('joint', lambda: self.contrastive_pass(
            step, labeled, mixed, share))
        step.log(pseudo_label_weight=share.mean())

    def contrastive_pass(self, step: Step, labeled: Side, mixed: Mixed,
                         share: Tensor) -> tuple[Losses, None]:
        """The passes of labeled and mixed images, and their contrast.

        Args:
            step (Step): The training step.
            labeled (Side): Labeled images.
            mixed (Mixed): Mixed images; their weights are confidences.
            share (Tensor): Weights of the mixed images, of shape (N,).

        Returns:
            tuple: Losses ``labeled``, ``mixed`` and ``loss_contrast``, and no
            output.
        """
        outputs = step.once(
            'joint_pass',
            lambda: [self._views(image)
                     for image in (labeled.image, mixed.image)],
            forward=True)
        (on_labels, _), (on_mixed, _) = outputs
        view = cat_views([view for _, view in outputs])
        sure = torch.ones_like(labeled.label, dtype=mixed.weight.dtype)
        contrast = self.contrast(
            view.representation, view.logits,
            torch.cat([labeled.label, mixed.label]),
            torch.cat([sure, mixed.weight]))
        weight = share[:, None, None].expand_as(mixed.label)
        return dict(
            labeled=labeled_losses(self.student, on_labels, labeled.label),
            mixed=pseudo_losses(self.student, on_mixed, mixed.label, weight,
                                self.mixed_auxiliary),
            loss_contrast=contrast), None

    def _views(self, image: Tensor) -> tuple[dict[str, Tensor], PixelView]:
        """Logits (N, C, H, W) of each head, and the view of each pixel."""
        return decoded_logits(self.student, self.features_of(image),
                              image.shape[2:], self._decode)

    def _decode(self, head: BaseDecodeHead,
                features: Sequence[Tensor]) -> tuple[Tensor, PixelView]:
        """Logits of the decode head and its view of each pixel."""
        projection = None
        if 'projection_head' in self.auxiliary:
            projection = self.auxiliary['projection_head']
        return view_pixels(head, features, projection)
