"""Loss on pseudo-labels from files, some of which are wrong."""
from torch import Tensor, nn

from mmseg_fst.ops import class_logits, self_correction
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


@MODELS.register_module()
class SelfCorrectionLoss(nn.Module):
    """Mean of :func:`mmseg_fst.ops.self_correction` over all pixels.

    Pixels without a label have no loss, but count, as in the release.

    Args:
        certain (float): Largest confidence that is used as it is, in [0, 1].
            Defaults to 0.8.
        floor (float): Probability of all other classes by the label, in
            [1e-10, 1]. Defaults to 1e-4.
        match_release (bool): Whether the weight w of a pixel is the mean over
            the images of the batch at the same place, as in the release,
            which multiplies losses (N, H, W) and weights (N, 1, H, W).
            Defaults to False: each pixel has a separate weight.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self,
                 certain: float = 0.8,
                 floor: float = 1e-4,
                 match_release: bool = False) -> None:
        super().__init__()
        check_range(self, certain=certain)
        check_range(self, low=1e-10, floor=floor)
        self.certain = certain
        self.floor = floor
        self.match_release = match_release

    def forward(self,
                logits: Tensor,
                label: Tensor,
                ignore_index: int = 255) -> Tensor:
        """Compute the loss.

        Args:
            logits (Tensor): Logits of shape (N, C, H, W); one channel is the
                logit of class 1 of two classes.
            label (Tensor): Class ids of shape (N, H, W), int64.
            ignore_index (int): Id of pixels without a label. Defaults to 255.

        Returns:
            Tensor: A scalar.
        """
        return self_correction(
            class_logits(logits), label, self.certain, self.floor,
            ignore_index, self.match_release).mean()
