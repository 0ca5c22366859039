"""Plain vision transformers of timm as backbones."""
from collections.abc import Sequence
from typing import Any, Literal, Optional

import timm
import torch
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
        positions (str): How position embeddings are resized to the patches of
            an image, bicubically. ``'timm'``: to their number, smoothed where
            they become fewer. ``'dinov2'``: by the factor (n + 0.1) / m from
            m to n patches, not smoothed, in single precision, as in the
            releases of DINOv2 and UniMatch V2. Defaults to ``'timm'``.
        init_cfg (dict, optional): Initialization of the weights. Defaults to
            None.

    Raises:
        ValueError: If ``positions`` is unknown, or is ``'dinov2'`` for a
            transformer without position embeddings of one class token and
            a square of patches.

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
                 positions: Literal['timm', 'dinov2'] = 'timm',
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if positions not in ('timm', 'dinov2'):
            raise ValueError(f'{type(self).__name__}: positions must be '
                             f"'timm' or 'dinov2', got {positions!r}.")
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
        self.positions = positions
        self.timm_model = model
        grid = model.patch_embed.grid_size
        if positions == 'dinov2' and (
                grid[0] != grid[1] or model.num_prefix_tokens != 1
                or model.pos_embed.shape[1] != 1 + grid[0] * grid[1]):
            raise ValueError(
                f"{type(self).__name__}: positions='dinov2' needs one class "
                'token and a square of patches with position embeddings, '
                f'which {model_name} does not have; take the key out.')

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
        if self.positions == 'dinov2':
            return self._released(x)
        return tuple(
            self.timm_model.forward_intermediates(
                x,
                indices=self.out_indices,
                norm=self.final_norm,
                intermediates_only=True))

    def _released(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature maps with the position embeddings of the release."""
        model = self.timm_model
        patches = model.patch_embed(x)  # (N, h, w, C)
        count, height, width, _ = patches.shape
        tokens = torch.cat([model.cls_token.expand(count, -1, -1),
                            patches.flatten(1, 2)], 1)
        tokens = tokens + resize_positions(model.pos_embed, (height, width))
        maps = []
        for index, block in enumerate(model.blocks):
            tokens = block(tokens)
            if index in self.out_indices:
                taken = model.norm(tokens) if self.final_norm else tokens
                taken = taken[:, 1:].transpose(1, 2)
                maps.append(taken.unflatten(2, (height, width)).contiguous())
        return tuple(maps)


def resize_positions(embedding: Tensor, size: Sequence[int]) -> Tensor:
    """Position embeddings of another number of patches, as in DINOv2.

    Args:
        embedding (Tensor): Of the class token, then of a square of m x m
            patches, of shape (1, 1 + m * m, C).
        size (Sequence[int]): Rows and columns of patches, h and w.

    Returns:
        Tensor: Of shape (1, 1 + h * w, C); ``embedding`` itself for m x m.
    """
    side = int((embedding.shape[1] - 1)**0.5)
    if tuple(size) == (side, side):
        return embedding
    # The release resizes in single precision, whatever the network computes
    # in.
    first, rest = embedding.float().split([1, side**2], 1)
    square = rest.transpose(1, 2).unflatten(2, (side, side))
    # The offset keeps rounding from losing a patch, and moves the others.
    resized = F.interpolate(
        square, scale_factor=[(length + 0.1) / side for length in size],
        mode='bicubic')
    return torch.cat([first, resized.flatten(2).transpose(1, 2)], 1).to(
        embedding.dtype)
