"""Drawing label maps and titled pictures."""
import os
from collections.abc import Sequence
from os import path as osp

import cv2
import numpy as np

_IGNORED = (255, 255, 255)
_TITLE_HEIGHT = 18


def color_label(label: np.ndarray, palette: Sequence[Sequence[int]]
                ) -> np.ndarray:
    """Paint a label map.

    Args:
        label (np.ndarray): Class ids of shape (H, W), below 256; ids beyond
            the palette are painted white.
        palette (Sequence[Sequence[int]]): RGB color of each class.

    Returns:
        np.ndarray: RGB picture of shape (H, W, 3), uint8.
    """
    colors = np.full((256, 3), _IGNORED, np.uint8)
    colors[:len(palette)] = palette
    return colors[label.astype(np.uint8)]


def titled(title: str, tiles: Sequence[np.ndarray]) -> np.ndarray:
    """Put pictures under each other, a title on top, a border around.

    Args:
        title (str): A short title.
        tiles (Sequence[np.ndarray]): RGB pictures of equal shape (H, W, 3),
            uint8.

    Returns:
        np.ndarray: RGB picture, uint8.
    """
    header = np.full((_TITLE_HEIGHT, tiles[0].shape[1], 3), 255, np.uint8)
    cv2.putText(header, title, (3, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4,
                (0, 0, 0), 1, cv2.LINE_AA)
    column = np.concatenate([header, *tiles])
    return np.pad(column, ((1, 1), (1, 1), (0, 0)), constant_values=255)


def side_by_side(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Put images beside each other, aligned at the top.

    Args:
        columns (Sequence[np.ndarray]): RGB images of shape (H, W, 3), uint8,
            of any heights and widths.

    Returns:
        np.ndarray: RGB image, uint8; white below the shorter ones.
    """
    height = max(len(column) for column in columns)
    return np.concatenate([
        np.pad(column, ((0, height - len(column)), (0, 0), (0, 0)),
               constant_values=255) for column in columns
    ], axis=1)


def write_picture(path: str, picture: np.ndarray) -> None:
    """Write a picture, making its folder.

    Args:
        path (str): File to write; the ending says the format.
        picture (np.ndarray): RGB picture of shape (H, W, 3), uint8.

    Raises:
        OSError: If the file cannot be written.
    """
    os.makedirs(osp.dirname(path) or os.curdir, exist_ok=True)
    if not cv2.imwrite(path, picture[..., ::-1]):
        raise OSError(f'{path} could not be written; is the disk full?')
