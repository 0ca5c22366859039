"""Loading of images that must be whole, of any number of channels."""
from collections.abc import Sequence
from typing import Any, Optional, Union

import cv2
import mmcv
import mmengine.fileio as fileio
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import BaseDataset, Compose

from mmseg_fst.registry import TRANSFORMS
from mmseg_fst.utils.files import is_whole
from mmseg_fst.utils.images import to_rgb

from .decoding import decode_image, jpeg_size

# By how much libjpeg can shrink a photo before it computes the pixels.
_REDUCED = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2
}
# A value for all channels, or a value for each.
Bound = Union[float, Sequence[float]]


@TRANSFORMS.register_module()
class LoadWholeImage(LoadImageFromFile):
    """``LoadImageFromFile`` that refuses damaged files.

    Some versions of OpenCV fill the missing part of a truncated JPEG with
    gray and go on; a network would be trained on it without a word.

    With ``reduce_to`` a JPEG of at least twice the size it is resized to is
    decoded at a half, a quarter or an eighth of its size, which is several
    times as fast, and resized. ``Resize`` of the same scale has to follow, for
    labels and all other images. The pixels then differ a little from a full
    decoding: they are smoother, because no pixel is skipped. PNG is always
    decoded in full.

    Images of three channels are in BGR order, as everywhere in
    MMSegmentation; images of any other number of channels are in the order of
    the file. A gray image has the shape (H, W).

    Args:
        to_float32 (bool): Whether to return float32 instead of uint8.
            Defaults to False.
        color_type (str): As of :func:`mmcv.imfrombytes`. Defaults to 'color'.
        imdecode_backend (str): As of :func:`mmcv.imfrombytes`. Defaults to
            'cv2'.
        backend_args (dict, optional): Where files lie that are not on disk,
            see :func:`mmengine.fileio.get`. Defaults to None.
        reduce_to (tuple[int, int], optional): ``scale`` of the ``Resize``
            that follows, with ``keep_ratio=True``. Defaults to None: images
            are decoded whole.
        channels (int): Number of channels of an image. With 3, gray images
            are repeated and alpha channels are left out; with 1, color images
            become gray; any other number must be that of the file. Defaults
            to 3, or 1 with ``color_type='grayscale'``.
        stretch (tuple, optional): Lowest and highest value, each a number or
            a number for each channel in the order of the file. They become 0
            and 255, values between them float32 numbers, and values beyond
            them are clipped. Defaults to None: images have 8 bits.

    Raises:
        ValueError: If ``reduce_to``, ``channels`` or ``stretch`` is given
            with another backend or ``color_type`` than the default, or a
            value is out of its range.

    Example:
        Six bands of reflectances, from 0 to 3000::

            dict(type='LoadWholeImage', channels=6, stretch=(0, 3000))
    """

    def __init__(self,
                 to_float32: bool = False,
                 color_type: str = 'color',
                 imdecode_backend: str = 'cv2',
                 *,
                 backend_args: Optional[dict] = None,
                 reduce_to: Optional[tuple[int, int]] = None,
                 channels: Optional[int] = None,
                 stretch: Optional[tuple[Bound, Bound]] = None) -> None:
        super().__init__(
            to_float32, color_type, imdecode_backend,
            backend_args=backend_args)
        plain = (color_type, imdecode_backend) == ('color', 'cv2')
        for name, value in (('reduce_to', reduce_to), ('channels', channels),
                            ('stretch', stretch)):
            if value is not None and not plain:
                raise ValueError(
                    f"LoadWholeImage: {name} needs color_type='color' and "
                    f"imdecode_backend='cv2', got {color_type!r} and "
                    f'{imdecode_backend!r}.')
        if reduce_to and (channels not in (None, 3) or stretch):
            raise ValueError('LoadWholeImage: reduce_to needs 3 channels of 8 '
                             'bits. Take out reduce_to.')
        if channels is None:
            channels = 1 if color_type == 'grayscale' else 3
        if not isinstance(channels, int) or channels < 1:
            raise ValueError('LoadWholeImage: channels must be a positive '
                             f'integer, got {channels!r}.')
        # Lists, as of JSON, are not taken for sizes by mmcv.
        self.reduce_to = (reduce_to[0], reduce_to[1]) if reduce_to else None
        self.channels = channels
        self.stretch = stretch
        #: Whether values end in [0, 255]; else mmcv decides.
        self.as_8_bits = imdecode_backend == 'cv2' and color_type in (
            'color', 'grayscale')
        if stretch is not None:
            self._low, self._factor = self._scaling(stretch)

    def _scaling(self, stretch: tuple[Bound, Bound]
                 ) -> tuple[np.ndarray, np.ndarray]:
        """What to subtract and to multiply by, in the order of images."""
        try:
            low, high = (
                np.broadcast_to(np.asarray(bound, np.float32), self.channels)
                for bound in stretch)
            valid = bool((low < high).all())
        except (TypeError, ValueError):
            valid = False
        if not valid:
            raise ValueError(
                'LoadWholeImage: stretch must be a lower and a higher value, '
                f'each a number or {self.channels} numbers, got {stretch!r}.')
        if self.channels == 3:
            low, high = low[::-1], high[::-1]
        return low.copy(), 255 / (high - low)

    def transform(self, results: dict) -> Optional[dict]:
        """Load one image.

        Args:
            results (dict): With ``img_path``.

        Returns:
            dict: With ``img`` of shape (H, W, C), or (H, W) if gray, uint8,
            or float32 if stretched; ``img_shape``; and ``ori_shape``, which
            is that of the file.

        Raises:
            ImportError: If the file needs a package that is missing.
            OSError: If the file is missing, truncated or not an image.
            ValueError: If it has other channels than expected, or more than
                8 bits without a stated ``stretch``.
        """
        path = results['img_path']
        image, size = self._read(path, self.reduce_to)
        image = self.prepare(image, path)
        results['img'] = image
        results['img_shape'] = image.shape[:2]
        results['ori_shape'] = size
        return results

    def read(self, path: str) -> np.ndarray:
        """Read the values of a whole file as they are.

        Args:
            path (str): The file.

        Returns:
            np.ndarray: Of shape (H, W) or (H, W, C), of the type of the file;
            three channels in BGR order.

        Raises:
            ImportError: If the file needs a package that is missing.
            OSError: If the file is missing, truncated or not an image.
        """
        return self._read(path, None)[0]

    def prepare(self, image: np.ndarray, name: str) -> np.ndarray:
        """Bring the values of an image to the form that is trained on.

        Args:
            image (np.ndarray): Of shape (H, W) or (H, W, C), three channels
                in BGR order; of any type.
            name (str): What to call the image in messages.

        Returns:
            np.ndarray: Of shape (H, W, C), or (H, W) if gray; uint8, or
            float32 in [0, 255] if stretched.

        Raises:
            ValueError: If it has other channels than expected, or more than
                8 bits without a stated ``stretch``.
        """
        if self.as_8_bits:
            image = self._to_8_bits(self.match_channels(image, name), name)
        return image.astype(np.float32) if self.to_float32 else image

    def _to_8_bits(self, image: np.ndarray, name: str) -> np.ndarray:
        """Values in [0, 255]: stretched, or of 8 bits."""
        if self.stretch is not None:
            values = (image.astype(np.float32) - self._low) * self._factor
            # Where values are missing (NaN) an image is black.
            return np.nan_to_num(values, nan=0.).clip(0, 255)
        if image.dtype != np.uint8:
            low, high = np.nanmin(image), np.nanmax(image)
            raise ValueError(
                f'{name} has values of {image.dtype}, from {low} to {high}, '
                'not of 8 bits. State which values become 0 and 255 in the '
                "config, for example dict(type='LoadWholeImage', "
                f'stretch={suggest_stretch(image.dtype, low, high)}).')
        return image

    def match_channels(self, image: np.ndarray, name: str) -> np.ndarray:
        """Convert between gray and color; raise on any other mismatch.

        Args:
            image (np.ndarray): Of shape (H, W) or (H, W, C), three channels
                in BGR order.
            name (str): What to call the image in messages.

        Returns:
            np.ndarray: Of shape (H, W, channels), or (H, W) if gray.

        Raises:
            ValueError: If it has other channels than expected.
        """
        if image.ndim == 3 and image.shape[2] == 1:
            image = image[..., 0]
        found = image.shape[2] if image.ndim == 3 else 1
        if found == self.channels and image.ndim in (2, 3):
            return image
        if image.ndim in (2, 3) and {found, self.channels} == {1, 3}:
            return cv2.cvtColor(
                np.ascontiguousarray(image), cv2.COLOR_GRAY2BGR
                if found == 1 else cv2.COLOR_BGR2GRAY)
        raise ValueError(
            f'{name} has the shape {image.shape}, but images of '
            f'{self.channels} channels are expected. Give LoadWholeImage '
            f'channels={found}, with as many numbers in '
            'data_preprocessor.mean and std, or convert the image.')

    def _read(self, path: str, reduce_to: Optional[tuple[int, int]]
              ) -> tuple[np.ndarray, tuple[int, int]]:
        """Values of a file, and the height and width on disk."""
        content = fileio.get(path, backend_args=self.backend_args)
        if not is_whole(content):
            raise OSError(f'{path} is truncated: it has no end mark. Copy or '
                          'download the file again.')
        try:
            image, size = self._decode(content, reduce_to)
        except ImportError as error:
            raise ImportError(f'{path}: {error}') from error
        # Pillow and rasterio raise OSError, NumPy ValueError.
        except (cv2.error, OSError, ValueError):
            image, size = None, None
        if image is None or size is None:
            raise OSError(f'{path} is not an image that '
                          f'{self.imdecode_backend} can read. Copy or '
                          'download the file again, or take it out.')
        return image, size

    def _decode(self, content: bytes, reduce_to: Optional[tuple[int, int]]
                ) -> tuple[Optional[np.ndarray], Optional[tuple[int, int]]]:
        """The image, None if it is none, and the height and width on disk."""
        if reduce_to and content.startswith(b'\xff\xd8'):
            size = jpeg_size(content)
            scale = mmcv.rescale_size(size, reduce_to)
            for divisor, flag in _REDUCED.items():
                if divisor * scale[0] <= size[0] and \
                        divisor * scale[1] <= size[1]:
                    image = mmcv.imfrombytes(content, flag=flag)
                    # Two roundings might end beside the size of the label.
                    return mmcv.imresize(image, scale), size[::-1]
        if self.as_8_bits:
            image = decode_image(content, self.channels)
        else:
            image = mmcv.imfrombytes(
                content, flag=self.color_type, backend=self.imdecode_backend)
        return image, None if image is None else image.shape[:2]


