"""Images on a canvas of fixed size."""
import torch.nn.functional as F
from torch import Tensor


def center_canvas(image: Tensor, size: int, value: float = 0) -> Tensor:
    """Pad or crop images symmetrically to a square of fixed size.

    An odd pixel is added or removed at the bottom and at the right, as in the
    validation crop of U2PL.

    Args:
        image (Tensor): Images of shape (..., H, W), any dtype.
        size (int): Height and width of the canvas.
        value (float): Value of the padding. Defaults to 0.

    Returns:
        Tensor: Images of shape (..., size, size).
    """
    borders = []
    for length in (image.shape[-1], image.shape[-2]):
        # Rounds towards 0 for both signs, unlike `//`; negative values crop.
        before = int((size - length) / 2)
        borders += [before, size - length - before]
    return F.pad(image, borders, value=value)
