"""Segmentors that read an image at two scales."""
from collections.abc import Sequence
from typing import Any, Optional

import torch
import torch.nn.functional as F
from mmseg.models.segmentors import EncoderDecoder
from mmseg.models.utils import resize
from mmseg.utils import SampleList
from torch import Tensor

from mmseg_fst.ops import Box
from mmseg_fst.registry import MODELS

from .decode_heads.scale_attention_head import Placement, ScaleAttentionHead


@MODELS.register_module()
class MultiScaleSegmentor(EncoderDecoder):
    """Context at a low resolution, detail at the full one.

    HRDA (Hoyer et al., "HRDA: Context-Aware High-Resolution
    Domain-Adaptive Semantic Segmentation", ECCV 2022). Encoder and decode
    head are shared by both scales; the head, a :class:`ScaleAttentionHead`,
    fuses them::

        image -> resize --------------> encoder -> context -+
        image -> crop (training) -----> encoder -> detail --+-> decode_head
              -> windows (otherwise) -> encoder -> detail --+

    A student in training mode reads the detail of one box, sampled anew for
    each batch; teachers and predictions read all of it, in windows that
    overlap by half. Features of both scales are one list, so methods may
    perturb them as any other features; auxiliary heads read the context.

    Args:
        detail_size (tuple[int, int]): Height and width of a detail crop, and
            of a window. The side of an image, if that is smaller.
        context_scale (float): Size of the context, in (0, 1). Defaults to
            0.5.
        **kwargs: Arguments of ``EncoderDecoder``.

    Raises:
        TypeError: If the decode head does not fuse scales.
        ValueError: If a size does not fit the stride of the decode head.

    Example:
        >>> segmentor = dict(
        ...     type='MultiScaleSegmentor', detail_size=(512, 512),
        ...     backbone=..., decode_head=dict(type='ScaleAttentionHead', ...))
    """

    decode_head: ScaleAttentionHead

    def __init__(self,
                 detail_size: tuple[int, int],
                 context_scale: float = 0.5,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(self.decode_head, ScaleAttentionHead):
            raise TypeError(
                'MultiScaleSegmentor needs a ScaleAttentionHead, got '
                f'{type(self.decode_head).__name__}; give it as `head` of '
                "decode_head=dict(type='ScaleAttentionHead', ...).")
        if not 0 < context_scale < 1:
            raise ValueError('MultiScaleSegmentor: context_scale must be in '
                             f'(0, 1), got {context_scale}.')
        self.context_scale = context_scale
        self.alignment = self._alignment()
        self.detail_size = (int(detail_size[0]), int(detail_size[1]))
        self._check_aligned('detail_size', self.detail_size)
        # Windows start at multiples of half of it.
        self._check_aligned(
            'half of detail_size', [side / 2 for side in self.detail_size])

    def _alignment(self) -> int:
        """Pixels per position of the context's logits."""
        pixels = self.decode_head.stride / self.context_scale
        if pixels != int(pixels):
            raise ValueError(
                f'MultiScaleSegmentor: context_scale={self.context_scale} '
                'must divide the stride of the decode head, '
                f'{self.decode_head.stride}, without a remainder.')
        return int(pixels)

    def _check_aligned(self, name: str, size: Sequence[float]) -> None:
        """Raise on a size whose logits of both scales do not coincide."""
        if any(side % self.alignment for side in size):
            raise ValueError(
                f'MultiScaleSegmentor: {name} must be multiples of '
                f'{self.alignment}, the stride of the decode head over '
                f'context_scale, got {tuple(size)}.')

    # Views of an image.

    def context_of(self, image: Tensor) -> Tensor:
        """Images at the scale of the context.

        Args:
            image (Tensor): Images of shape (N, C, H, W).

        Returns:
            Tensor: Images of shape (N, C, context_scale * H,
            context_scale * W).
        """
        return resize(
            image, scale_factor=self.context_scale, mode='bilinear',
            align_corners=self.align_corners)

    def sample_box(self, size: Sequence[int]) -> Box:
        """Sample the detail crop of a batch.

        As in the release it begins at a multiple of the alignment, and never
        at the last one if the margin is a multiple of it.

        Args:
            size (Sequence[int]): Height and width of the images.

        Returns:
            Box: The crop, in pixels.
        """
        starts, lengths = [], []
        for side, crop in zip(size, self.detail_size):
            count = max(1, (max(side - crop, 0) + 1) // self.alignment)
            start = int(torch.randint(count, (), device='cpu'))
            starts.append(self.alignment * start)
            lengths.append(min(side, crop))
        top, left = starts
        return Box(top, top + lengths[0], left, left + lengths[1])

    def windows(self, size: Sequence[int]) -> list[Box]:
        """Windows that cover an image; neighbors overlap by half at least.

        Args:
            size (Sequence[int]): Height and width of the image.

        Returns:
            list[Box]: Row by row, in pixels.
        """
        spans = []
        for side, length in zip(size, self.detail_size):
            last = max(side - length, 0)
            starts = [*range(0, last, length // 2), last]
            spans.append([(start, min(start + length, side))
                          for start in starts])
        return [Box(*rows, *columns)
                for rows in spans[0] for columns in spans[1]]

    # Passes.

    def encode(self, inputs: Tensor, crop: bool
               ) -> tuple[list[Tensor], list[Tensor]]:
        """Features of both scales.

        Args:
            inputs (Tensor): Images of shape (N, C, H, W).
            crop (bool): Whether the detail is one crop, else windows.

        Returns:
            tuple: Feature maps of the backbone for the context, and feature
            maps for context and detail, after the neck if there is one. The
            batch size of a detail is N, or N times the number of windows.

        Raises:
            ValueError: If the sides of the images are no multiples of the
                alignment.
        """
        size = (inputs.shape[2], inputs.shape[3])
        self._check_aligned('sides of images', size)
        stages, context = self._encode(self.context_of(inputs))
        boxes = [self.sample_box(size)] if crop else self.windows(size)
        _, detail = self._encode(torch.cat(
            [inputs[:, :, box.rows, box.columns] for box in boxes]))
        self.decode_head.placement = Placement(size, boxes, crop)
        return stages, [*context, *detail]

    def _encode(self, image: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Feature maps of the backbone, and of the neck."""
        stages = list(self.backbone(image))
        return stages, list(self.neck(stages)) if self.with_neck else stages

    def extract_feat(self, inputs: Tensor) -> list[Tensor]:
        """Features of both scales; in training mode of one detail crop.

        Args:
            inputs (Tensor): Images of shape (N, C, H, W).

        Returns:
            list[Tensor]: See :meth:`encode`.
        """
        return self.encode(inputs, crop=self.training)[1]

    def encode_decode(self, inputs: Tensor,
                      batch_img_metas: list[dict]) -> Tensor:
        """Logits at the size of the images, by windows of the detail.

        Images of other sizes are padded to a multiple of the alignment by
        their last pixels.

        Args:
            inputs (Tensor): Images of shape (N, C, H, W).
            batch_img_metas (list[dict]): Not used.

        Returns:
            Tensor: Logits of shape (N, num_classes, H, W).
        """
        height, width = inputs.shape[2:]
        padding = (0, -width % self.alignment, 0, -height % self.alignment)
        if any(padding):
            inputs = F.pad(inputs, padding, mode='replicate')
        logits = self.decode_head(self.encode(inputs, crop=False)[1])
        logits = resize(logits, inputs.shape[2:], mode='bilinear',
                        align_corners=self.align_corners)
        return logits[:, :, :height, :width]

    def _forward(self,
                 inputs: Tensor,
                 data_samples: Optional[SampleList] = None) -> Tensor:
        """Logits of :meth:`encode_decode`."""
        return self.encode_decode(inputs, [])


def encode_stages(network: EncoderDecoder,
                  image: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Features of a network, with the maps of its backbone.

    Args:
        network (EncoderDecoder): A segmentor of MMSegmentation.
        image (Tensor): Images of shape (N, C, H, W).

    Returns:
        tuple: Feature maps of the backbone, for the context if there are two
        scales, and what the decode head reads.
    """
    if isinstance(network, MultiScaleSegmentor):
        return network.encode(image, crop=network.training)
    stages = list(network.backbone(image))
    return stages, list(network.neck(stages)) if network.with_neck else stages


def context_of(network: EncoderDecoder, image: Tensor) -> Tensor:
    """The images that the maps of :func:`encode_stages` are of.

    Args:
        network (EncoderDecoder): A segmentor of MMSegmentation.
        image (Tensor): Images of shape (N, C, H, W).

    Returns:
        Tensor: The images, at the scale of the context if there are two.
    """
    if isinstance(network, MultiScaleSegmentor):
        return network.context_of(image)
    return image
