"""Masks of square blocks: masked image modeling."""
from collections.abc import Sequence

import torch
from torch import Tensor


def block_grid(size: Sequence[int], block_size: float) -> tuple[int, int]:
    """Number of blocks down and across an image.

    Blocks that do not divide the image are stretched or shrunk until they do,
    as in the release of MIC.

    Args:
        size (Sequence[int]): Height and width of the image.
        block_size (float): Intended side of a block in pixels.

    Returns:
        tuple[int, int]: Rows and columns, at least 1.
    """
    rows, columns = (max(1, round(side / block_size)) for side in size)
    return rows, columns


def block_mask(grid: Tensor, size: Sequence[int]) -> Tensor:
    """Enlarge a grid of blocks to the size of the images.

    Pixel i of n belongs to block ``i * rows // n``, computed in integers, so
    that the mask is the same on every device.

    Args:
        grid (Tensor): One value for each block, of shape (N, rows, columns).
        size (Sequence[int]): Height and width of the images.

    Returns:
        Tensor: The value of each pixel, of shape (N, *size).
    """
    row, column = (
        torch.arange(side, device=grid.device) * count // side
        for side, count in zip(size, grid.shape[1:]))
    return grid[:, row[:, None], column]


def patch_centers(image: Tensor, grid: Sequence[int]) -> Tensor:
    """The middle pixel of each patch of an image.

    Pixel ``(2 i + 1) n // (2 rows)`` of n for patch i, in integers. If a mask
    has been made of blocks by :func:`block_mask` on the same grid, these are
    the values of the blocks: the pixel lies inside of block i as long as
    patches have at least two pixels.

    Args:
        image (Tensor): One value for each pixel, of shape (N, H, W).
        grid (Sequence[int]): Rows and columns of patches.

    Returns:
        Tensor: One value for each patch, of shape (N, rows, columns).
    """
    row, column = (
        (2 * torch.arange(count, device=image.device) + 1) * side
        // (2 * count) for side, count in zip(image.shape[1:], grid))
    return image[:, row[:, None], column]
