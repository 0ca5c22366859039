"""Images under the colors of their classes."""
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from .images import color_label

# Names of classes that are no objects, in lower case.
_BACKGROUND = ('background', 'bg', 'void', 'none', 'unlabeled')
# Largest value of a channel of a color that counts as black.
_BLACK = 15


def is_background(name: str) -> bool:
    """Whether the name of a class is one of the background.

    Args:
        name (str): The name.

    Returns:
        bool: True for ``'background'`` and the like, in any case.
    """
    return name.lower() in _BACKGROUND


def unpainted_classes(metainfo: Mapping[str, Any]) -> list[int]:
    """Classes under which an image stays as it is.

    Args:
        metainfo (Mapping[str, Any]): Has ``classes`` and ``palette``.

    Returns:
        list[int]: Ids of black classes, and of the background by its name.
    """
    return [
        index for index, (name, color) in enumerate(
            zip(metainfo['classes'], metainfo['palette']))
        if max(color) <= _BLACK or is_background(name)
    ]


def tint(shown: np.ndarray, label: np.ndarray, metainfo: Mapping[str, Any],
         opacity: float = .5) -> np.ndarray:
    """Blend an image with the colors of its classes, and outline them.

    Args:
        shown (np.ndarray): RGB image of shape (H, W, 3), uint8.
        label (np.ndarray): Class ids of shape (H, W), uint8.
        metainfo (Mapping[str, Any]): Has ``classes`` and ``palette``.
        opacity (float): Weight of the colors, in [0, 1]; twice as much in
            outlines. Defaults to 0.5.

    Returns:
        np.ndarray: RGB image of shape (H, W, 3), uint8. The background keeps
        the colors of the image, see :func:`unpainted_classes`; ids outside
        of the palette are white.
    """
    shown = np.ascontiguousarray(shown)
    colors = color_label(label, metainfo['palette'])
    blended = cv2.addWeighted(shown, 1 - opacity, colors, opacity, 0)
    painted = ~np.isin(label, unpainted_classes(metainfo))
    outlined = _borders(label) & painted
    strong = min(1., 2 * opacity)
    blended[outlined] = np.rint(
        (1 - strong) * shown[outlined] + strong * colors[outlined])
    blended[~painted] = shown[~painted]
    return blended


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
    square = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    return cv2.dilate(border, square).astype(bool)
