"""Files of class probabilities: arrays, and images for people."""
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from os import path as osp

import numpy as np
from PIL import Image

from mmseg_fst.utils.files import atomic_write

_ARRAYS, _IMAGES = 'probabilities', 'probability_images'
# From the first row and probabilities (C, h, W) to nothing.
_Write = Callable[[int, np.ndarray], None]


class ProbabilityFiles:
    """Writes probabilities some rows at a time; the memory stays small.

    Args:
        folder (str): Folder of the predictions.
        classes (Sequence[str]): Names of the classes.
        arrays (bool): Whether to write ``probabilities/NAME.npy``, of shape
            (C, H, W), float16.
        images (bool): Whether to write ``probability_images/NAME/``, a gray
            PNG for each class whose values 0 to 255 are 0 to 1.
    """

    def __init__(self, folder: str, classes: Sequence[str], arrays: bool,
                 images: bool) -> None:
        self.folder = folder
        self.arrays = arrays
        self.images = images
        self.names = [
            f'{index}_{re.sub(r"[^A-Za-z0-9_-]+", "_", name)}.png'
            for index, name in enumerate(classes)
        ]

    @property
    def wanted(self) -> bool:
        """Whether probabilities are needed."""
        return self.arrays or self.images

    def has(self, name: str) -> bool:
        """Whether all files of an image are there.

        Args:
            name (str): Name of the image.

        Returns:
            bool: True if nothing is left to be written.
        """
        paths = [self._array_path(name)] if self.arrays else []
        if self.images:
            paths += self._image_paths(name)
        return all(map(osp.isfile, paths))

    @contextmanager
    def writer(self, name: str, size: tuple[int, ...]) -> Iterator[_Write]:
        """A function that takes the probabilities of the next rows.

        Args:
            name (str): Name of the image.
            size (tuple[int, int]): Its height and width.

        Yields:
            Callable: Takes the first row and probabilities (C, h, W).
        """
        if not self.wanted:
            yield lambda start, rows: None
            return
        temporary = self._array_path(name) + '.part'
        os.makedirs(osp.dirname(temporary), exist_ok=True)
        try:
            array = np.lib.format.open_memmap(
                temporary, 'w+', np.float16, (len(self.names), *size))

            def write(start: int, rows: np.ndarray) -> None:
                array[:, start:start + rows.shape[1]] = rows

            yield write
            array.flush()
            if self.images:
                self._save_images(name, array)
            if self.arrays:
                os.replace(temporary, self._array_path(name))
        finally:
            if osp.isfile(temporary):
                os.remove(temporary)
            if not self.arrays:
                _remove_empty(osp.dirname(temporary), self.folder)

    def _array_path(self, name: str) -> str:
        """Path of the array of an image."""
        return osp.join(self.folder, _ARRAYS, name + '.npy')

    def _image_paths(self, name: str) -> list[str]:
        """Paths of the images of an image, one for each class."""
        return [osp.join(self.folder, _IMAGES, name, each)
                for each in self.names]

    def _save_images(self, name: str, array: np.ndarray) -> None:
        """Write an image for each class."""
        for path, share in zip(self._image_paths(name), array):
            values = np.rint(share.astype(np.float32) * 255).astype(np.uint8)
            with atomic_write(path) as temporary:
                Image.fromarray(values).save(temporary)


def _remove_empty(folder: str, root: str) -> None:
    """Remove a folder and those above it, below a root, while empty."""
    while osp.abspath(folder) != osp.abspath(root):
        try:
            os.rmdir(folder)
        except OSError:
            return
        folder = osp.dirname(folder)
