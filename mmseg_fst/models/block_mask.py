"""Masks of images."""
import torch
from torch import Tensor, nn

from mmseg_fst.ops import block_grid, block_mask
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


@MODELS.register_module()
class BlockMask(nn.Module):
    """Set random blocks of each image to zero.

    The images are normalized, so a masked pixel has the mean color. Each
    block of each image is masked independently, as in MIC (Hoyer et al., CVPR
    2023, section 3.2).

    Args:
        block_size (int): Side of a block in pixels. If it does not divide the
            image, blocks are as close to it as those that do. Defaults to 64.
        ratio (float): Probability of a block to be masked, in [0, 1].
            Defaults to 0.7.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> mask = BlockMask(block_size=64, ratio=0.7)
        >>> masked = mask(torch.randn(2, 3, 512, 512))
    """

    def __init__(self, block_size: int = 64, ratio: float = 0.7) -> None:
        super().__init__()
        check_range(self, ratio=ratio)
        if isinstance(block_size, bool) or not (
                isinstance(block_size, int) and block_size > 0):
            raise ValueError('BlockMask: block_size must be a positive '
                             f'integer, got {block_size!r}.')
        self.block_size: float = block_size
        self.ratio = ratio

    def forward(self, image: Tensor) -> Tensor:
        """Mask a batch.

        Args:
            image (Tensor): Normalized images of shape (N, C, H, W).

        Returns:
            Tensor: Images of the same shape.
        """
        return image * self.sample(image)

    def sample(self, image: Tensor) -> Tensor:
        """Sample which pixels are visible.

        Args:
            image (Tensor): Images of shape (N, C, H, W).

        Returns:
            Tensor: True for visible pixels, of shape (N, 1, H, W).
        """
        size = image.shape[2:]
        # Sampled on the CPU: the same masks on every device.
        grid = torch.rand(len(image), *block_grid(size, self.block_size))
        visible = (grid >= self.ratio).to(image.device, non_blocking=True)
        return block_mask(visible, size)[:, None]


@MODELS.register_module()
class TokenMask(BlockMask):
    """Mask the patch tokens of a vision transformer instead of pixels.

    As in VFM-UDA (Englert et al., CVPR Workshops 2024): the transformer
    replaces each masked patch by its mask token, as in its pretraining, so
    that no patch is masked in part and no pixel of a masked patch is seen.
    The images themselves are not changed; they get one more channel, which
    :class:`TIMMVisionTransformer` with ``mask_token=True`` reads at the
    middle of each patch.

    Args:
        block_size (float): Side of a block in pixels. The patch size masks
            each patch independently; where the encoder resizes its images,
            the patch size divided by the same factor, for example 1024 / 80
            if 1024 pixels become 80 patches. Larger blocks mask neighboring
            patches together. Defaults to 14.
        ratio (float): Probability of a block to be masked, in [0, 1].
            Defaults to 0.7.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> mask = TokenMask(block_size=14)
        >>> image = mask(torch.randn(2, 3, 518, 518))  # (2, 4, 518, 518)
    """

    def __init__(self, block_size: float = 14, ratio: float = 0.7) -> None:
        if not block_size >= 1:
            raise ValueError('TokenMask: block_size must be at least 1 pixel, '
                             f'got {block_size!r}.')
        super().__init__(ratio=ratio)
        self.block_size = block_size

    def forward(self, image: Tensor) -> Tensor:
        """Mask a batch.

        Args:
            image (Tensor): Normalized images of shape (N, C, H, W).

        Returns:
            Tensor: The images, and 1 for visible and 0 for masked pixels, of
            shape (N, C + 1, H, W).
        """
        return torch.cat([image, self.sample(image).to(image.dtype)], 1)
