"""From the bytes of an image file to its values, of any number of channels."""
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Optional

import cv2
import mmcv
import numpy as np
from PIL import ExifTags, Image, TiffImagePlugin

# Orientations of EXIF with width and height exchanged.
_ON_THE_SIDE = (5, 6, 7, 8)
_NPY = b'\x93NUMPY'
_TIFF = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
# Tags of TIFF, and the value of the photometric one that means RGB.
_BITS, _PHOTOMETRIC, _SAMPLES, _PLANAR, _EXTRA = 258, 262, 277, 284, 338
_FORMAT = 339
# Values of the photometric tag and of the format.
_GRAY, _RGB, _PALETTE, _FLOAT = (0, 1), 2, 3, 3
# ANYDEPTH: without it OpenCV shifts 16 bits to 8.
FLAGS = {
    1: cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH,
    3: cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
}


def jpeg_size(content: bytes) -> tuple[int, int]:
    """Size of a JPEG, without decoding it.

    Args:
        content (bytes): The bytes of the file.

    Returns:
        tuple[int, int]: Width and height, turned as its EXIF data say.

    Raises:
        OSError: If it is not an image.
    """
    with Image.open(io.BytesIO(content)) as image:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
        width, height = image.size
    turned = orientation in _ON_THE_SIDE
    return (height, width) if turned else (width, height)


def decode_image(content: bytes, channels: int) -> Optional[np.ndarray]:
    """Decode an image without changing its values.

    OpenCV decodes what it can. It drops or changes bands of many TIFF files,
    which rasterio decodes. ``.npy`` files hold arrays (H, W) or (H, W, C).

    Args:
        content (bytes): The bytes of the file.
        channels (int): Number of channels that are expected. For 1 and 3
            OpenCV converts between gray and color, and leaves out an alpha
            channel. Otherwise all channels of the file are returned.

    Returns:
        np.ndarray | None: Of shape (H, W) or (H, W, C) and the type of the
        file. Three channels are in BGR order, any other number in the order
        of the file. None if OpenCV cannot read it.

    Raises:
        ImportError: If rasterio is needed and missing.
        OSError: If it is a damaged TIFF file.
        ValueError: If it is a damaged ``.npy`` file.
    """
    if content.startswith(_NPY):
        image = np.load(io.BytesIO(content), allow_pickle=False)
        return _swap_three(image)
    flag = FLAGS.get(channels, cv2.IMREAD_UNCHANGED)
    tags = _tiff_tags(content) if content.startswith(_TIFF) else None
    if tags is not None and not _opencv_reads(tags, channels):
        return _swap_three(_decode_bands(content))
    if tags is not None and _FLOAT in tags.get(_FORMAT, ()):
        flag = cv2.IMREAD_UNCHANGED  # OpenCV converts integers alone
    with _quiet_opencv(tags is not None):
        image = mmcv.imfrombytes(content, flag=flag, backend='cv2')
    if image is None and tags is not None and find_spec('rasterio'):
        return _swap_three(_decode_bands(content))  # small tiles, for example
    if image is not None and image.shape[2:] == (4, ):
        image = image[..., [2, 1, 0, 3]]
    return image


def count_channels(content: bytes) -> int:
    """Count the channels of an image file.

    Args:
        content (bytes): The bytes of an image that can be decoded.

    Returns:
        int: Their number. A palette counts as three.
    """
    if content.startswith(_NPY):
        shape = np.load(io.BytesIO(content), allow_pickle=False).shape
        return shape[2] if len(shape) == 3 else 1
    if content.startswith(_TIFF):
        tags = _tiff_tags(content)
        palette = tags.get(_PHOTOMETRIC) == _PALETTE
        return 3 if palette else tags.get(_SAMPLES, 1)
    with Image.open(io.BytesIO(content)) as image:
        return 3 if image.mode == 'P' else len(image.getbands())


@contextmanager
def _quiet_opencv(active: bool) -> Iterator[None]:
    """Leave out warnings, such as one for each tag of a GeoTIFF."""
    logging = cv2.utils.logging
    level = logging.getLogLevel()
    if active:
        logging.setLogLevel(logging.LOG_LEVEL_ERROR)
    try:
        yield
    finally:
        logging.setLogLevel(level)


def _swap_three(image: np.ndarray) -> np.ndarray:
    """RGB as BGR; images of other numbers of channels as they are."""
    return image[..., ::-1] if image.shape[2:] == (3, ) else image


def _tiff_tags(content: bytes) -> TiffImagePlugin.ImageFileDirectory_v2:
    """Tags of the first image of a TIFF file; Pillow decodes no pixels."""
    head = content[:16 if 43 in content[2:4] else 8]  # BigTIFF has 16
    file = io.BytesIO(content)
    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(head)
        file.seek(tags.next)
        tags.load(file)
    except Exception as error:  # Pillow raises many kinds on damaged tags
        raise OSError(f'its TIFF tags cannot be read ({error})') from error
    return tags


def _opencv_reads(tags: TiffImagePlugin.ImageFileDirectory_v2,
                  channels: int) -> bool:
    """Whether OpenCV gives the values of a TIFF file as they are.

    It takes bands that are not marked as RGB for one gray channel, reads
    bands that are stored one after another only in part, and multiplies
    colors by an alpha channel.
    """
    samples = tags.get(_SAMPLES, 1)
    if samples == 1:
        return True
    photometric = tags.get(_PHOTOMETRIC)
    if channels == 3 and max(tags.get(_BITS, (1, ))) <= 8 and (
            samples == 3 or samples == 4 and photometric not in _GRAY):
        return True
    plain = photometric == _RGB and tags.get(_PLANAR, 1) == 1
    return plain and (samples == 3 or samples == 4
                      and (channels == 3 or not any(tags.get(_EXTRA, ()))))


def _decode_bands(content: bytes) -> np.ndarray:
    """All bands of a TIFF file, (H, W, C)."""
    try:
        import rasterio
    except ImportError as error:
        raise ImportError(
            'This TIFF file has bands that OpenCV cannot read, and rasterio '
            'is not installed; run: pip install rasterio, or install this '
            "package with pip install -e '.[bands]', or save the image as an "
            '.npy file of shape (H, W, C).') from error
    with warnings.catch_warnings():
        # Images need no place on Earth.
        warnings.simplefilter(
            'ignore', rasterio.errors.NotGeoreferencedWarning)
        with rasterio.MemoryFile(content) as file, file.open() as image:
            return np.ascontiguousarray(image.read().transpose(1, 2, 0))
