"""The place on Earth of a GeoTIFF, kept in its prediction."""
import importlib.util
import warnings
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np
from PIL import Image

from mmseg_fst.utils.files import atomic_write

#: Endings of files that may have a georeference.
TIFF_ENDINGS = ('.tif', '.tiff')
# Tags of a TIFF file with one: scale and tie points, or a matrix.
_TAGS = (33550, 33922, 34264)


def georeference(path: str) -> Optional[dict[str, Any]]:
    """Where an image lies.

    Args:
        path (str): An image file.

    Returns:
        dict | None: ``crs`` and ``transform`` or ``gcps``, as of rasterio;
        None if the file has no georeference, or rasterio is missing.
    """
    if not path.lower().endswith(TIFF_ENDINGS):
        return None
    if importlib.util.find_spec('rasterio') is None:
        if _has_tags(path):
            warnings.warn(
                'An image has a georeference, which is not kept in the '
                'prediction; run: pip install rasterio, or install this '
                "package with pip install -e '.[bands]'.", stacklevel=2)
        return None
    import rasterio
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of files without a georeference
        with rasterio.open(path) as image:
            points, points_crs = image.gcps
            if not image.transform.is_identity:
                return dict(crs=image.crs, transform=image.transform)
            return dict(crs=points_crs, gcps=points) if points else None


def save_geotiff(path: str, label: np.ndarray, place: dict[str, Any],
                 palette: Sequence[Sequence[int]]) -> None:
    """Write a label map with a georeference, atomically.

    Args:
        path (str): The GeoTIFF file to write.
        label (np.ndarray): Class ids of shape (H, W), uint8.
        place (dict): Of :func:`georeference`.
        palette (Sequence[Sequence[int]]): RGB color of each class.
    """
    import rasterio
    with atomic_write(path) as temporary, rasterio.open(
            temporary, 'w', driver='GTiff', height=label.shape[0],
            width=label.shape[1], count=1, dtype='uint8', compress='deflate',
            **place) as file:
        file.write(label, 1)
        file.write_colormap(
            1, {index: tuple(color) for index, color in enumerate(palette)})


def _has_tags(path: str) -> bool:
    """Whether the tags of a TIFF file say where it lies."""
    try:
        with Image.open(path) as image:
            return any(tag in image.getexif() for tag in _TAGS)
    except OSError:
        return False
