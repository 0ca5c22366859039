"""Channels and values of a user's own images, and how they are loaded."""
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from mmseg_fst.datasets.decoding import count_channels
from mmseg_fst.datasets.loading import LoadWholeImage, suggest_stretch
from mmseg_fst.utils.files import parallel_map

#: Mean and standard deviation of ImageNet, RGB.
IMAGENET = ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
# Pixels of an image that percentiles are taken of.
_PIXELS = 65536
# Images that mean and standard deviation are taken of.
_IMAGES = 200
# An image is dark if nearly all values are below this share of the range.
_DARK = 0.1
# Where 96 percent of the values lie in less than this share of the range, the
# rest of it is left to outliers.
_USED = 0.25


class Values(NamedTuple):
    """Values of an image, as they are in the file.

    Attributes:
        dtype (str): Their type.
        channels (int): Number of channels of the file.
        low (float): Lowest value.
        high (float): Highest value.
        dark (float): Above 2 percent of the values.
        bright (float): Above 98 percent of the values.
    """
    dtype: str
    channels: int
    low: float
    high: float
    dark: float
    bright: float


class Loading(NamedTuple):
    """How images are loaded and normalized.

    Attributes:
        channels (int): Number of channels.
        stretch (tuple[float, float], optional): Values that become 0 and 255;
            None for images of 8 bits.
        mean (list[float]): Mean of each channel, in [0, 255].
        std (list[float]): Standard deviation of each channel.
    """
    channels: int = 3
    stretch: Optional[tuple[float, float]] = None
    mean: list[float] = IMAGENET[0]
    std: list[float] = IMAGENET[1]

    @property
    def step(self) -> str:
        """Config of the transform that loads images, as text."""
        text = "dict(type='LoadWholeImage'"
        if self.channels != 3:
            text += f', channels={self.channels}'
        if self.stretch is not None:
            text += f', stretch={self.stretch}'
        return text + ')'


def values_of(path: Path, content: bytes,
              channels: int) -> tuple[Values, tuple[int, int]]:
    """Read the values of an image.

    Args:
        path (Path): The file.
        content (bytes): Its bytes.
        channels (int): Number of channels that are trained on.

    Returns:
        tuple[Values, tuple[int, int]]: What was found, and the height and
        width.

    Raises:
        OSError: If the file is damaged.
        ValueError: If it has other channels.
    """
    loader = LoadWholeImage(channels=channels)
    image = loader.match_channels(loader.read(str(path)), str(path))
    step = max(1, int((image.shape[0] * image.shape[1] / _PIXELS)**.5))
    dark, bright = np.percentile(
        _with_data(image[::step, ::step]), (2, 98))
    return Values(
        image.dtype.name, count_channels(content), float(np.nanmin(image)),
        float(np.nanmax(image)), float(dark), float(bright)), image.shape[:2]


def _with_data(values: np.ndarray) -> np.ndarray:
    """Values without those that mark missing data; all, if none is left."""
    if values.dtype.kind == 'u':
        return values
    lowest = (np.finfo if values.dtype.kind == 'f' else np.iinfo)(
        values.dtype).min
    found = values[np.isfinite(values) & ~np.isin(values, (-9999, lowest))]
    return found if found.size else np.nan_to_num(values)