def suggest_stretch(dtype: Union[str, np.dtype], low: float,
                    high: float) -> tuple[float, float]:
    """The range of values that images of more than 8 bits may have.

    Args:
        dtype (str | np.dtype): Type of the values.
        low (float): Lowest value that was found.
        high (float): Highest value that was found.

    Returns:
        tuple[float, float]: Of unsigned integers from 0 to the largest value
        of as many bits as are in use, such as (0, 4095); else both values.
    """
    if np.dtype(dtype).kind == 'u':
        return 0, 2**max(int(high).bit_length(), 8) - 1
    return float(low), float(high)


def loader_of(pipeline: Sequence[dict[str, Any]]) -> LoadWholeImage:
    """The step of a pipeline that loads images.

    Args:
        pipeline (Sequence[dict]): Configs of transforms.

    Returns:
        LoadWholeImage: The first one; with the defaults if there is none.
    """
    for step in pipeline:
        if step['type'] in ('LoadWholeImage', LoadWholeImage):
            return TRANSFORMS.build(step)
    return LoadWholeImage()


def load_rgb(path: str, dataset: BaseDataset) -> np.ndarray:
    """Load an image of a data set to show it.

    Args:
        path (str): The image.
        dataset (BaseDataset): Its data set, whose pipeline says how images are
            loaded and whose ``metainfo`` how they are shown, see
            :func:`mmseg_fst.utils.images.to_rgb`.

    Returns:
        np.ndarray: RGB image of shape (H, W, 3), uint8.

    Raises:
        OSError: If it cannot be read.
    """
    metainfo = dataset.metainfo
    while not hasattr(dataset, 'pipeline') and hasattr(dataset, 'datasets'):
        dataset = dataset.datasets[0]  # of a concatenation
    steps = getattr(dataset, 'pipeline', Compose([])).transforms
    loader = next(
        (step for step in steps if isinstance(step, LoadWholeImage)),
        LoadWholeImage())
    image = loader.prepare(loader.read(path), path)
    return to_rgb(image, metainfo, bgr=True)
