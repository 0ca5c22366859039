"""Plain vision transformers of timm as backbones."""
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Optional

import timm
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmseg_fst.ops import patch_centers
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

    With ``mask_token=True`` images may have a last channel that says which
    pixels are visible, as :class:`mmseg_fst.models.TokenMask` adds it. A
    patch whose middle pixel is not visible is replaced, whole, by the mask
    token: before the position embeddings, as in the pretraining of DINOv2.
    Masks are thus aligned with the patches for any size of image, block and
    patch.

    Args:
        model_name (str): Name of a plain vision transformer in timm, such as
            DINOv2 (patches of 14 pixels) or DINOv3 (of 16).
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
        input_scale (float): Images are resized by this factor, then to the
            nearest multiples of the patch size. Defaults to 1.
        mask_token (bool): Whether patches can be masked. Defaults to False.
        init_cfg (dict, optional): Initialization of the weights. Defaults to
            None.

    Raises:
        ValueError: If ``positions`` is unknown, or is ``'dinov2'`` for a
            transformer without position embeddings of one class token and
            a square of patches; if ``input_scale`` is not positive.

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
                 input_scale: float = 1.,
                 mask_token: bool = False,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg)
        if positions not in ('timm', 'dinov2'):
            raise ValueError(f'{type(self).__name__}: positions must be '
                             f"'timm' or 'dinov2', got {positions!r}.")
        if input_scale <= 0:
            raise ValueError(f'{type(self).__name__}: input_scale must be '
                             f'above 0, got {input_scale}.')
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
        self.in_channels = in_channels
        self.input_scale = input_scale
        self.timm_model = model
        # Zeros, as DINOv2 starts its pretraining.
        self.mask_token = nn.Parameter(torch.zeros(
            1, model.embed_dim)) if mask_token else None
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
            x (Tensor): Images of shape (N, in_channels, H, W); with a mask
                token (N, in_channels + 1, H, W) as well, where the last
                channel is 1 for visible pixels and 0 for others.

        Returns:
            tuple[Tensor]: One map for each of ``out_indices``, of shape
            (N, C, h, w), where h and w are the numbers of patches.

        Raises:
            ValueError: If the images have another number of channels.
        """
        x, visible = self._split(x)
        grid = [
            max(1, int(length * self.input_scale / patch + 0.5))
            for length, patch in zip(x.shape[2:], self._patch_size)
        ]
        size = [count * patch for count, patch in zip(grid, self._patch_size)]
        if size != list(x.shape[2:]):
            x = F.interpolate(
                x, size, mode='bilinear', align_corners=self.align_corners)
        with self._masked(visible, grid):
            if self.positions == 'dinov2':
                return self._released(x)
            return tuple(
                self.timm_model.forward_intermediates(
                    x,
                    indices=self.out_indices,
                    norm=self.final_norm,
                    intermediates_only=True))

    def layers_behind(self) -> dict[str, int]:
        """Number of layers between each parameter and the output.

        Used by layer-wise decay of learning rates, see
        :class:`mmseg_fst.engine.FewGroupsConstructor`.

        Returns:
            dict[str, int]: By name of the parameter: 0 for the last layer and
            the final norm, 1 for the layer before it, and so on; the number
            of layers for all embeddings and tokens.
        """
        count = len(self.timm_model.blocks)
        numbers = {}
        for name, _ in self.named_parameters():
            _, part, index, *_ = f'{name}..'.split('.')
            numbers[name] = (
                count - 1 - int(index) if part == 'blocks' else
                0 if part == 'norm' else count)
        return numbers

    @property
    def _patch_size(self) -> tuple[int, int]:
        """Height and width of a patch in pixels."""
        return self.timm_model.patch_embed.patch_size

    def _split(self, x: Tensor) -> tuple[Tensor, Optional[Tensor]]:
        """Images, and which of their pixels are visible, if it is given."""
        channels = x.shape[1]
        if channels == self.in_channels:
            return x, None
        name = type(self).__name__
        if channels != self.in_channels + 1:
            raise ValueError(
                f'{name}: images have {channels} channels, not '
                f'{self.in_channels}; set `backbone.in_channels={channels}`.')
        if self.mask_token is None:
            raise ValueError(
                f'{name}: images have {channels} channels, not '
                f'{self.in_channels}. If the last one is of a TokenMask, set '
                f'`backbone.mask_token=True`.')
        return x[:, :-1], x[:, -1]

    @contextmanager
    def _masked(self, visible: Optional[Tensor],
                grid: Sequence[int]) -> Iterator[None]:
        """Replace the patches that are not visible by the mask token."""
        token = self.mask_token
        if token is None or (visible is None and not self.training):
            yield
            return

        def replace(module: nn.Module, inputs: tuple,
                    patches: Tensor) -> Tensor:
            """Of patches (N, h, w, C)."""
            if visible is None:
                # The token takes part in each pass that is trained: processes
                # wait for the gradient of every parameter.
                return patches + 0 * token.to(patches.dtype)
            shown = patch_centers(visible, grid)[..., None] > 0.5
            return torch.where(shown, patches, token.to(patches.dtype))

        handle = self.timm_model.patch_embed.register_forward_hook(replace)
        try:
            yield
        finally:
            handle.remove()

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
