"""Fusion of the predictions of two scales by attention."""
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from torch import Tensor

from mmseg_fst.ops import Box, average_windows, insert_window, scale_box
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


class Placement(NamedTuple):
    """Where the features of the detail lie in the images.

    Attributes:
        size (tuple[int, int]): Height and width of the images.
        boxes (list[Box]): A box for each window, or the one of the crop.
        is_crop (bool): Whether the detail is a crop of the images, or windows
            that cover them.
    """
    size: tuple[int, int]
    boxes: list[Box]
    is_crop: bool


class ScaledLogits(NamedTuple):
    """What a head of two scales predicts.

    Attributes:
        fused (Tensor): Logits of the images, of shape (N, C, h, w).
        detail (Tensor, optional): Logits of the detail crop alone; None if
            the detail covers the images by windows.
        box (Box, optional): The detail crop, in pixels of the images.
    """
    fused: Tensor
    detail: Optional[Tensor] = None
    box: Optional[Box] = None


@MODELS.register_module()
class ScaleAttentionHead(BaseDecodeHead):
    """One decode head for two scales, and an attention that fuses them.

    HRDA (Hoyer et al., ECCV 2022, section 3.2), the head of a
    :class:`mmseg_fst.models.MultiScaleSegmentor`. With bilinear upsampling R
    and the attention a, a sigmoid for each class that is 0 where there is no
    detail::

        fused = R((1 - a) * head(context)) + R(a) * head(detail)

    Where windows of the detail overlap their logits are averaged. The loss
    of a training step is ``1 - detail_weight`` times the one of ``fused`` and
    ``detail_weight`` times the one of the detail crop alone, see
    :func:`mmseg_fst.models.losses.all_logits`.

    Parameters have the names of HRDA's release.

    Args:
        head (dict): Config of the decode head that both scales share.
        num_classes (int): Number of classes, at least 2.
        attention (dict, optional): Arguments in which the attention, which
            reads the context, differs from ``head``. Defaults to None: none.
        detail_weight (float): Share of the loss of the detail crop, in
            [0, 1]. Defaults to 0.1.
        stride (int): Pixels per position of the logits of ``head``. Defaults
            to 4.
        align_corners (bool): As in :func:`torch.nn.functional.interpolate`.
            Defaults to False.
        **kwargs: Other arguments of ``BaseDecodeHead``, such as
            ``loss_decode``.

    Raises:
        ValueError: If ``detail_weight`` is out of its range, or there are
            less than two classes.
    """

    def __init__(self,
                 head: dict,
                 num_classes: int,
                 attention: Optional[dict] = None,
                 detail_weight: float = 0.1,
                 stride: int = 4,
                 align_corners: bool = False,
                 **kwargs: Any) -> None:
        super().__init__(
            in_channels=1,  # for a layer that is removed below
            channels=1,
            num_classes=num_classes,
            align_corners=align_corners,
            init_cfg=None,
            **kwargs)
        check_range(self, detail_weight=detail_weight)
        if self.out_channels < 2:
            raise ValueError('ScaleAttentionHead needs a channel for each '
                             f'class, got out_channels={self.out_channels}.')
        del self.conv_seg, self.dropout
        common = dict(num_classes=num_classes, align_corners=align_corners)
        self.head = MODELS.build({**head, **common})
        self.scale_attention = MODELS.build(
            {**head, **(attention or {}), **common})
        self.detail_weight = detail_weight
        self.stride = stride
        #: Set by the segmentor with each pass of its encoder.
        self.placement: Optional[Placement] = None

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Fused logits.

        Args:
            inputs (Sequence[Tensor]): Feature maps of the context, finest
                first, then as many of the detail.

        Returns:
            Tensor: Logits of shape (N, num_classes, h, w).
        """
        return self.fuse_scales(inputs).fused

    def fuse_scales(self, inputs: Sequence[Tensor]) -> ScaledLogits:
        """Fused logits, and logits of the detail crop alone.

        Args:
            inputs (Sequence[Tensor]): As of :meth:`forward`.

        Returns:
            ScaledLogits: Logits.

        Raises:
            RuntimeError: If the features are not of the segmentor's last
                pass.
            ValueError: If ``stride`` is not that of ``head``.
        """
        if self.placement is None:
            raise RuntimeError(
                'ScaleAttentionHead reads features of `extract_feat` of a '
                'MultiScaleSegmentor; use it as its decode head.')
        size, boxes, is_crop = self.placement
        half = len(inputs) // 2
        context, detail = inputs[:half], inputs[half:]
        coarse = self.head(context)
        fine = self.head(detail)
        attention = torch.sigmoid(self.scale_attention(context))
        full = [side // self.stride for side in size]
        places = [scale_box(box, 1 / self.stride) for box in boxes]
        self._check_size(fine, places[0])
        if is_crop:
            canvas = insert_window(fine, places[0], full)
            inner = scale_box(boxes[0], coarse.shape[2] / size[0])
            covered = torch.zeros_like(attention)
            covered[:, :, inner.rows, inner.columns] = 1
            attention = attention * covered
        else:
            canvas = average_windows(fine, places, full)
        fused = (self._upsample(attention, full) * canvas
                 + self._upsample((1 - attention) * coarse, full))
        if is_crop:
            return ScaledLogits(fused, fine, boxes[0])
        return ScaledLogits(fused)

    def _upsample(self, maps: Tensor, size: Sequence[int]) -> Tensor:
        """Maps at the size of the detail."""
        return resize(maps, tuple(size), mode='bilinear',
                      align_corners=self.align_corners)

    def _check_size(self, fine: Tensor, box: Box) -> None:
        """Raise if logits of the detail do not fill their box."""
        expected = (box.bottom - box.top, box.right - box.left)
        if tuple(fine.shape[2:]) != expected:
            raise ValueError(
                f'ScaleAttentionHead: {type(self.head).__name__} predicts '
                f'{tuple(fine.shape[2:])} positions of a detail of '
                f'{expected} positions with stride={self.stride}. Set '
                '`decode_head.stride` to the pixels per position of its '
                'logits.')
