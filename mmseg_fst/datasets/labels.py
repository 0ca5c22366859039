"""From the pixels of a mask file to class ids."""
from contextlib import suppress
from pathlib import Path
from typing import Optional, Union

import mmcv
import mmengine.fileio as fileio
import numpy as np
from mmseg.datasets.transforms import LoadAnnotations as _LoadAnnotations
from PIL import Image

from mmseg_fst.registry import TRANSFORMS
from mmseg_fst.utils.files import IGNORE, is_whole

from .decoding import decode_image

#: What ends every message on a mask that cannot be used as it is.
CONVERT = ('Convert the labels with tools/new_task.py, whose class list says '
           'which value is which class')
# Values of a mask that a message shows at most.
_SHOWN = 6


def read_mask_ids(path: Union[str, Path]) -> np.ndarray:
    """Read the ids of a mask file.

    Args:
        path (str | Path): Any format of Pillow, a TIFF file of one band, or
            an ``.npy`` file of shape (H, W). Of a palette image the indices
            are read, not the colors.

    Returns:
        np.ndarray: Ids of shape (H, W), see :func:`mask_ids`.

    Raises:
        OSError: If the file is missing, truncated or not an image.
        ValueError: See :func:`mask_ids`.
    """
    return mask_ids(_decode(Path(path).read_bytes(), str(path)), str(path))


def mask_ids(mask: np.ndarray, name: str) -> np.ndarray:
    """Ids of a mask whose pixels are numbers of any type.

    Args:
        mask (np.ndarray): Pixels as they are in the file: (H, W), or
            (H, W, C) with two or four channels if the last one is alpha, and
            three or four if the colors are in RGB order.
        name (str): What to call the mask in messages.

    Returns:
        np.ndarray: Ids of shape (H, W), of an integer type: that of the file,
        uint8 for truth values, and int64 for floats, whose NaN, which marks
        pixels without data, becomes ``IGNORE``.

    Raises:
        ValueError: If channels differ (colors), or floats are not integers.
    """
    if mask.ndim == 3:
        mask = _single_channel(mask, name)
    if mask.ndim != 2:
        raise ValueError(f'{name} has the shape {mask.shape}; a mask must '
                         'have one number for each pixel.')
    if mask.dtype == bool:
        return mask.astype(np.uint8)
    if mask.dtype.kind != 'f':
        return mask
    unknown = np.isnan(mask)
    ids = np.where(unknown, IGNORE, mask)
    wrong = ids != np.round(ids)
    if wrong.any() or np.abs(ids).max(initial=0) > np.iinfo(np.int32).max:
        raise ValueError(
            f'{name} holds numbers that are not class ids: '
            f'{show_values(ids[wrong] if wrong.any() else ids)}. Save one '
            'integer for each pixel, or round the mask: probabilities and '
            'smoothed edges belong to no class.')
    return ids.astype(np.int64)


