"""DCT coefficients of JPEG as the input of a network.

Diverse Co-training (Li et al., ICCV 2023) feeds one student the coefficients
of a JPEG file of the upscaled image: Y at twice the size, and Cb and Cr, which
JPEG subsamples by 2, at four times the size. All three share one grid of 8x8
blocks with a stride of 4 image pixels, which replaces the stem of a ResNet.

No file is written here. Every step repeats the integer arithmetic of the
original implementation (OpenCV's ``resize``, then the encoder of libjpeg-turbo
at quality 100 with 4:2:0 subsampling), so that the coefficients are bitwise
equal, on every device. A floating-point DCT differs by 1 in 5 % of them.
"""
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

# Number of low frequencies that are used of each row of a block. A row is a
# vertical frequency: Y uses the coefficients 0-6, 8-14, 16-21, ... of 64.
_ROW_LENGTHS_Y = (7, 7, 6, 6, 6, 6, 6)
_ROW_LENGTHS_C = (3, 3, 2, 2)

# Weights of R, G and B in units of 1/65536, rounded as in JFIF and libjpeg,
# and the offset before the division: 0.5 for Y, 128 plus almost 0.5 for Cb and
# Cr.
_LUMA = ((19595, 38470, 7471), 1 << 15)
_CHROMA_OFFSET = (128 << 16) + (1 << 15) - 1
_CHROMA = (((-11059, -21709, 32768), _CHROMA_OFFSET),
           ((32768, -27439, -5329), _CHROMA_OFFSET))

# Basis of libjpeg's accurate one-dimensional DCT ("islow"), in units of 1/8192
# and times the square root of 8: the left half of each row. The right half
# mirrors it, with inverted sign in odd rows. Some entries differ by one from
# the nearest integer, because libjpeg sums rounded constants.
_HALF_BASIS = ((8192, 8192, 8192, 8192), (11363, 9633, 6437, 2260),
               (10703, 4433, -4433, -10703), (9633, -2259, -11362, -6436),
               (8192, -8192, -8192, 8192), (6437, -11362, 2261, 9633),
               (4433, -10704, 10704, -4433), (2260, -6436, 9633, -11363))
_BASIS = [[*half, *(sign * value for value in reversed(half))]
          for half, sign in zip(_HALF_BASIS, (1, -1) * 4)]


def _with_border(image: Tensor, dim: int) -> Tensor:
    """Replicate the outermost values once on each side along ``dim``."""
    length = image.shape[dim]
    return torch.cat([
        image.narrow(dim, 0, 1), image,
        image.narrow(dim, length - 1, 1)
    ], dim)


def _quarters(image: Tensor) -> Iterator[Tensor]:
    """Compute the four pixels of each pixel in the upscaled image.

    Args:
        image (Tensor): Images of shape (N, C, H, W), uint8.

    Yields:
        Tensor: Top left, bottom left, top right, bottom right, each of shape
        (N, C, H, W), int16, in [0, 255].
    """
    height, width = image.shape[-2:]
    columns = _with_border(image.short(), -1)
    triple = 3 * columns[..., 1:-1]
    for column in (0, 2):
        row = triple + columns[..., column:column + width]
        # OpenCV rounds the share of each row down, and the sum to nearest.
        center = (3 * row).bitwise_right_shift_(2).add_(2)
        neighbors = _with_border(row.bitwise_right_shift_(2), -2)
        for line in (0, 2):
            yield (center + neighbors[..., line:line + height, :]
                   ).bitwise_right_shift_(2)


