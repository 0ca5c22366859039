"""Strong photometric augmentation of a batch, on its device."""
from collections.abc import Callable, Sequence
from typing import Optional

import torch
from torch import Tensor, nn

from mmseg_fst.ops import (
    color_jitter,
    denormalize,
    gaussian_blur,
    grayscale,
    normalize,
)
from mmseg_fst.registry import MODELS
from mmseg_fst.utils.checks import check_range


@MODELS.register_module()
class StrongPhotometric(nn.Module):
    """Color jitter and Gaussian blur.

    The strong augmentation of DACS and DAFormer. Strengths are sampled
    independently for each image, on the CPU, without host synchronization.

    Color jitter and the loss of color change the channels named by
    ``channels`` alone: three that are red, green and blue, or one that is
    gray, which has neither saturation nor hue. Other channels, such as
    infrared or a height, keep their values. Blur changes all channels. The
    random numbers are the same for any ``channels``.

    Args:
        jitter_prob (float): Probability of color jitter, in [0, 1], as all
            of them. Defaults to 0.8.
        jitter_strength (float): Brightness, contrast and saturation are
            multiplied by a factor from [1 - s, 1 + s], hue is shifted by up
            to s, at most 0.5. Defaults to 0.2.
        brightness (float, optional): Strength of the brightness. Defaults to
            None: ``jitter_strength``.
        hue (float, optional): Largest shift of the hue, at most 0.5. Defaults
            to None: ``jitter_strength``.
        gray_prob (float): Probability to lose all color, after the jitter.
            Defaults to 0.
        blur_prob (float): Probability of blur. Defaults to 0.5.
        blur_sigma (tuple[float, float]): Range of the blur's standard
            deviation in pixels. Defaults to (0.15, 1.15).
        blur_widths (Sequence[int], optional): Odd widths of the blur's kernel
            in pixels, one of which is sampled for each image; a width of 1
            leaves it sharp. Defaults to None: wide enough for any deviation.
        per_image (bool): Whether jitter and blur are switched on for each
            image independently. False as in the releases of DACS, DAFormer
            and FST: once for the batch. Defaults to True.
        random_order (bool): Whether brightness, contrast, saturation and hue
            change in a random order, as in those releases, or in this one.
            Defaults to False.
        channels (Sequence[int], optional): Which channels hold colors, in the
            order of red, green and blue: three, one, or () for none. Defaults
            to None: all, of images of 3 channels or 1.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        Images of blue, green, red and infrared::

            dict(type='StrongPhotometric', channels=(2, 1, 0))
    """

    def __init__(
        self,
        jitter_prob: float = 0.8,
        jitter_strength: float = 0.2,
        brightness: Optional[float] = None,
        hue: Optional[float] = None,
        gray_prob: float = 0.,
        blur_prob: float = 0.5,
        blur_sigma: tuple[float, float] = (0.15, 1.15),
        blur_widths: Optional[Sequence[int]] = None,
        per_image: bool = True,
        random_order: bool = False,
        channels: Optional[Sequence[int]] = None
    ) -> None:
        super().__init__()
        hue = jitter_strength if hue is None else hue
        brightness = jitter_strength if brightness is None else brightness
        check_range(self, high=0.5, jitter_strength=jitter_strength,
                    brightness=brightness, hue=hue)
        check_range(
            self,
            jitter_prob=jitter_prob,
            gray_prob=gray_prob,
            blur_prob=blur_prob)
        if not 0 < blur_sigma[0] <= blur_sigma[1]:
            raise ValueError(
                f'StrongPhotometric: blur_sigma={tuple(blur_sigma)} is no '
                'range of standard deviations; give two numbers above 0, the '
                'smaller one first.')
        if blur_widths is not None and (
                not blur_widths or any(
                    width < 1 or width % 2 == 0 for width in blur_widths)):
            raise ValueError(
                f'StrongPhotometric: blur_widths={tuple(blur_widths)} must be '
                'odd numbers of pixels, such as (3, 5).')
        if channels is not None and (
                len(channels) not in (0, 1, 3)
                or len(set(channels)) < len(channels) or min(
                    channels, default=0) < 0):
            raise ValueError(
                f'StrongPhotometric: channels={channels!r} must be the '
                'indices of red, green and blue, of one gray channel, or ().')
        self.channels = None if channels is None else list(channels)
        self.jitter_prob = jitter_prob
        # Of brightness, contrast, saturation and hue.
        self.strengths = torch.tensor(
            [brightness, jitter_strength, jitter_strength, hue])
        self.gray_prob = gray_prob
        self.blur_prob = blur_prob
        self.blur_sigma = blur_sigma
        self.per_image = per_image
        self.random_order = random_order
        # Five standard deviations each way: what lies beyond is below 1e-6.
        self.blur_widths = blur_widths or (2 * int(5 * blur_sigma[1]) + 1, )

    def forward(self, image: Tensor, mean: Tensor, std: Tensor) -> Tensor:
        """Augment a batch.

        Args:
            image (Tensor): Normalized images of shape (N, C, H, W).
            mean (Tensor): Mean of the normalization, (C, 1, 1).
            std (Tensor): Its standard deviation, (C, 1, 1).

        Returns:
            Tensor: Normalized images of shape (N, C, H, W).

        Raises:
            ValueError: If ``channels`` does not fit the images.
        """
        self._check_channels(image.shape[1])
        image = denormalize(image, mean, std)
        triggers = self._sample_triggers(len(image))
        done = torch.cat([
            self._augment(part, *trigger)
            for part, trigger in zip(image.split(1), triggers)
        ])
        return normalize(done, mean, std)

    def _check_channels(self, count: int) -> None:
        """Raise on images whose colors are not known."""
        if self.channels is None and count not in (1, 3):
            raise ValueError(
                f'StrongPhotometric: images have {count} channels. State '
                'which of them hold red, green and blue, such as '
                'photometric.channels=(0, 1, 2), or () for none.')
        if self.channels and max(self.channels) >= count:
            raise ValueError(
                f'StrongPhotometric: channels={tuple(self.channels)} must be '
                f'below {count}, the number of channels of the images.')

    def _sample_triggers(self, count: int) -> list[tuple[bool, bool, bool]]:
        """Whether to jitter, to take the color and to blur each image."""
        numbers = torch.rand(count if self.per_image else 1, 3).tolist()
        triggers = [(jitter < self.jitter_prob, gray < self.gray_prob,
                     blur < self.blur_prob) for jitter, gray, blur in numbers]
        return triggers if self.per_image else triggers * count

    def _augment(self, image: Tensor, jitter: bool, gray: bool,
                 blur: bool) -> Tensor:
        """Augment one image of shape (1, C, H, W), in [0, 1]."""
        if jitter:
            shifts = torch.empty(4).uniform_(-1, 1) * self.strengths
            brightness, contrast, saturation, hue = shifts.tolist()
            order = torch.randperm(4).tolist() if self.random_order else (
                0, 1, 2, 3)
            factors = 1 + brightness, 1 + contrast, 1 + saturation, hue
            image = self._recolor(
                image, lambda colors: color_jitter(colors, factors, order))
        if gray:
            image = self._recolor(image, grayscale)
        if blur:
            low, high = self.blur_sigma
            sigma = low + torch.rand(()).item() * (high - low)
            widths = self.blur_widths
            index = int(torch.randint(len(widths), ())) if widths[1:] else 0
            image = gaussian_blur(image, sigma, widths[index])
        return image

    def _recolor(self, image: Tensor,
                 change: Callable[[Tensor], Tensor]) -> Tensor:
        """Change the channels that hold colors, and no others."""
        if self.channels is None:
            return change(image)
        if not self.channels:
            return image
        image = image.clone()
        image[:, self.channels] = change(image[:, self.channels])
        return image
