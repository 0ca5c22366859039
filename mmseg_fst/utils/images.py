"""Rendering images, label maps and titled figures."""
import os
from collections.abc import Mapping, Sequence
from os import path as osp
from typing import Any

import cv2
import numpy as np

_IGNORED = (255, 255, 255)
_WRONG = (214, 39, 40)
_TITLE_HEIGHT = 18


def to_rgb(image: np.ndarray, metainfo: Mapping[str, Any],
           bgr: bool = False) -> np.ndarray:
    """Show an image of any number of channels as people see images.

    Everything that draws images of a data set calls it.

    Args:
        image (np.ndarray): Values in [0, 255] of shape (H, W) or (H, W, C).
        metainfo (Mapping[str, Any]): Of the data set. ``rgb_channels`` names
            the channels that are shown as red, green and blue, or one that is
            shown as gray. Without it they are the first three; the first
            alone, if there are fewer.
        bgr (bool): Whether images of three channels are in BGR order, as
            data sets load them. Defaults to False.

    Returns:
        np.ndarray: RGB image of shape (H, W, 3), uint8.

    Raises:
        ValueError: If ``rgb_channels`` does not fit the image.

    Example:
        Images of blue, green, red and infrared, shown in natural colors::

            metainfo = dict(classes=..., palette=..., rgb_channels=(2, 1, 0))
    """
    image = image[..., None] if image.ndim == 2 else image
    count = image.shape[2]
    if bgr and count == 3:
        image = image[..., ::-1]
    chosen = metainfo.get('rgb_channels') or range(3 if count >= 3 else 1)
    if len(chosen) not in (1, 3) or not all(
            0 <= channel < count for channel in chosen):
        raise ValueError(
            f'metainfo.rgb_channels={tuple(chosen)} must name one or three of '
            f'the {count} channels, counted from 0.')
    shown = image[..., list(chosen)]
    if shown.dtype != np.uint8:
        shown = shown.round().clip(0, 255).astype(np.uint8)
    return np.repeat(shown, 3, 2) if len(chosen) == 1 else shown


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


def error_map(image: np.ndarray, prediction: np.ndarray, label: np.ndarray,
              num_classes: int) -> np.ndarray:
    """Mark the wrong pixels of a prediction in red.

    Args:
        image (np.ndarray): RGB image of shape (H, W, 3), uint8, shown in gray
            and brightened.
        prediction (np.ndarray): Class ids of shape (H, W).
        label (np.ndarray): True class ids of shape (H, W); ids outside of
            [0, num_classes) are unknown and shown in white.
        num_classes (int): Number of classes.

    Returns:
        np.ndarray: RGB image of shape (H, W, 3), uint8.
    """
    gray = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    shown = np.repeat((128 + gray // 2)[..., None], 3, 2)
    shown[prediction != label] = _WRONG
    shown[label >= num_classes] = _IGNORED
    return shown


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


def write_image(path: str, image: np.ndarray) -> None:
    """Write an image and create its folder.

    Args:
        path (str): File to write; its extension selects the format.
        image (np.ndarray): RGB image of shape (H, W, 3), uint8.

    Raises:
        OSError: If the file cannot be written.
    """
    os.makedirs(osp.dirname(path) or os.curdir, exist_ok=True)
    # OpenCV encodes BGR, and does not write names that are not UTF-8.
    done, content = cv2.imencode(osp.splitext(path)[1], image[..., ::-1])
    if not done:
        raise OSError(f'{path} could not be written.')
    with open(path, 'wb') as file:
        file.write(content.tobytes())
