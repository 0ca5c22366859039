"""Images on a canvas of fixed size."""
import torch.nn.functional as F
from torch import Tensor


def center_canvas(image: Tensor, size: int, value: float = 0) -> Tensor:
    """Pad around the center where too small, cut around it where too large.

    An odd pixel is added or cut at the bottom and at the right, as by the
    validation crop of U2PL.

    Args:
        image (Tensor): Of shape (..., H, W), any dtype.
        size (int): Height and width of the canvas.
        value (float): What the padding is filled with. Defaults to 0.

    Returns:
        Tensor: Of shape (..., size, size).
    """
    borders = []
    for length in (image.shape[-1], image.shape[-2]):
        before = int((size - length) / 2)  # towards 0, also if it cuts
        borders += [before, size - length - before]
    return F.pad(image, borders, value=value)
