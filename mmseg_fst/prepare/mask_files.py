"""Reading the masks of a user: images, arrays and MATLAB files."""
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.io import loadmat
from scipy.sparse import issparse

from mmseg_fst.datasets.decoding import decode_image
from mmseg_fst.utils.file_patterns import ARRAY_ENDING
from mmseg_fst.utils.files import read_bytes

from .class_list import (
    MAX_ID,
    MIN_ID,
    NO_DATA,
    ClassList,
    distinct_values,
    format_value,
    pack_colors,
)

_HINT = 'Save it again, or remove it.'
# Formats of Pillow that MMSegmentation reads as ids.
_ID_FORMATS = ('PNG', 'TIFF', 'BMP')
_WIDE_MODES = ('I', 'F')
# Values that mark missing data by convention, where no class has them.
_MISSING = (-9999, -2**15, -2**31)
# Tag of GDAL in TIFF files: the value of pixels without data, as text.
_GDAL_NO_DATA = 42113


class RawMask(NamedTuple):
    """A mask as it is in a file.

    Attributes:
        values (np.ndarray): Ids of shape (H, W) and an integer type, or
            colors of shape (H, W, 3), uint8.
        as_is (bool): Whether MMSegmentation reads the same values.
        palette (np.ndarray, optional): Colors of the ids, (N, 3), uint8, if
            the file has a palette.
    """
    values: np.ndarray
    as_is: bool = False
    palette: np.ndarray | None = None


def read_mask(path: Path, classes: ClassList) -> RawMask:
    """Read a mask whose pixels are ids or colors.

    Args:
        path (Path): The file: an image (gray, palette, RGB(A), 16 bits or
            floating point), an ``.npy`` array, or a ``.mat`` file.
        classes (ClassList): The classes, with ids or colors.

    Returns:
        RawMask: Its values. Floating-point numbers become integers. NaN,
        infinity, what a TIFF file states as missing, and -9999, -32768 and
        -2147483648 become ``NO_DATA``, unless the class list names them.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read, has fractions, or has colors where
            ids are expected or the opposite.
    """
    if path.suffix.lower() in (ARRAY_ENDING, '.mat'):
        return _from_array(_read_array(path), path, classes)
    image, content = _open(path)
    if image is None:  # TIFF files that Pillow does not read
        return _from_array(_decode_tiff(content, path), path, classes)
    if classes.colored:
        return RawMask(np.asarray(image.convert('RGB')))
    if image.mode in ('1', 'P'):
        return _read_indices(image, classes)
    if image.mode == 'L':
        return RawMask(np.asarray(image), image.format in _ID_FORMATS)
    if image.mode in _WIDE_MODES or image.mode.startswith('I;16'):
        ids = _as_ids(np.asarray(image), path)
        return RawMask(_drop_missing(ids, classes, _gdal_missing(image)))
    return RawMask(_as_ids(np.asarray(image.convert('RGB')), path))


def _read_indices(image: Image.Image, classes: ClassList) -> RawMask:
    """Indices of a palette; or its shades of gray, if the list names those.

    Programs that save two shades as a GIF or with one bit choose the indices
    0 and 1, whatever the shades are.
    """
    indices = np.asarray(image).astype(np.uint8)
    levels = np.asarray(image.convert('L'))
    colors = np.asarray(image.convert('RGB'))
    gray = bool((colors == colors[..., :1]).all())

    def known(ids: np.ndarray) -> bool:
        return classes.values.keys() >= set(distinct_values(ids)[0].tolist())

    if gray and not known(indices) and (
            known(levels) or classes.tolerance is not None):
        return RawMask(levels)
    if image.mode == '1':
        return RawMask(indices)
    palette = np.array(image.getpalette(), np.uint8).reshape(-1, 3)
    return RawMask(indices, image.format in _ID_FORMATS, palette)


def _open(path: Path) -> tuple[Image.Image | None, bytes]:
    """Decode an image with Pillow; None for a TIFF file that it refuses."""
    content = read_bytes(path, _HINT)
    try:
        image = Image.open(io.BytesIO(content))
        image.load()
    except Image.DecompressionBombError as error:
        raise ValueError(f'{path} cannot be read ({error}). Divide it into '
                         'tiles.') from error
    except (OSError, SyntaxError) as error:  # SyntaxError: broken PNG chunks
        if content[:2] in (b'II', b'MM'):
            return None, content
        raise ValueError(f'{path} cannot be read ({error}). {_HINT}'
                         ) from error
    return image, content


def _decode_tiff(content: bytes, path: Path) -> np.ndarray:
    """Decode what OpenCV or rasterio read; colors in the order RGB."""
    error: Exception | None = None
    try:
        array = decode_image(content, 0)
    except (OSError, ImportError) as caught:
        array, error = None, caught
    if array is None:
        raise ValueError(f'{path} cannot be read ({error}). {_HINT}'
                         ) from error
    return array[..., ::-1] if array.shape[2:] == (3, ) else array


def _from_array(array: np.ndarray, path: Path,
                classes: ClassList) -> RawMask:
    """A mask of the values that the class list expects."""
    if classes.colored:
        return RawMask(_as_colors(array, path))
    return RawMask(_drop_missing(_as_ids(array, path), classes))


