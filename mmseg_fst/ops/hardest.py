"""Selection of the pixels with the smallest probability of their class."""
import torch
from torch import Tensor


@torch.no_grad()
def hard_pixels(logits: Tensor, label: Tensor, threshold: float, count: int,
                ignore_index: int) -> Tensor:
    """Pixels for online hard example mining.

    Those whose class has at most the probability ``threshold``, and where
    they are fewer than ``count``, the ``count`` pixels with the smallest
    probabilities, with all that equal the last of them; all labeled pixels
    where these are fewer. So do the releases of U2PL, UniMatch and Diverse
    Co-training (``ProbOhemCrossEntropy2d``). MMSegmentation's
    ``OHEMPixelSampler`` leaves out pixels that equal the last one, and the
    surest pixel of fewer than ``count``; it also waits for the device.

    Args:
        logits (Tensor): Logits of shape (N, C, H, W).
        label (Tensor): Class ids of shape (N, H, W), int64.
        threshold (float): Largest probability of a hard pixel, in [0, 1].
        count (int): Smallest number of pixels of the batch, at least 1.
        ignore_index (int): Id of pixels without a label.

    Returns:
        Tensor: Bool of shape (N, H, W).
    """
    ignored = label == ignore_index
    # Half precision has a few steps alone between the threshold and 1.
    dtype = torch.promote_types(logits.dtype, torch.float32)
    probability = logits.softmax(1, dtype).gather(
        1, label.masked_fill(ignored, 0)[:, None])[:, 0]
    # Not among the hard ones, unless all labeled pixels are.
    probability = probability.masked_fill(ignored, 1)
    last = min(count, probability.numel()) - 1
    limit = probability.flatten().sort().values[last].clamp(min=threshold)
    return ~ignored & (probability <= limit)
