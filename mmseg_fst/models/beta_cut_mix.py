"""CutMix with boxes whose area follows a Beta distribution."""
import torch
from torch import Tensor
from torch.distributions import Beta

from mmseg_fst.registry import MODELS

from .mixers import CutMix


@MODELS.register_module()
class BetaCutMix(CutMix):
    """CutMix of PS-MT: one area for the batch, a place for each image.

    Height and width of the box are ``sqrt(1 - b)`` times the image's, with b
    from Beta(alpha, alpha), as in CutMix (Yun et al., ICCV 2019). Its center
    is uniform behind the first eighth of rows and columns, and what lies
    outside of the image is cut off. Boxes come from a random permutation of
    the images.

    Args:
        alpha (float): Parameter of the distribution, above 0. Defaults to 4.

    Raises:
        ValueError: If ``alpha`` is not above 0.
    """

    def __init__(self, alpha: float = 4.) -> None:
        super().__init__(prob=1., source='permute')
        if alpha <= 0:
            raise ValueError(
                f'BetaCutMix: alpha must be above 0, got {alpha}.')
        self.alpha = float(alpha)

    def sample_boxes(self, count: int, height: int, width: int) -> Tensor:
        """Sample the boxes, on the CPU.

        Args:
            count (int): Number of images N.
            height (int): Height of the images.
            width (int): Width of the images.

        Returns:
            Tensor: Left, top, right and bottom, int64 of shape (N, 4).
        """
        share = (1 - Beta(self.alpha, self.alpha).sample().item())**.5
        edges = []
        for side in (width, height):
            half = int(side * share) // 2
            center = torch.randint(side // 8, side, (count, ))
            edges += [(center - half).clamp(min=0),
                      (center + half).clamp(max=side)]
        left, right, top, bottom = edges
        return torch.stack([left, top, right, bottom], 1)