def _single_channel(mask: np.ndarray, name: str) -> np.ndarray:
    """The ids of a mask whose colors are shades of gray."""
    colors = mask[..., :mask.shape[2] - 1 + mask.shape[2] % 2]
    if (colors == colors[..., :1]).all():
        return colors[..., 0]
    flat = colors.reshape(-1, colors.shape[2])
    # Sorting all pixels of a large mask takes seconds.
    found = np.unique(flat[::max(1, len(flat) // 65536)], axis=0)
    shown = '; '.join(' '.join(map(str, color)) for color in found[:_SHOWN])
    raise ValueError(
        f'{name} has colors ({shown}{"; ..." if len(found) > _SHOWN else ""}'
        f'), but class ids are expected. {CONVERT}, in lines such as '
        f"'road = {' '.join(map(str, found[-1]))}'.")


def show_values(values: np.ndarray) -> str:
    """List the different values of an array, for a message.

    Args:
        values (np.ndarray): Numbers of any shape.

    Returns:
        str: The first few, sorted, such as ``'0, 128, 200'``.
    """
    found = np.unique(values)
    more = f', ... ({len(found)} values)' if len(found) > _SHOWN else ''
    return ', '.join(f'{value:g}' for value in found[:_SHOWN]) + more


def _decode(content: bytes, name: str, backend: str = 'pillow') -> np.ndarray:
    """The pixels of a mask file; colors in RGB order."""
    if not is_whole(content):
        raise OSError(f'{name} is truncated: it has no end mark. Copy or '
                      'download the file again.')
    for decode in (_of_mmcv, _of_array):
        with suppress(OSError, ValueError, SyntaxError,
                      Image.DecompressionBombError):
            mask = decode(content, backend)
            if mask is not None:
                return mask.squeeze(2) if mask.shape[2:] == (1, ) else mask
    raise OSError(f'{name} is not a mask that can be read. Save it as a PNG '
                  'of one channel.')


def _of_mmcv(content: bytes, backend: str) -> Optional[np.ndarray]:
    """What a library of mmcv decodes; colors as RGB."""
    mask = mmcv.imfrombytes(content, flag='unchanged', backend=backend)
    if mask is None or mask.shape[2:] not in ((3, ), (4, )):
        return mask
    return mask[..., [2, 1, 0, 3][:mask.shape[2]]]


def _of_array(content: bytes, backend: str) -> Optional[np.ndarray]:
    """An ``.npy`` file, or a TIFF file that no library of mmcv decodes."""
    return decode_image(content, 0)


@TRANSFORMS.register_module()
class LoadAnnotations(_LoadAnnotations):
    """MMSegmentation's ``LoadAnnotations``, which never changes an id.

    Read as 8 bits, the id 256 of a 16-bit mask would become class 0, -9999
    of a mask of floats class 241, and colors a label of three channels. Ids
    from 0 to 255 of any number type are read; anything else is an error that
    names the file. Whether an id is a class is checked where the number of
    classes is known, see :func:`check_label`.

    The arguments are MMSegmentation's: ``reduce_zero_label``, ``backend_args``
    and ``imdecode_backend``.

    Raises:
        OSError: If a file is missing, truncated or not an image.
        ValueError: If a mask holds colors, fractions, or ids beyond 255.
    """

    def _load_seg_map(self, results: dict) -> None:
        """Load one label.

        Args:
            results (dict): With ``seg_map_path``, ``reduce_zero_label``,
                ``seg_fields`` and, optionally, ``label_map``. Receives
                ``gt_seg_map``, (H, W), uint8.
        """
        path = results['seg_map_path']
        content = fileio.get(path, backend_args=self.backend_args)
        ids = to_bytes(
            mask_ids(_decode(content, path, self.imdecode_backend), path),
            path)
        reduce = results['reduce_zero_label']
        if self.reduce_zero_label not in (None, reduce):
            raise ValueError(
                f'LoadAnnotations has reduce_zero_label='
                f'{self.reduce_zero_label}, its data set {reduce}. Set it in '
                'the data set alone.')
        if reduce:
            table = np.arange(-1, IGNORE).astype(np.uint8)
            table[IGNORE] = IGNORE
            ids = table[ids]
        if results.get('label_map') is not None:
            table = np.arange(256, dtype=np.uint8)
            for old, new in results['label_map'].items():
                table[old] = new
            ids = table[ids]
        results['gt_seg_map'] = ids
        results['seg_fields'].append('gt_seg_map')


def to_bytes(ids: np.ndarray, name: str) -> np.ndarray:
    """Ids as bytes, none of which changes.

    Args:
        ids (np.ndarray): Ids of shape (H, W), of an integer type.
        name (str): What to call the mask in messages.

    Returns:
        np.ndarray: The same, uint8.

    Raises:
        ValueError: If an id is below 0 or above 255.
    """
    if ids.dtype == np.uint8:
        return ids
    wrong = (ids < 0) | (ids > IGNORE)
    if wrong.any():
        raise ValueError(
            f'{name} holds {show_values(ids[wrong])} in {wrong.sum()} of '
            f'{wrong.size} pixels; class ids are 0 to 254, and 255 is '
            f"ignored. {CONVERT}, and 'ignore = VALUE' which marks pixels "
            'without a class.')
    return ids.astype(np.uint8)
