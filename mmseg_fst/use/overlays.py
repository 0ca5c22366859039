"""Images under the colors of their classes, and the legend."""
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmseg_fst.utils.images import color_label, to_rgb

# Names of classes that are no objects, in lower case.
_BACKGROUND = ('background', 'bg', 'void', 'none', 'unlabeled')
# Largest value of a channel of a color that counts as black.
_BLACK = 15
# Sides of the legend, in pixels.
_ROW, _PATCH, _MARGIN = 26, 34, 8
_CHECKS = (235, 255)


def unpainted_classes(metainfo: Mapping[str, Any]) -> list[int]:
    """Classes under which the image stays as it is.

    Args:
        metainfo (Mapping): Has ``classes`` and ``palette``.

    Returns:
        list[int]: Ids of black classes, and of the background by its name.
    """
    return [
        index for index, (name, color) in enumerate(
            zip(metainfo['classes'], metainfo['palette']))
        if max(color) <= _BLACK or name.lower() in _BACKGROUND
    ]


def overlay(image: np.ndarray, label: np.ndarray, metainfo: Mapping[str, Any],
            opacity: float) -> np.ndarray:
    """Blend an image with the colors of its classes, and outline them.

    Args:
        image (np.ndarray): Values of shape (H, W) or (H, W, C), three
            channels in BGR order.
        label (np.ndarray): Class ids of shape (H, W), uint8.
        metainfo (Mapping): Has ``classes`` and ``palette``.
        opacity (float): Share of the colors, in [0, 1]; twice as much in
            outlines.

    Returns:
        np.ndarray: RGB image of shape (H, W, 3), uint8. The background keeps
        the colors of the image.
    """
    shown = np.ascontiguousarray(to_rgb(_in_8_bits(image), metainfo, bgr=True))
    colors = color_label(label, metainfo['palette'])
    blended = cv2.addWeighted(shown, 1 - opacity, colors, opacity, 0)
    painted = ~np.isin(label, unpainted_classes(metainfo))
    outlined = _borders(label) & painted
    strong = min(1., 2 * opacity)
    blended[outlined] = np.rint(
        (1 - strong) * shown[outlined] + strong * colors[outlined])
    blended[~painted] = shown[~painted]
    return blended


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


def _borders(label: np.ndarray) -> np.ndarray:
    """Pixels (H, W) beside another class, wider in large images."""
    border = np.zeros(label.shape, np.uint8)
    down = label[1:] != label[:-1]
    right = label[:, 1:] != label[:, :-1]
    border[1:] |= down
    border[:-1] |= down
    border[:, 1:] |= right
    border[:, :-1] |= right
    width = max(label.shape) // 4000
    if width > 0:
        square = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
        return cv2.dilate(border, square).astype(bool)
    return border.astype(bool)


def _in_8_bits(image: np.ndarray) -> np.ndarray:
    """Values in [0, 255]; larger ones are scaled to be visible."""
    if image.dtype == np.uint8 or image.max(initial=0) <= 255:
        return image
    low, high = np.percentile(image, (1, 99))
    return (image.astype(np.float32) - low) * (255 / max(high - low, 1e-6))
