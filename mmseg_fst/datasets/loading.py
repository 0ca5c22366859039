"""Loading of images that must be whole."""
import io
from typing import Optional

import cv2
import mmcv
import mmengine.fileio as fileio
import numpy as np
from mmcv.transforms import LoadImageFromFile
from PIL import ExifTags, Image

from mmseg_fst.registry import TRANSFORMS
from mmseg_fst.utils.files import is_whole

# By how much libjpeg can shrink a photo before it computes the pixels.
_REDUCED = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2
}
# Orientations of EXIF with width and height exchanged.
_ON_THE_SIDE = (5, 6, 7, 8)


@TRANSFORMS.register_module()
class LoadWholeImage(LoadImageFromFile):
    """``LoadImageFromFile`` that refuses damaged files.

    Some versions of OpenCV fill the missing part of a truncated JPEG with
    gray and go on; a network would be trained on it without a word.

    With ``reduce_to`` a JPEG of at least twice the size it is resized to is
    decoded at a half, a quarter or an eighth of its size, which is several
    times as fast, and resized. ``Resize`` of the same scale has to follow, for
    labels and all other images. The pixels then differ a little from those of
    a whole decoding: they are smoother, as nothing is skipped. PNG has to be
    decoded whole.

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

    Raises:
        ValueError: If ``reduce_to`` is given with another backend or
            ``color_type`` than the default.
    """

    def __init__(self,
                 to_float32: bool = False,
                 color_type: str = 'color',
                 imdecode_backend: str = 'cv2',
                 *,
                 backend_args: Optional[dict] = None,
                 reduce_to: Optional[tuple[int, int]] = None) -> None:
        super().__init__(
            to_float32, color_type, imdecode_backend,
            backend_args=backend_args)
        if reduce_to and (color_type, imdecode_backend) != ('color', 'cv2'):
            raise ValueError(
                "LoadWholeImage: reduce_to needs color_type='color' and "
                f"imdecode_backend='cv2', got {color_type!r} and "
                f'{imdecode_backend!r}.')
        self.reduce_to = reduce_to and tuple(reduce_to)

    def transform(self, results: dict) -> Optional[dict]:
        """Load one image.

        Args:
            results (dict): With ``img_path``.

        Returns:
            dict: With ``img``, uint8 of shape (H, W, 3) in BGR order,
            ``img_shape`` and ``ori_shape``, which is that of the file.

        Raises:
            OSError: If the file is missing, truncated or no image.
        """
        path = results['img_path']
        content = fileio.get(path, backend_args=self.backend_args)
        if not is_whole(content):
            raise OSError(f'{path} is truncated: it has no end mark. Copy or '
                          'download the file again.')
        try:
            image, size = self._decode(content)
        except (cv2.error, OSError):  # Pillow's errors are of this kind
            image = None
        if image is None:
            raise OSError(f'{path} is not an image that '
                          f'{self.imdecode_backend} can read. Copy or '
                          'download the file again, or take it out.')
        if self.to_float32:
            image = image.astype(np.float32)
        results['img'] = image
        results['img_shape'] = image.shape[:2]
        results['ori_shape'] = size
        return results

    def _decode(self, content: bytes
                ) -> tuple[Optional[np.ndarray], Optional[tuple[int, int]]]:
        """The image, None if it is none, and the height and width on disk."""
        if self.reduce_to and content.startswith(b'\xff\xd8'):
            size = jpeg_size(content)
            scale = mmcv.rescale_size(size, self.reduce_to)
            for divisor, flag in _REDUCED.items():
                if divisor * scale[0] <= size[0] and \
                        divisor * scale[1] <= size[1]:
                    image = mmcv.imfrombytes(content, flag=flag)
                    # Two roundings might end beside the size of the label.
                    return mmcv.imresize(image, scale), size[::-1]
        image = mmcv.imfrombytes(
            content, flag=self.color_type, backend=self.imdecode_backend)
        return image, None if image is None else image.shape[:2]


def jpeg_size(content: bytes) -> tuple[int, int]:
    """Size of a JPEG, without decoding it.

    Args:
        content (bytes): The bytes of the file.

    Returns:
        tuple[int, int]: Width and height, turned as its EXIF data say.

    Raises:
        OSError: If it is no image.
    """
    with Image.open(io.BytesIO(content)) as image:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
        return image.size[::-1 if orientation in _ON_THE_SIDE else 1]
