"""Packs: images that are decoded and resized once, stored as raw pixels.

A pack is a folder. ``items.bin`` contains the items in order, each with the
length of its header, the header (a Python literal) and the pixels of image
and label. ``index.npz`` contains the offsets of the items and is written last.
"""
import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional

import numpy as np
from mmcv.transforms import BaseTransform

ITEMS, INDEX = 'items.bin', 'index.npz'
_HEAD_LENGTH = np.dtype('<u4')
# Types of arrays: labels and plain images, and stretched images.
_TYPES = ('uint8', 'float32')


def encode_item(item: Mapping[str, Any]) -> np.ndarray:
    """Encode an item as bytes.

    Args:
        item (Mapping[str, Any]): Arrays of uint8 or float32, and values that
            a Python literal can represent, by key.

    Returns:
        np.ndarray: Bytes of shape (L,), uint8.

    Raises:
        TypeError: If a value has another type.
    """
    arrays = {
        key: value
        for key, value in item.items() if isinstance(value, np.ndarray)
    }
    values = {key: value for key, value in item.items() if key not in arrays}
    for key, array in arrays.items():
        if array.dtype.name not in _TYPES:
            raise TypeError(f'{key!r} must be {" or ".join(_TYPES)} to be '
                            f'packed, got {array.dtype}.')
    shapes = {key: array.shape for key, array in arrays.items()}
    types = {
        key: array.dtype.name
        for key, array in arrays.items() if array.dtype != np.uint8
    }
    # Items of bytes alone have the head that they always had.
    head = repr((shapes, values, types) if types else (shapes, values))
    try:
        ast.literal_eval(head)
    except (SyntaxError, ValueError) as error:
        raise TypeError('Only values that a Python literal can represent '
                        f'can be packed, got {values}.') from error
    content = head.encode()
    length = np.array([len(content)], _HEAD_LENGTH)
    return np.concatenate([
        length.view(np.uint8),
        np.frombuffer(content, np.uint8),
        *(np.ascontiguousarray(array).ravel().view(np.uint8)
          for array in arrays.values())
    ])


def decode_item(record: np.ndarray) -> dict[str, Any]:
    """Decode an item.

    Args:
        record (np.ndarray): Result of :func:`encode_item`, (L,), uint8.

    Returns:
        dict[str, Any]: The item; its arrays are copies.
    """
    start = _HEAD_LENGTH.itemsize
    end = start + int(record[:start].view(_HEAD_LENGTH)[0])
    shapes, item, *types = ast.literal_eval(
        record[start:end].tobytes().decode())
    for key, shape in shapes.items():
        dtype = np.dtype(types[0].get(key, 'uint8') if types else 'uint8')
        start, end = end, end + int(np.prod(shape)) * dtype.itemsize
        # Copied first, so that the values are aligned.
        item[key] = np.array(record[start:end]).view(dtype).reshape(shape)
    return item


class LoadPacked(BaseTransform):
    """Read an image and its label from a pack.

    It replaces the transforms that created the pack, with bitwise equal
    pixels.

    Args:
        folder (str): Folder of the pack.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.offsets = np.load(Path(folder) / INDEX)['offsets']
        self._items: Optional[np.ndarray] = None

    def __getstate__(self) -> dict:
        """Exclude the items, which would be copied to each worker."""
        return {**vars(self), '_items': None}

    @property
    def items(self) -> np.ndarray:
        """All items as bytes, (L,), uint8; memory-mapped on first access."""
        if self._items is None:
            mapped = np.memmap(Path(self.folder) / ITEMS, np.uint8, mode='r')
            self._items = mapped.view(np.ndarray)
        return self._items

    def transform(self, results: dict) -> dict:
        """Load one image.

        Args:
            results (dict): With ``sample_idx``, the index in the data set.

        Returns:
            dict: With the fields that the replaced transforms add.
        """
        index = results['sample_idx']
        start, end = self.offsets[index:index + 2]
        return {**results, **decode_item(self.items[start:end])}