def upscale(image: Tensor) -> Tensor:
    """Upscale by 2, bitwise equal to ``cv2.resize`` with ``INTER_LINEAR``.

    Args:
        image (Tensor): Images of shape (N, C, H, W), uint8.

    Returns:
        Tensor: Images of shape (N, C, 2H, 2W), uint8.
    """
    count, channels, height, width = image.shape
    large = image.new_empty(count, channels, 2 * height, 2 * width)
    for index, quarter in enumerate(_quarters(image)):
        large[..., index % 2::2, index // 2::2] = quarter
    return large


def _mean_color(image: Tensor, weights: Sequence[int], offset: int) -> Tensor:
    """Linear map of RGB to one plane in [0, 255], rounded down.

    Args:
        image (Tensor): Images of shape (N, 3, H, W), int32, in [0, 255].
        weights (Sequence[int]): Weights of R, G and B, in units of 1/65536.
        offset (int): Added to the sum, in units of 1/65536.

    Returns:
        Tensor: Planes of shape (N, H, W), int32.
    """
    red, green, blue = image.unbind(1)
    plane = (red * weights[0]).add_(offset)
    plane.add_(green, alpha=weights[1]).add_(blue, alpha=weights[2])
    return plane.bitwise_right_shift_(16)


def _chroma(image: Tensor) -> Tensor:
    """Cb and Cr of the upscaled image, subsampled by libjpeg.

    Each value is the mean of four pixels, with alternating rounding bias. As
    in libjpeg, the last block on the right is padded before subsampling, with
    the last pixels.

    Args:
        image (Tensor): Images of shape (N, 3, H, W), uint8.

    Returns:
        Tensor: Planes of shape (N, 2, H, W'), int32; W' is W rounded up to a
        multiple of 8.
    """
    count, _, height, width = image.shape
    shape = (2, count, len(_CHROMA), height, width)
    left, right = sides = image.new_zeros(shape, dtype=torch.int32)
    for index, quarter in enumerate(_quarters(image)):
        quarter = quarter.int()
        for channel, weights in enumerate(_CHROMA):
            sides[index // 2, :, channel] += _mean_color(quarter, *weights)
    missing = -width % 8
    border = 2 * right[..., -1:].expand(-1, -1, -1, missing)
    total = torch.cat([left + right, border], -1)
    column = torch.arange(total.shape[-1], device=image.device)
    # libjpeg's rounding bias alternates between 1 and 2 from column to column.
    return (total + (column % 2 + 1).int()).bitwise_right_shift_(2)


def _fill_blocks(planes: Tensor) -> Tensor:
    """Repeat the last row and column up to a multiple of 8."""
    for dim in (-2, -1):
        last = planes.narrow(dim, -1, 1)
        missing = -planes.shape[dim] % 8
        planes = torch.cat([planes, last.repeat_interleave(missing, dim)], dim)
    return planes


def _block_dct(planes: Tensor, row_lengths: Sequence[int]) -> Tensor:
    """Low frequencies of the 8 x 8 blocks, rounded as in JPEG.

    Computed in float64, which represents all these integers exactly: float32
    is too short for the second pass, autocast and TF32 do not change float64,
    and GPUs have no integer matrix product.

    Args:
        planes (Tensor): Planes of shape (N, H, W), int32, in [0, 255].
        row_lengths (Sequence[int]): Number of frequencies used of each row.

    Returns:
        Tensor: Integers of shape (sum(row_lengths), N, H / 8, W / 8), float64,
        in [-1024, 1023]; the horizontal frequency changes fastest.
    """
    planes = _fill_blocks(planes) - 128
    count, height, width = planes.shape
    blocks = planes.view(count, height // 8, 8, width // 8, 8)
    blocks = blocks.permute(4, 2, 0, 1, 3).double().reshape(8, -1)
    basis = blocks.new_tensor(_BASIS)
    # Rows, then columns; libjpeg rounds in between.
    width_used = max(row_lengths)
    rows = (basis[:width_used] @ blocks).add_(1 << 10).mul_(2**-11).floor_()
    both = basis[:len(row_lengths)] @ rows.view(width_used, 8, -1)
    both = both.add_(1 << 14).mul_(2**-15).floor_()
    # The scale is still 8; halves are rounded away from zero.
    both = (both + 4 - (both < 0).double()).mul_(1 / 8).floor_()
    frequencies = [(horizontal, vertical)
                   for vertical, length in enumerate(row_lengths)
                   for horizontal in range(length)]
    horizontal, vertical = zip(*frequencies)
    return both[list(horizontal), list(vertical)].view(
        -1, count, height // 8, width // 8)


def _coefficients(image: Tensor) -> Tensor:
    """See :func:`dct_coefficients`."""
    image = upscale(image)
    luma = _mean_color(image.int(), *_LUMA)
    channels = [_block_dct(luma, _ROW_LENGTHS_Y)]
    channels += [_block_dct(plane, _ROW_LENGTHS_C)
                 for plane in _chroma(image).unbind(1)]
    return torch.cat(channels).transpose(0, 1).float().contiguous()


def dct_grid(height: int, width: int) -> tuple[int, int]:
    """Size of the coefficient map of an image.

    Args:
        height (int): Height of the image.
        width (int): Width of the image.

    Returns:
        tuple[int, int]: Height and width of the map, a quarter of the image
        size, rounded up.
    """
    return -(-height // 4), -(-width // 4)


def dct_coefficients(image: Tensor) -> Tensor:
    """Coefficients of the JPEG files of upscaled images, in 64 channels.

    There are 44 channels of Y, 10 of Cb and 10 of Cr, each ordered by rows of
    increasing frequency, beginning with the constant one. DCTNet (Xu et al.,
    "Learning in the Frequency Domain", CVPR 2020) and Diverse Co-training
    select these 64 of 192 channels.

    Args:
        image (Tensor): RGB images of shape (N, 3, H, W), uint8.

    Returns:
        Tensor: Integers of shape (N, 64, ceil(H / 4), ceil(W / 4)), float32,
        in [-1024, 1023].

    Raises:
        TypeError: If the images are not uint8.
        ValueError: If they have another shape.

    Example:
        >>> dct_coefficients(torch.zeros(2, 3, 64, 128).byte()).shape
        torch.Size([2, 64, 16, 32])
    """
    if image.dtype != torch.uint8:
        raise TypeError(
            f'image must be uint8, as in a JPEG file, got {image.dtype}: undo '
            'the normalization, multiply by 255, round, clamp, and call '
            '.byte().')
    if image.ndim != 4 or image.shape[1] != 3 or not image.numel():
        raise ValueError('image must have shape (N, 3, H, W), got '
                         f'{tuple(image.shape)}.')
    # Intermediate results take 100 times the memory of the images: on a CPU
    # they should fit into the cache, on a GPU leave memory for the networks.
    parts = image.split(1 if image.device.type == 'cpu' else 4)
    return torch.cat([_coefficients(part) for part in parts])


def dct_input(image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Normalized coefficients, the input of a DCT network.

    Args:
        image (Tensor): RGB images of shape (N, 3, H, W), uint8.
        mean (Tensor): Mean of each channel, of shape (64, 1, 1).
        std (Tensor): Standard deviation of each channel, of shape (64, 1, 1).
            Use the statistics that the weights of the network were trained
            with, see ``configs/_base_/dct_statistics``.

    Returns:
        Tensor: Maps of shape (N, 64, ceil(H / 4), ceil(W / 4)), float32.

    Raises:
        TypeError: If the images are not uint8.
        ValueError: If images or statistics have another shape.
    """
    for name, values in (('mean', mean), ('std', std)):
        if tuple(values.shape) != (64, 1, 1):
            raise ValueError(f'{name} must have shape (64, 1, 1), got '
                             f'{tuple(values.shape)}.')
    return (dct_coefficients(image) - mean) / std
