"""Plain vision transformers of timm as backbones."""
from collections.abc import Sequence
from typing import Any, Optional

import timm
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from mmseg_fst.registry import MODELS


@MODELS.register_module()
class TIMMVisionTransformer(BaseModule):
    """A vision transformer of timm, for images of any size.

    MMSegmentation's ``VisionTransformer`` has no layer scale, so it cannot
    load DINOv2. Its ``TIMMBackbone`` requires image sides that are multiples
    of the patch size, and omits the final norm, which DINOv2 applies to every
    returned layer.

    An image whose sides are not multiples of the patch size is resized to the
    nearest multiples (half a patch is rounded up): padding would shift the
    logits, which the segmentor resizes to the size of the image. UniMatch V2
    does the same for evaluation (``evaluate`` in ``supervised.py``), with
    aligned corners.

    Args:
        model_name (str): Name of a plain vision transformer in timm.
        out_indices (Sequence[int]): Layers whose patch tokens are returned,
            counted from 0. Later layers are not built.
        final_norm (bool): Whether to apply the final norm of the transformer
            to each returned layer. Defaults to True.
        drop_path_rate (float): Stochastic depth rate of the last layer, in
            [0, 1). Defaults to 0.
        align_corners (bool): How such an image is resized, as in
            :func:`torch.nn.functional.interpolate`. Use the value of the
            decode head, which resizes the logits back. Defaults to False.
        in_channels (int): Number of channels of the images. Defaults to 3.
        init_cfg (dict, optional): Initialization of the weights. Defaults to
            None.

    Example:
        >>> backbone = TIMMVisionTransformer(
        ...     'vit_small_patch14_dinov2', out_indices=(2, 5, 8, 11))
    """

    def __init__(self,
                 model_name: str,
                 out_indices: Sequence[int],
                 final_norm: bool = True,
                 drop_path_rate: float = 0.,
                 align_corners: bool = False,
                 in_channels: int = 3,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        model: Any = timm.create_model(
            model_name,
            num_classes=0,
            in_chans=in_channels,
            dynamic_img_size=True,
            drop_path_rate=drop_path_rate)
        self.out_indices = model.prune_intermediate_layers(
            list(out_indices), prune_norm=not final_norm)
        self.final_norm = final_norm
        self.align_corners = align_corners
        self.timm_model = model

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute feature maps of the patch tokens.

        Args:
            x (Tensor): Images of shape (N, in_channels, H, W).

        Returns:
            tuple[Tensor]: One map for each of ``out_indices``, of shape
            (N, C, h, w), where h and w are the numbers of patches.
        """
        size = [
            max(1, int(length / patch + 0.5)) * patch for length, patch in zip(
                x.shape[2:], self.timm_model.patch_embed.patch_size)
        ]
        if size != list(x.shape[2:]):
            x = F.interpolate(
                x, size, mode='bilinear', align_corners=self.align_corners)
        return tuple(
            self.timm_model.forward_intermediates(
                x,
                indices=self.out_indices,
                norm=self.final_norm,
                intermediates_only=True))
