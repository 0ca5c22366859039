"""Rendering label maps and titled figures."""
import os
from collections.abc import Sequence
from os import path as osp

import cv2
import numpy as np

_IGNORED = (255, 255, 255)
_TITLE_HEIGHT = 18


def color_label(label: np.ndarray, palette: Sequence[Sequence[int]]
                ) -> np.ndarray:
    """Color a label map.

    Args:
        label (np.ndarray): Class ids of shape (H, W), below 256; ids outside
            of the palette become white.
        palette (Sequence[Sequence[int]]): RGB color of each class.

    Returns:
        np.ndarray: RGB image of shape (H, W, 3), uint8.

    Example:
        >>> write_image('label.png', color_label(label, dataset.PALETTE))
    """
    colors = np.full((256, 3), _IGNORED, np.uint8)
    colors[:len(palette)] = palette
    return colors[label.astype(np.uint8)]


def titled(title: str, tiles: Sequence[np.ndarray]) -> np.ndarray:
    """Stack images vertically below a title, with a border.

    Args:
        title (str): A short title.
        tiles (Sequence[np.ndarray]): RGB images of equal shape (H, W, 3),
            uint8.

    Returns:
        np.ndarray: RGB image of shape (n * H + 20, W + 2, 3), uint8.
    """
    header = np.full((_TITLE_HEIGHT, tiles[0].shape[1], 3), 255, np.uint8)
    cv2.putText(header, title, (3, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4,
                (0, 0, 0), 1, cv2.LINE_AA)
    column = np.concatenate([header, *tiles])
    return np.pad(column, ((1, 1), (1, 1), (0, 0)), constant_values=255)


def write_image(path: str, image: np.ndarray) -> None:
    """Write an image and create its folder.

    Args:
        path (str): File to write; its extension selects the format.
        image (np.ndarray): RGB image of shape (H, W, 3), uint8.

    Raises:
        OSError: If the file cannot be written.
    """
    os.makedirs(osp.dirname(path) or os.curdir, exist_ok=True)
    if not cv2.imwrite(path, image[..., ::-1]):  # OpenCV writes BGR
        raise OSError(f'{path} could not be written; is the disk full?')
