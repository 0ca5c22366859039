"""The input of networks that read images as JPEG stores them.

Diverse Co-training (Li et al., ICCV 2023) feeds one student the coefficients
that a JPEG file of the upscaled image would hold: Y of twice the size, Cb and
Cr, which JPEG halves, of four times. All three lie on one grid of 8x8 blocks,
4 pixels of the image apart, which takes the place of the stem of a ResNet.

No file is written here. Every step is the integer arithmetic of what computes
the coefficients there, OpenCV's ``resize`` and libjpeg-turbo's encoder at
quality 100 with 4:2:0, so that they are equal to the last bit; and integers
are the same on every device. A floating-point DCT would differ by 1 in a
twentieth of them.
"""
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

# How many frequencies are kept: in each row, the first, low ones. A row is a
# vertical frequency, so Y keeps the coefficients 0-6, 8-14, 16-21, ... of 64.
_KEPT_Y = (7, 7, 6, 6, 6, 6, 6)
_KEPT_C = (3, 3, 2, 2)

# Weights of R, G and B in 1/65536, as JFIF and libjpeg round them, and what is
# added before the division: a half for Y; 128 and a bit less than a half.
_LUMA = ((19595, 38470, 7471), 1 << 15)
_CHROMA_OFFSET = (128 << 16) + (1 << 15) - 1
_CHROMA = (((-11059, -21709, 32768), _CHROMA_OFFSET),
           ((32768, -27439, -5329), _CHROMA_OFFSET))

# libjpeg's accurate DCT ("islow") of one dimension, in 1/8192 and times the
# root of 8: the left half of each row; the right one mirrors it, with the sign
# changed in odd rows. Some entries are one off the nearest integer, since
# libjpeg makes them as sums of rounded constants.
_HALF_BASIS = ((8192, 8192, 8192, 8192), (11363, 9633, 6437, 2260),
               (10703, 4433, -4433, -10703), (9633, -2259, -11362, -6436),
               (8192, -8192, -8192, 8192), (6437, -11362, 2261, 9633),
               (4433, -10704, 10704, -4433), (2260, -6436, 9633, -11363))
_BASIS = [[*half, *(sign * value for value in reversed(half))]
          for half, sign in zip(_HALF_BASIS, (1, -1) * 4)]


def _with_border(image: Tensor, dim: int) -> Tensor:
    """One value more on each side along ``dim``, the outermost again."""
    length = image.shape[dim]
    return torch.cat([
        image.narrow(dim, 0, 1), image,
        image.narrow(dim, length - 1, 1)
    ], dim)


