"""Images under the colors of their classes, and the legend."""
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmseg_fst.utils.images import to_rgb
from mmseg_fst.utils.tinting import tint, unpainted_classes

# Sides of the legend, in pixels.
_ROW, _PATCH, _MARGIN = 26, 34, 8
_CHECKS = (235, 255)


def overlay(image: np.ndarray, label: np.ndarray, metainfo: Mapping[str, Any],
            opacity: float) -> np.ndarray:
    """Blend an image as it was loaded with the colors of its classes.

    Args:
        image (np.ndarray): Values of shape (H, W) or (H, W, C), three
            channels in BGR order.
        label (np.ndarray): Class ids of shape (H, W), uint8.
        metainfo (Mapping): Has ``classes`` and ``palette``.
        opacity (float): Share of the colors, in [0, 1].

    Returns:
        np.ndarray: RGB image of shape (H, W, 3), uint8, see
        :func:`mmseg_fst.utils.tinting.tint`.
    """
    return tint(displayed(image, metainfo), label, metainfo, opacity)


def displayed(image: np.ndarray, metainfo: Mapping[str, Any]) -> np.ndarray:
    """Convert an image as it was loaded to an RGB image.

    Args:
        image (np.ndarray): Values of shape (H, W) or (H, W, C), three
            channels in BGR order. Values above 255 are scaled.
        metainfo (Mapping): Of the data set, see
            :func:`mmseg_fst.utils.images.to_rgb`.

    Returns:
        np.ndarray: RGB image of shape (H, W, 3), uint8.
    """
    return to_rgb(_in_8_bits(image), metainfo, bgr=True)


def legend(metainfo: Mapping[str, Any]) -> Image.Image:
    """The names and colors of the classes.

    Args:
        metainfo (Mapping): Has ``classes`` and ``palette``.

    Returns:
        PIL.Image.Image: An RGB image with a row for each class. Classes that
        are not painted have a checkered patch.
    """
    font = ImageFont.load_default(_ROW * 0.6)
    names = [f'{index}  {name}'
             for index, name in enumerate(metainfo['classes'])]
    width = int(max(font.getlength(name) for name in names))
    size = (_PATCH + width + 3 * _MARGIN, _ROW * len(names) + 2 * _MARGIN)
    image = Image.new('RGB', size, 'white')
    canvas = ImageDraw.Draw(image)
    unpainted = unpainted_classes(metainfo)
    for index, name in enumerate(names):
        top = _MARGIN + index * _ROW
        patch = _patch(metainfo['palette'][index], index in unpainted)
        image.paste(patch, (_MARGIN, top + 3))
        canvas.text((_PATCH + 2 * _MARGIN, top + _ROW // 2), name, 'black',
                    font=font, anchor='lm')
    return image


def _patch(color: Sequence[int], unpainted: bool) -> Image.Image:
    """The color of a class, or squares in two tones of gray."""
    shape = (_ROW - 6, _PATCH)
    if unpainted:
        odd = np.indices(shape).sum(0) // 5 % 2
        values = np.where(odd, *_CHECKS).astype(np.uint8)
        return Image.fromarray(values).convert('RGB')
    return Image.new('RGB', shape[::-1], tuple(color))


def _in_8_bits(image: np.ndarray) -> np.ndarray:
    """Values in [0, 255]; larger ones are scaled to be visible."""
    if image.dtype == np.uint8 or image.max(initial=0) <= 255:
        return image
    low, high = np.percentile(image, (1, 99))
    return (image.astype(np.float32) - low) * (255 / max(high - low, 1e-6))
