"""Photometric changes of normalised image batches, on their device."""
from torch import Tensor
from torchvision.transforms.v2 import functional as tv


def denormalize(image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Undo the normalisation of a data preprocessor.

    Args:
        image (Tensor): Normalised images of shape (N, 3, H, W).
        mean (Tensor): Mean in [0, 255], of shape (3, 1, 1).
        std (Tensor): Standard deviation, of shape (3, 1, 1).

    Returns:
        Tensor: Images of shape (N, 3, H, W), in [0, 1].
    """
    return (image * std + mean) / 255


def normalize(image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Inverse of :func:`denormalize`.

    Args:
        image (Tensor): Images of shape (N, 3, H, W), in [0, 1].
        mean (Tensor): Mean in [0, 255], of shape (3, 1, 1).
        std (Tensor): Standard deviation, of shape (3, 1, 1).

    Returns:
        Tensor: Normalised images of shape (N, 3, H, W).
    """
    return (image * 255 - mean) / std


def color_jitter(image: Tensor, brightness: float, contrast: float,
                 saturation: float, hue: float) -> Tensor:
    """Change the colours of images, in this order of operations.

    Args:
        image (Tensor): Images of shape (N, 3, H, W), in [0, 1].
        brightness (float): Factor, 1 for no change.
        contrast (float): Factor, 1 for no change.
        saturation (float): Factor, 1 for no change.
        hue (float): Shift in [-0.5, 0.5], 0 for no change.

    Returns:
        Tensor: Images of shape (N, 3, H, W), in [0, 1].
    """
    image = tv.adjust_brightness(image.clamp(0, 1), brightness)
    image = tv.adjust_contrast(image, contrast)
    image = tv.adjust_saturation(image, saturation)
    return tv.adjust_hue(image, hue)


def gaussian_blur(image: Tensor, sigma: float, kernel_size: int) -> Tensor:
    """Blur images with a Gaussian, with mirrored borders.

    Args:
        image (Tensor): Images of shape (N, 3, H, W), of any range.
        sigma (float): Standard deviation in pixels, positive.
        kernel_size (int): Odd width of the kernel in pixels.

    Returns:
        Tensor: Images of shape (N, 3, H, W).
    """
    return tv.gaussian_blur(image, [kernel_size] * 2, [sigma] * 2)
