"""At which size images are read, so that the thinnest class is visible."""
from collections.abc import Sequence
from typing import NamedTuple, Optional

import numpy as np

from mmseg_fst.utils.counts import counted

from .survey import SurveyedImage

# Crops are multiples of the stride of the networks.
_STRIDE = 32
# Crop size relative to the image; below 1, so that crops of an image differ.
_CROP = 0.85
# Long side of images without thin classes, and side of a crop, for a CPU.
_LONG_SIDE, _CROP_SIDE = 320, 256
# Largest long side and largest enlargement that thin classes may ask for.
_MAX_LONG_SIDE, _MAX_FACTOR = 2048, 1.5
# Width of a class, in pixels, that the finest features, of stride 4, resolve
# wherever they lie.
_VISIBLE = 6.
# A class is this wide, or wider, in three quarters of its images.
_THIN_PERCENTILE = 25


class View(NamedTuple):
    """Size of images and crops in training.

    Attributes:
        scale (tuple[int, int]): Long and short side of an image.
        crop (tuple[int, int]): Height and width of a crop.
        factor (float): Size of a typical image relative to its file.
    """
    scale: tuple[int, int]
    crop: tuple[int, int]
    factor: float = 1.


def class_widths(images: Sequence[SurveyedImage]) -> dict[str, float]:
    """Width of the objects of each class in the files.

    Args:
        images (Sequence[SurveyedImage]): Images with masks.

    Returns:
        dict[str, float]: Pixels by class id, see
        :func:`mmseg_fst.prepare.survey.widths_of`; the lower quartile of the
        images.
    """
    found: dict[str, list[float]] = {}
    for image in images:
        for key, width in image.widths.items():
            found.setdefault(key, []).append(width)
    return {
        key: float(np.percentile(widths, _THIN_PERCENTILE))
        for key, widths in found.items()
    }


def choose_view(sizes: Sequence[tuple[int, int]],
                long_side: Optional[int] = None,
                thinnest: float = _VISIBLE) -> View:
    """Choose the size of images and crops for the files of a task.

    Args:
        sizes (Sequence[tuple[int, int]]): Height and width of the images.
        long_side (int, optional): Maximum long side of the resized images.
            Defaults to None: 320, or as much as the thinnest class needs to
            be 6 pixels wide, up to 1.5 times the size of the file and to
            2048; crops are at most 256 x 256 then.
        thinnest (float): Width of the thinnest class in the files, in
            pixels. Defaults to 6.

    Returns:
        View: Both sizes; the crop has portrait format if most images have.
    """
    sides = np.array(sizes)
    long, short = (float(np.median(side)) for side in
                   (sides.max(1), sides.min(1)))
    if long_side is None:
        factor = max(min(1., _LONG_SIDE / long),
                     min(_VISIBLE / thinnest, _MAX_FACTOR))
        factor = min(factor, _MAX_LONG_SIDE / long)
    else:
        factor = min(1., long_side / long)
    scale = round(long * factor), max(1, round(short * factor))

    def crop(side: int) -> int:
        largest = int(side * _CROP)
        if long_side is None:
            largest = min(largest, _CROP_SIDE)
        return max(_STRIDE, largest // _STRIDE * _STRIDE)

    upright = np.mean(sides[:, 0] > sides[:, 1])
    if .25 < upright < .75:  # both formats are frequent: a square fits both
        return View(scale, (crop(scale[1]), ) * 2, factor)
    height, width = scale if upright > .5 else scale[::-1]
    return View(scale, (crop(height), crop(width)), factor)


def describe_view(view: View, names: Sequence[str],
                  widths: dict[str, float]) -> list[str]:
    """Say which classes are visible at which size.

    Args:
        view (View): Size of images and crops.
        names (Sequence[str]): Names of the classes.
        widths (dict[str, float]): Of :func:`class_widths`.

    Returns:
        list[str]: Lines to print.
    """
    lines = [
        f'Images are resized to {view.scale[0]} x {view.scale[1]}, '
        f'{view.factor:.2f} of the size of the files; training crops are '
        f'{view.crop[1]} x {view.crop[0]} pixels.'
    ]
    shown = {names[int(key)]: width for key, width in widths.items()}
    lines += [
        f'    {name}: about {counted(round(width), "pixel")} wide in the '
        f'files, '
        f'{width * view.factor:.1f} in training'
        for name, width in sorted(shown.items(), key=lambda item: item[1])
    ]
    hidden = [name for name, width in shown.items()
              if width * view.factor < _VISIBLE / 2]
    if hidden:
        lines.append(
            f'{", ".join(hidden)}: too thin at this size to be learned well. '
            'Choose a larger --long-side, or cut large images into tiles.')
    return lines
