"""Strong photometric augmentation of a batch, on its device."""
import torch
from torch import Tensor, nn

from mmseg_fst.ops import (color_jitter, denormalize, gaussian_blur,
                           normalize)
from mmseg_fst.registry import MODELS


@MODELS.register_module()
class StrongPhotometric(nn.Module):
    """Colour jitter and Gaussian blur, drawn for each image on its own.

    The strong augmentation of DACS and DAFormer, whose releases decide once
    for the whole batch whether to jitter and whether to blur. Random numbers
    come from PyTorch's CPU generator, so that no device is waited for.

    Args:
        jitter_prob (float): Probability of colour jitter. Defaults to 0.8.
        jitter_strength (float): Brightness, contrast and saturation are
            multiplied by a factor from [1 - s, 1 + s], hue is shifted by up
            to s, at most 0.5. Defaults to 0.2.
        blur_prob (float): Probability of blur. Defaults to 0.5.
        blur_sigma (tuple[float, float]): Range of the blur's standard
            deviation in pixels. Defaults to (0.15, 1.15).
    """

    def __init__(
        self,
        jitter_prob: float = 0.8,
        jitter_strength: float = 0.2,
        blur_prob: float = 0.5,
        blur_sigma: tuple[float, float] = (0.15, 1.15)
    ) -> None:
        super().__init__()
        if not 0 <= jitter_strength <= 0.5:
            raise ValueError(
                f'StrongPhotometric: jitter_strength={jitter_strength} is '
                'out of range; give a number from 0 to 0.5.')
        self.jitter_prob = jitter_prob
        self.jitter_strength = jitter_strength
        self.blur_prob = blur_prob
        self.blur_sigma = blur_sigma
        # Five standard deviations each way: what lies beyond is below 1e-6.
        self.kernel_size = 2 * int(5 * blur_sigma[1]) + 1

    def forward(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        """Augment a batch.

        Args:
            image (Tensor): Normalised images of shape (N, 3, H, W).
            mean (Tensor): Mean of the normalisation, (3, 1, 1).
            std (Tensor): Its standard deviation, (3, 1, 1).

        Returns:
            Tensor: Normalised images of shape (N, 3, H, W).
        """
        image = denormalize(image, mean, std)
        done = torch.cat([self._augment(one) for one in image.split(1)])
        return normalize(done, mean, std)

    def _augment(self, image: Tensor) -> Tensor:
        """Augment one image of shape (1, 3, H, W), in [0, 1]."""
        use_jitter, use_blur, position = torch.rand(3).tolist()
        shifts = torch.empty(4).uniform_(-1, 1) * self.jitter_strength
        brightness, contrast, saturation, hue = shifts.tolist()
        if use_jitter < self.jitter_prob:
            image = color_jitter(image, 1 + brightness, 1 + contrast,
                                 1 + saturation, hue)
        if use_blur < self.blur_prob:
            low, high = self.blur_sigma
            image = gaussian_blur(image, low + position * (high - low),
                                  self.kernel_size)
        return image
