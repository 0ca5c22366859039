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
        self.block_size = block_size
        self.ratio = ratio

    def forward(self, image: Tensor) -> Tensor:
        """Mask a batch.

        Args:
            image (Tensor): Normalized images of shape (N, C, H, W).

        Returns:
            Tensor: Images of the same shape.
        """
        size = image.shape[2:]
        # Sampled on the CPU: the same masks on every device.
        grid = torch.rand(len(image), *block_grid(size, self.block_size))
        visible = (grid >= self.ratio).to(image.device, non_blocking=True)
        return image * block_mask(visible, size)[:, None]
