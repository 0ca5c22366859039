"""BEiT that can load pretrained position biases of another window size."""
import numpy as np
import torch
from mmseg.models.backbones import BEiT
from scipy.interpolate import RectBivariateSpline
from scipy.optimize import brentq
from torch import Tensor

from mmseg_fst.registry import MODELS


def geometric_positions(count: int, reach: float) -> np.ndarray:
    """Symmetric positions whose distances form a geometric sequence.

    Args:
        count (int): Number of positions, odd, at least 5.
        reach (float): The outermost position, above 1.

    Returns:
        ndarray: ``count`` numbers from ``-reach`` to ``reach``, symmetric;
        the steps from zero outwards are 1, r, r^2, ...
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
    The biases are interpolated from the 14 x 14 patches of pretraining to,
    for example, the 40 x 40 patches of a 640 x 640 crop. MMSegmentation uses
    ``scipy.interpolate.interp2d``, which SciPy 1.14 removed. This class uses
    the bicubic spline that SciPy documents as its replacement. See
    :class:`mmseg.models.backbones.BEiT` for the arguments.
    """

    def _geometric_sequence_interpolation(self, src_size: int, dst_size: int,
                                          sequence: Tensor,
                                          num: int) -> Tensor:
        """Resize bias tables; biases of small offsets change least.

        Args:
            src_size (int): Number of offsets along a side of the source.
            dst_size (int): Number of offsets along a side of the result.
            sequence (Tensor): Biases of shape (src_size ** 2, num).
            num (int): Number of attention heads.

        Returns:
            Tensor: Biases of shape (dst_size ** 2, num).
        """
        source = geometric_positions(src_size, dst_size // 2)
        target = np.arange(dst_size) - dst_size // 2
        tables = sequence.float().cpu().numpy().reshape(
            src_size, src_size, num)
        resized = [
            RectBivariateSpline(source, source, tables[..., head])(target,
                                                                   target)
            for head in range(num)
        ]
        return torch.from_numpy(np.stack(resized, -1).reshape(
            -1, num)).to(sequence)

    def train(self, mode: bool = True) -> 'ResizedBEiT':
        """Set training or evaluation mode.

        Args:
            mode (bool): Whether to train. Defaults to True.

        Returns:
            ResizedBEiT: self; MMSegmentation's method returns None.
        """
        super().train(mode)
        return self

    def forward(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Compute feature maps of the patch tokens.

        Args:
            inputs (Tensor): Images of shape (N, in_channels, *img_size).

        Returns:
            tuple[Tensor]: One map for each of ``out_indices``, of shape
            (N, C, h, w).

        Raises:
            ValueError: If the images have another size, for which there are
                no biases.
        """
        if tuple(inputs.shape[2:]) != tuple(self.img_size):
            raise ValueError(
                f'BEiT requires images of size {tuple(self.img_size)}, got '
                f'{tuple(inputs.shape[2:])}: train on crops of that size and '
                "test with test_cfg=dict(mode='slide', crop_size=...) of the "
                'same size, on images at least as large; or change img_size.')
        return super().forward(inputs)
