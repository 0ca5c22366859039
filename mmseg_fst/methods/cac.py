"""CAC: two crops of an image say the same of what both show."""
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from mmseg_fst.models.projection import (
    PixelView,
    build_projection,
    classified_features,
)
from mmseg_fst.ops import overlap_index
from mmseg_fst.registry import MODELS

from .batch import Batch, Side
from .method import Method
from .step import Losses, Step


@MODELS.register_module()
class CAC(Method):
    """Consistency of two overlapping crops, in the direction of the surer one.

    Lai et al., "Semi-supervised Semantic Segmentation with Directional
    Context-aware Consistency", CVPR 2021::

        image_labeled -> student -> loss on label_labeled
        two crops of image_unlabeled -> photometric -> student
            -> features, averaged -> logits: pseudo-label, confidence
                                  -> projection: representation
        what both crops show -> contrast

    There is no teacher, so FST does not apply. Unlabeled images come from
    :class:`mmseg_fst.datasets.OverlappingCrops`; the first crops
    and the second crops go through the student in separate passes, as in the
    release. Features
    are the inputs of the classifier of the decode head.

    See :class:`Method` for other arguments.

    Args:
        projection (dict): Config of a :class:`PixelProjection`.
        contrast (dict): Config of a :class:`DirectionalContrast`; the number
            of channels is set from the projection.
        pooling (int): Features are averaged over squares of this side.
            Defaults to 2.
        stride (int): Pixels of a position after that; the crops must be
            shifted by multiples of it. Defaults to 8.
        **kwargs: Arguments of :class:`Method`; ``warmup_iters`` are the first
            iterations, with labels alone.

    Raises:
        ValueError: If the decode head has no classifier; in the first step,
            if the crops have no places, or ``stride`` does not fit them.
    """

    with_teacher = False
    parts = ('labeled', )
    required = ()
    unused = ('regularizer', )
    single_pass = True
    # Unlabeled images hold two crops, so they have another size.
    sides = ('labeled', )

    def __init__(self, projection: dict, contrast: dict, pooling: int = 2,
                 stride: int = 8, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.auxiliary.update(
            build_projection(projection, self.student.decode_head, self))
        self.contrast = MODELS.build(dict(
            contrast, channels=self.projection.channels))
        self.pooling = pooling
        self.stride = stride

    @property
    def projection(self) -> Any:
        """The network that represents features."""
        return self.auxiliary['projection_head']

    def train_on(self, step: Step, batch: Batch) -> None:
        """Make one training step, see :class:`Method`.

        Args:
            step (Step): Takes the passes of the student and their losses.
            batch (Batch): The sides of the batch.
        """
        crops = step.once('crops', lambda: self.augment(
            torch.cat(batch.unlabeled.image.chunk(2, dim=2))))
        step.learn('joint', lambda: self._joint_pass(
            batch.labeled, crops, batch.unlabeled))

    def _joint_pass(self, labeled: Side, crops: Tensor,
                    unlabeled: Side) -> tuple[Losses, None]:
        """The passes of labeled images and of both crops, (2 N, C, H, W)."""
        losses, _ = self.supervised(labeled)
        first, second = (self._view(part) for part in crops.chunk(2))
        overlap = self._overlap(unlabeled, first.logits.shape[2:])
        contrast = self.contrast(first, second, overlap)
        return dict(loss_contrast=contrast, **losses), None

    def _view(self, image: Tensor) -> PixelView:
        """Logits and representations of averaged features, (N, ., h, w)."""
        head = self.student.decode_head
        features = F.avg_pool2d(
            classified_features(
                head, self.student.extract_feat(image)).representation,
            self.pooling)
        return PixelView(head.cls_seg(features), self.projection(features))

    def _overlap(self, side: Side, size: torch.Size) -> tuple[Tensor, Tensor]:
        """Positions (P,) of what both crops show, in each of them."""
        height, width = side.image.shape[2:]
        if (height, width) != (2 * size[0] * self.stride,
                               size[1] * self.stride):
            raise ValueError(
                f'CAC: features of crops of {height // 2} x {width} pixels '
                f'have {size[0]} x {size[1]} positions, which does not fit '
                f'stride={self.stride} and pooling={self.pooling}.')
        try:
            places = [(sample.metainfo['overlaps'], sample.metainfo['flips'])
                      for sample in side.samples]
        except KeyError as error:
            raise ValueError(
                f'CAC: unlabeled images have no {error}; give their pipeline '
                "dict(type='OverlappingCrops', ...) and PackByteInputs "
                "meta_keys=('overlaps', 'flips').") from None
        first, second = (
            overlap_index([boxes[crop] for boxes, _ in places],
                          [flips[crop] for _, flips in places], size,
                          self.stride) for crop in (0, 1))
        device = side.image.device
        return (first.to(device, non_blocking=True),
                second.to(device, non_blocking=True))
