"""Photometric augmentation of image batches on their device."""
from collections.abc import Sequence

from torch import Tensor
from torchvision.transforms.v2 import functional as tv


def denormalize(image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Undo the normalization of a data preprocessor.

    Args:
        image (Tensor): Normalized images of shape (N, C, H, W).
        mean (Tensor): Mean in [0, 255], of shape (C, 1, 1).
        std (Tensor): Standard deviation, of shape (C, 1, 1).

    Returns:
        Tensor: Images of shape (N, C, H, W), in [0, 1].
    """
    return (image * std + mean) / 255


def normalize(image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Inverse of :func:`denormalize`.

    Args:
        image (Tensor): Images of shape (N, C, H, W), in [0, 1].
        mean (Tensor): Mean in [0, 255], of shape (C, 1, 1).
        std (Tensor): Standard deviation, of shape (C, 1, 1).

    Returns:
        Tensor: Normalized images of shape (N, C, H, W).
    """
    return (image * 255 - mean) / std


# In the order of the factors of :func:`color_jitter`.
_ADJUSTMENTS = (tv.adjust_brightness, tv.adjust_contrast,
                tv.adjust_saturation, tv.adjust_hue)


def color_jitter(image: Tensor,
                 factors: Sequence[float],
                 order: Sequence[int] = (0, 1, 2, 3)) -> Tensor:
    """Adjust brightness, contrast, saturation and hue of images.

    Gray images have no saturation and no hue, which are then left out.

    Args:
        image (Tensor): Images of shape (N, 3, H, W), or (N, 1, H, W) if gray,
            in [0, 1].
        factors (Sequence[float]): Factors of brightness, contrast and
            saturation, 1 for no change, and shift of the hue in [-0.5, 0.5],
            0 for no change.
        order (Sequence[int]): Indices of ``factors``, in the order of their
            application. Defaults to (0, 1, 2, 3).

    Returns:
        Tensor: Images of the same shape, in [0, 1].

    Example:
        >>> brighter = color_jitter(image, (1.2, 1, 1, 0))
    """
    image = image.clamp(0, 1)
    for index in order:
        image = _ADJUSTMENTS[index](image, factors[index])
    return image


def grayscale(image: Tensor) -> Tensor:
    """Convert images to grayscale.

    Args:
        image (Tensor): Images of shape (N, 3, H, W), or (N, 1, H, W) if gray,
            in [0, 1].

    Returns:
        Tensor: Images of the same shape with equal channels.
    """
    return tv.rgb_to_grayscale(image, num_output_channels=image.shape[1])


def gaussian_blur(image: Tensor, sigma: float, kernel_size: int) -> Tensor:
    """Blur images with a Gaussian filter and reflected borders.

    Args:
        image (Tensor): Images of shape (N, C, H, W), in any range.
        sigma (float): Standard deviation in pixels, positive.
        kernel_size (int): Odd width of the kernel in pixels.

    Returns:
        Tensor: Images of shape (N, C, H, W).
    """
    # Separable: one direction after the other. torchvision's joint kernel
    # takes `kernel_size` / 2 times as many multiplications.
    for size in ([kernel_size, 1], [1, kernel_size]):
        image = tv.gaussian_blur(image, size, [sigma] * 2)
    return image
