"""Loading of images that must be whole."""
from typing import Optional

import cv2
import mmcv
import mmengine.fileio as fileio
import numpy as np
from mmcv.transforms import LoadImageFromFile

from mmseg_fst.registry import TRANSFORMS
from mmseg_fst.utils.files import is_whole


@TRANSFORMS.register_module()
class LoadWholeImage(LoadImageFromFile):
    """``LoadImageFromFile`` that refuses damaged files.

    Some versions of OpenCV fill the missing part of a truncated JPEG with
    grey and go on; a network would be trained on it without a word. Takes the
    arguments of :class:`mmcv.transforms.LoadImageFromFile`.
    """

    def transform(self, results: dict) -> Optional[dict]:
        """Load one image.

        Args:
            results (dict): With ``img_path``.

        Returns:
            dict: With ``img``, uint8 of shape (H, W, 3) in BGR order,
            ``img_shape`` and ``ori_shape``.

        Raises:
            OSError: If the file is missing, truncated or no image.
        """
        path = results['img_path']
        content = fileio.get(path, backend_args=self.backend_args)
        if not is_whole(content):
            raise OSError(f'{path} is truncated: it has no end mark. Copy or '
                          'download the file again.')
        try:
            image = mmcv.imfrombytes(
                content, flag=self.color_type, backend=self.imdecode_backend)
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
        results['ori_shape'] = image.shape[:2]
        return results