def _as_ids(array: np.ndarray, path: Path) -> np.ndarray:
    """Ids (H, W) of integers, from any numbers."""
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim == 3 and array.shape[2] in (3, 4):
        # Some programs save ids as RGB with three equal channels.
        if (array[..., :3] == array[..., :1]).all():
            return _as_ids(array[..., 0], path)
        values = distinct_values(pack_colors(_as_colors(array, path)))[0]
        shown = '; '.join(format_value(value, True)
                          for value in values[:4].tolist())
        raise ValueError(
            f'{path} has colors ({shown}{" ..." if len(values) > 4 else ""}), '
            "but the class list has none. Write lines 'name = R G B'.")
    if array.ndim != 2:
        raise ValueError(f'{path} has the shape {array.shape}; a mask has the '
                         'shape (H, W). Save one id for each pixel.')
    if array.dtype == bool:
        return array.astype(np.uint8)
    if array.dtype.kind in 'iu':
        return array
    array = array.astype(np.float64)  # which holds all ids
    valid = np.isfinite(array) & (array >= MIN_ID) & (array <= MAX_ID)
    ids = np.where(valid, np.where(valid, array, 0).round(), NO_DATA)
    fractions = valid & (array != ids)
    if fractions.any():
        raise ValueError(
            f'{path} has fractions such as {array[fractions][0]:g}, in '
            f'{fractions.sum()} pixels: it shows probabilities or is '
            'interpolated. Multiply by 255 and save it with 8 bits, and give '
            "ranges in the class list, such as 'name = 128-255'.")
    return ids.astype(np.int64)


def _as_colors(array: np.ndarray, path: Path) -> np.ndarray:
    """Colors (H, W, 3) of 8 bits; arrays are in the order RGB."""
    if array.ndim == 2:
        array = np.stack([array] * 3, -1)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or (
            array.dtype != np.uint8):
        raise ValueError(
            f'{path} has the shape {array.shape} of {array.dtype}, but the '
            'class list has colors. Save it as RGB with 8 bits, or give ids '
            'in the class list.')
    return array[..., :3]


def _gdal_missing(image: Image.Image) -> tuple[int, ...]:
    """The value that a TIFF file calls missing, if any."""
    try:
        return int(float(getattr(image, 'tag_v2', {})[_GDAL_NO_DATA])),
    except (KeyError, ValueError, OverflowError):
        return ()


def _drop_missing(ids: np.ndarray, classes: ClassList,
                  stated: tuple[int, ...] = ()) -> np.ndarray:
    """Mark pixels without data, whose value is not in the class list."""
    marks = [value for value in (*stated, *_MISSING)
             if value not in classes.values]
    missing = np.isin(ids, marks)
    if not missing.any():
        return ids
    return np.where(missing, NO_DATA, ids.astype(np.int64))


def _read_array(path: Path) -> np.ndarray:
    """Read the array of an ``.npy`` or ``.mat`` file."""
    if not path.is_file():
        raise FileNotFoundError(f'{path} is missing. {_HINT}')
    if path.suffix.lower() == ARRAY_ENDING:
        try:
            return np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise ValueError(f'{path} cannot be read ({error}). {_HINT}'
                             ) from error
    try:
        content = loadmat(path)
    except NotImplementedError as error:  # HDF5
        raise ValueError(f'{path} is a MATLAB file of version 7.3, which '
                         "SciPy cannot read. Save it with save(..., '-v7'), "
                         'or save PNG files with imwrite.') from error
    except Exception as error:  # loadmat raises many kinds on damaged files
        raise ValueError(f'{path} cannot be read as a MATLAB file ({error}). '
                         f'{_HINT}') from error
    found = _arrays_of(content)
    largest = max((array.size for array in found.values()), default=0)
    masks = [name for name, array in found.items() if array.size == largest]
    if len(masks) != 1:
        shown = ', '.join(f'{name} {found[name].shape}' for name in masks)
        raise ValueError(f'{path} must have one array for the mask, found '
                         f'{shown or "none"}. Save the mask alone.')
    return found[masks[0]]


def _arrays_of(content: dict | np.void, prefix: str = ''
               ) -> dict[str, np.ndarray]:
    """Arrays of numbers in a MATLAB file, also in its structures."""
    names = (content.dtype.names if isinstance(content, np.void)
             else content) or ()
    found: dict[str, np.ndarray] = {}
    for name in names:
        value = content[name]
        if name.startswith('__') or issparse(value) or not isinstance(
                value, np.ndarray):
            continue
        if value.dtype.names and value.size == 1:
            found.update(_arrays_of(value.flat[0], f'{prefix}{name}.'))
        elif value.dtype.kind in 'biuf' and value.ndim in (2, 3) and (
                min(value.shape[:2]) > 1):
            found[prefix + name] = value
    return found


def same_aspect(shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    """Whether a mask has the aspect ratio of an image, but for rounding.

    Args:
        shape (tuple[int, ...]): Height and width of the mask.
        size (tuple[int, int]): Height and width of the image.

    Returns:
        bool: Whether resizing one side leaves the other within a pixel.
    """
    factor = shape[1] / size[1]
    return abs(shape[0] - factor * size[0]) <= max(1, factor)


def resize_nearest(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a mask without new values.

    Args:
        values (np.ndarray): Of shape (H, W, ...).
        size (tuple[int, int]): New height and width.

    Returns:
        np.ndarray: The value at the center of each new pixel.
    """
    rows, columns = (
        ((np.arange(new) + .5) * old / new).astype(int)
        for new, old in zip(size, values.shape))
    return values[rows[:, None], columns]
