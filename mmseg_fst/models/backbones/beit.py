"""BEiT whose pretrained position biases fit any window."""
import numpy as np
import torch
from mmseg.models.backbones import BEiT
from scipy.interpolate import RectBivariateSpline
from scipy.optimize import brentq
from torch import Tensor

from mmseg_fst.registry import MODELS


def geometric_positions(count: int, reach: float) -> np.ndarray:
    """Positions that lie closer together the nearer they are to zero.

    Args:
        count (int): Their number, odd, at least 5.
        reach (float): The outermost one, above 1.

    Returns:
        ndarray: ``count`` numbers from ``-reach`` to ``reach``, symmetric;
        the first steps from zero are 1, r, r^2, ...
    """
    steps = np.arange(count // 2)
    ratio = brentq(lambda r: (r**steps).sum() - reach, 1e-6, reach,
                   xtol=1e-12)
    outward = np.cumsum(ratio**steps)
    return np.concatenate([-outward[::-1], [0.], outward])


@MODELS.register_module()
class ResizedBEiT(BEiT):
    """MMSegmentation's BEiT, able to load weights of another image size.

    BEiT (Bao et al. 2022) learns a bias for every offset between two patches.
    From the 14 x 14 patches of pretraining to the 40 x 40 of a crop of 640
    the biases are interpolated, with ``scipy.interpolate.interp2d`` in
    MMSegmentation, which SciPy took out in version 1.14. This class uses the
    bicubic spline that SciPy names as its equal. Arguments are the ones of
    :class:`mmseg.models.backbones.BEiT`.
    """

    def _geometric_sequence_interpolation(self, src_size: int, dst_size: int,
                                          sequence: Tensor,
                                          num: int) -> Tensor:
        """Resize tables of biases; the biases of near offsets hardly move.

        Args:
            src_size (int): Offsets along a side of the given tables.
            dst_size (int): Offsets along a side of the wanted ones.
            sequence (Tensor): Biases of shape (src_size ** 2, num).
            num (int): Number of attention heads.

        Returns:
            Tensor: Biases of shape (dst_size ** 2, num).
        """
        given = geometric_positions(src_size, dst_size // 2)
        wanted = np.arange(dst_size) - dst_size // 2
        tables = sequence.float().cpu().numpy().reshape(
            src_size, src_size, num)
        resized = [
            RectBivariateSpline(given, given, tables[..., head])(wanted,
                                                                 wanted)
            for head in range(num)
        ]
        return torch.from_numpy(np.stack(resized, -1).reshape(
            -1, num)).to(sequence)

    def train(self, mode: bool = True) -> 'ResizedBEiT':
        """Switch the mode.

        Args:
            mode (bool): Whether to train. Defaults to True.

        Returns:
            ResizedBEiT: self, where MMSegmentation's returns None.
        """
        super().train(mode)
        return self

    def forward(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Maps of the patch tokens.

        Args:
            inputs (Tensor): Images of shape (N, in_channels, *img_size).

        Returns:
            tuple[Tensor]: One map for each of ``out_indices``, of shape
            (N, C, h, w).

        Raises:
            ValueError: If the images are of another size, for which there
                are no biases.
        """
        if tuple(inputs.shape[2:]) != tuple(self.img_size):
            raise ValueError(
                f'BEiT was built for images of {tuple(self.img_size)}, but '
                f'got {tuple(inputs.shape[2:])}: train on crops of that size '
                "and test with test_cfg=dict(mode='slide', crop_size=...) of "
                'it on images that are no smaller, or change img_size.')
        return super().forward(inputs)