def _quarters(image: Tensor) -> Iterator[Tensor]:
    """The four pixels that stand for each in the image of twice the size.

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
        # OpenCV rounds down what each of two rows brings, then to nearest.
        own = (3 * row).bitwise_right_shift_(2).add_(2)
        others = _with_border(row.bitwise_right_shift_(2), -2)
        for line in (0, 2):
            yield (own + others[..., line:line + height, :]
                   ).bitwise_right_shift_(2)


def upscale(image: Tensor) -> Tensor:
    """Twice the size, as ``cv2.resize`` with ``INTER_LINEAR`` computes it.

    Args:
        image (Tensor): Images of shape (N, C, H, W), uint8.

    Returns:
        Tensor: Images of shape (N, C, 2H, 2W), uint8.
    """
    count, channels, height, width = image.shape
    large = image.new_empty(count, channels, 2 * height, 2 * width)
    for place, quarter in enumerate(_quarters(image)):
        large[..., place % 2::2, place // 2::2] = quarter
    return large


def _mean_color(image: Tensor, weights: Sequence[int], offset: int) -> Tensor:
    """A linear map of colors to [0, 255], in 1/65536 and rounded down.

    Args:
        image (Tensor): Images of shape (N, 3, H, W), int32, in [0, 255].
        weights (Sequence[int]): Of red, green and blue.
        offset (int): What is added.

    Returns:
        Tensor: Planes of shape (N, H, W), int32.
    """
    red, green, blue = image.unbind(1)
    plane = (red * weights[0]).add_(offset)
    plane.add_(green, alpha=weights[1]).add_(blue, alpha=weights[2])
    return plane.bitwise_right_shift_(16)


def _chroma(image: Tensor) -> Tensor:
    """Cb and Cr of the image of twice the size, halved again by libjpeg.

    Each value is the mean of four pixels, rounded up and down in turns. What
    fills the last block on the right is made of the last pixels before they
    are halved, as libjpeg does it.

    Args:
        image (Tensor): Images of shape (N, 3, H, W), uint8.

    Returns:
        Tensor: Planes of shape (N, 2, H, W'), int32, W' the next multiple of
        8.
    """
    count, _, height, width = image.shape
    shape = (2, count, len(_CHROMA), height, width)
    left, right = sides = image.new_zeros(shape, dtype=torch.int32)
    for place, quarter in enumerate(_quarters(image)):
        quarter = quarter.int()
        for index, weights in enumerate(_CHROMA):
            sides[place // 2, :, index] += _mean_color(quarter, *weights)
    missing = -width % 8
    border = 2 * right[..., -1:].expand(-1, -1, -1, missing)
    total = torch.cat([left + right, border], -1)
    places = torch.arange(total.shape[-1], device=image.device)
    return (total + (places % 2 + 1).int()).bitwise_right_shift_(2)


def _fill_blocks(planes: Tensor) -> Tensor:
    """Repeat the last row and column until there are whole blocks of 8 x 8."""
    for dim in (-2, -1):
        last = planes.narrow(dim, -1, 1)
        missing = -planes.shape[dim] % 8
        planes = torch.cat([planes, last.repeat_interleave(missing, dim)], dim)
    return planes


def _block_dct(planes: Tensor, kept: Sequence[int]) -> Tensor:
    """Low frequencies of the blocks of 8 x 8, as JPEG rounds them.

    In float64, which holds all these integers exactly: float32 is too short
    for the second pass, autocast and TF32 leave float64 alone, and there is
    no product of integer matrices on a GPU.

    Args:
        planes (Tensor): Planes of shape (N, H, W), int32, in [0, 255].
        kept (Sequence[int]): How many frequencies of each row are kept.

    Returns:
        Tensor: Integers of shape (sum(kept), N, H / 8, W / 8), float64, in
        [-1024, 1023], the horizontal frequency changing fastest.
    """
    planes = _fill_blocks(planes) - 128
    count, height, width = planes.shape
    blocks = planes.view(count, height // 8, 8, width // 8, 8)
    blocks = blocks.permute(4, 2, 0, 1, 3).double().reshape(8, -1)
    basis = blocks.new_tensor(_BASIS)
    # Rows, then columns; libjpeg rounds in between.
    rows = (basis[:max(kept)] @ blocks).add_(1 << 10).mul_(2**-11).floor_()
    both = basis[:len(kept)] @ rows.view(max(kept), 8, -1)
    both = both.add_(1 << 14).mul_(2**-15).floor_()
    # 8 times too large by now; halves are rounded away from zero.
    both = (both + 4 - (both < 0).double()).mul_(1 / 8).floor_()
    places = [(horizontal, vertical) for vertical, length in enumerate(kept)
              for horizontal in range(length)]
    horizontal, vertical = zip(*places)
    return both[list(horizontal), list(vertical)].view(
        -1, count, height // 8, width // 8)


def _coefficients(image: Tensor) -> Tensor:
    """See :func:`dct_coefficients`."""
    image = upscale(image)
    luma = _mean_color(image.int(), *_LUMA)
    channels = [_block_dct(luma, _KEPT_Y)]
    channels += [_block_dct(plane, _KEPT_C)
                 for plane in _chroma(image).unbind(1)]
    return torch.cat(channels).transpose(0, 1).float().contiguous()


def dct_grid(height: int, width: int) -> tuple[int, int]:
    """Size of the map of an image.

    Args:
        height (int): Height of the image.
        width (int): Its width.

    Returns:
        tuple[int, int]: Height and width of the map, a quarter of the
        image's, rounded up.
    """
    return -(-height // 4), -(-width // 4)


def dct_coefficients(image: Tensor) -> Tensor:
    """What the JPEG files of upscaled images hold, in 64 channels.

    Channels are 44 of Y, 10 of Cb, 10 of Cr, each by rows of low frequencies,
    the constant one first: those that DCTNet (Xu et al., "Learning in the
    Frequency Domain", CVPR 2020) and Diverse Co-training keep of 192.

    Args:
        image (Tensor): RGB images of shape (N, 3, H, W), uint8.

    Returns:
        Tensor: Integers of shape (N, 64, ceil(H / 4), ceil(W / 4)), float32,
        in [-1024, 1023].

    Raises:
        TypeError: If the images are not uint8.
        ValueError: If they have another shape.
    """
    if image.dtype != torch.uint8:
        raise TypeError(
            f'JPEG stores images of uint8, but got {image.dtype}: undo the '
            'normalization, multiply by 255, round, clamp, and call .byte().')
    if image.ndim != 4 or image.shape[1] != 3 or not image.numel():
        raise ValueError('Images must have the shape (N, 3, H, W), but got '
                         f'{tuple(image.shape)}.')
    # What lies in between takes 100 times the memory of the images: on a CPU
    # it should fit into the caches, on a GPU leave room for the networks.
    parts = image.split(1 if image.device.type == 'cpu' else 4)
    return torch.cat([_coefficients(part) for part in parts])


def dct_input(image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """The input of a network that reads coefficients.

    Args:
        image (Tensor): RGB images of shape (N, 3, H, W), uint8.
        mean (Tensor): Mean of each channel, of shape (64, 1, 1).
        std (Tensor): What each is divided by, of shape (64, 1, 1). The
            statistics must be the ones that the weights of the network have
            been trained with, see ``configs/_base_/dct_statistics``.

    Returns:
        Tensor: Maps of shape (N, 64, ceil(H / 4), ceil(W / 4)), float32.

    Raises:
        TypeError: If the images are not uint8.
        ValueError: If images or statistics have another shape.
    """
    for name, values in (('mean', mean), ('std', std)):
        if tuple(values.shape) != (64, 1, 1):
            raise ValueError(f'{name} must have the shape (64, 1, 1), but has '
                             f'{tuple(values.shape)}.')
    return (dct_coefficients(image) - mean) / std