def choose_stretch(
    images: Sequence[Values],
    given: Optional[tuple[float, float]] = None
) -> tuple[Optional[tuple[float, float]], list[str]]:
    """Choose which values become 0 and 255.

    Args:
        images (Sequence[Values]): All images.
        given (tuple[float, float], optional): What the user states. Defaults
            to None: nothing for images of 8 bits. For images of more, all
            bits that are in use; or, where most values lie in a small part
            of them, and for floats and numbers below 0, the range between
            the percentiles 2 and 98.

    Returns:
        tuple: The lowest and highest value, None for images of 8 bits; and
        sentences on what was found.

    Raises:
        ValueError: If images differ in their type, or in nothing, or the
            given values are not in ascending order.
    """
    types = Counter(values.dtype for values in images)
    if given is not None and not given[0] < given[1]:
        raise ValueError('--stretch {:g} {:g}: the first value must be below '
                         'the second.'.format(*given))
    if given is None and len(types) > 1:
        found = ', '.join(f'{count} of {name}'
                          for name, count in types.most_common())
        raise ValueError(f'Images have values of several types: {found}. '
                         'State one range with --stretch LOW HIGH, or convert '
                         'the images to one type.')
    if given is None and set(types) <= {'uint8'}:
        return None, _note_dark(images, (0, 255))
    if given is not None:
        return given, _note_dark(images, given)
    used = _values_in_use(images)
    most = max(values.high for values in images)
    whole = suggest_stretch(
        images[0].dtype, min(values.low for values in images), most)
    if not whole[0] < whole[1]:
        raise ValueError(f'All values of all images are {most:g}: they show '
                         'nothing. Give other images.')
    # Outliers and marks of missing data would leave a few shades to the rest.
    wide = (np.dtype(images[0].dtype).kind != 'u'
            or used[1] - used[0] < _USED * (whole[1] - whole[0]))
    low, high = used if wide and used[0] < used[1] else whole
    which = ('percentiles 2 and 98' if wide else 'the bits that are in use')
    return (low, high), [
        f'Images have values of {images[0].dtype}, up to {most:g}: {low:g} to '
        f'{high:g} become 0 to 255 ({which}). Change this with --stretch LOW '
        'HIGH.'
    ]


def _values_in_use(images: Sequence[Values]) -> tuple[float, float]:
    """The range that 96 percent of the values of most images lie in."""
    low = np.percentile([values.dark for values in images], 5)
    high = np.percentile([values.bright for values in images], 95)
    if np.dtype(images[0].dtype).kind in 'iu':
        return float(np.floor(low)), float(np.ceil(high))
    return float(low), float(high)


def _note_dark(images: Sequence[Values],
               stretch: tuple[float, float]) -> list[str]:
    """Say if images become nearly black."""
    low, high = stretch
    dark, bright = (
        float(np.median([getattr(values, name) for values in images]))
        for name in ('dark', 'bright'))
    if bright >= low + _DARK * (high - low):
        return []
    return [f'Images are nearly black: 98 percent of the values are below '
            f'{bright:g}, of a range up to {high:g}. Try --stretch {dark:g} '
            f'{max(bright, dark + 1):g}']


def note_channels(images: Sequence[Values], channels: int) -> list[str]:
    """Say which channels of the files are left out.

    Args:
        images (Sequence[Values]): All images.
        channels (int): Number of channels that are trained on.

    Returns:
        list[str]: A sentence, or none.
    """
    found = Counter(
        values.channels for values in images if values.channels > 3)
    if channels != 3 or not found:
        return []
    (most, _), = found.most_common(1)
    return [f'{found.total()} images have {most} channels, of which the first '
            f'three are read. If the others are more than an alpha channel, '
            f'train on them with --channels {most}.']


def measure_normalization(paths: Sequence[Path], loader: LoadWholeImage,
                          workers: int) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel.

    Args:
        paths (Sequence[Path]): Images; 200 of them are read.
        loader (LoadWholeImage): Loads them.
        workers (int): Number of threads.

    Returns:
        tuple[list[float], list[float]]: Both in the order of the channels,
        rounded; a channel of one value alone has the deviation 1.
    """

    def moments(path: Path) -> np.ndarray:
        image = loader.prepare(loader.read(str(path)), str(path))
        values = image.reshape(-1, loader.channels).astype(np.float64)
        return np.stack([values.mean(0), (values**2).mean(0)])

    chosen = paths[::-(-len(paths) // _IMAGES)]
    mean, square = np.mean(
        parallel_map(moments, chosen, workers, 'Channels'), axis=0)
    std = np.sqrt(np.maximum(square - mean**2, 0))
    std[std < 1e-3] = 1
    return mean.round(3).tolist(), std.round(3).tolist()
