"""Area of each class in each image, as a table."""
import csv
from os import path as osp
from typing import NamedTuple

import numpy as np

from mmseg_fst.utils.files import atomic_write

#: File of the table.
AREAS = 'areas.csv'
_COLUMNS = ('image', 'class_id', 'class', 'pixels', 'share')


class Area(NamedTuple):
    """A class in an image.

    Attributes:
        class_id (int): The class.
        name (str): Its name.
        pixels (int): Number of its pixels.
        share (float): Share of all pixels of the image, in [0, 1].
    """
    class_id: int
    name: str
    pixels: int
    share: float


class AreaTable:
    """The table of a folder of predictions.

    Rows of images that are not predicted again stay in it.

    Args:
        folder (str): The folder.
        classes (list[str]): Names of the classes.
    """

    def __init__(self, folder: str, classes: list[str]) -> None:
        self.path = osp.join(folder, AREAS)
        self.classes = classes
        self.rows: dict[str, list[Area]] = {}
        if osp.isfile(self.path):
            with open(self.path, newline='', encoding='utf-8',
                      errors='surrogateescape') as file:
                for row in csv.DictReader(file):
                    self.rows.setdefault(row['image'], []).append(
                        Area(int(row['class_id']), row['class'],
                             int(row['pixels']), float(row['share'])))

    def add(self, image: str, label: np.ndarray) -> None:
        """Count the pixels of an image.

        Args:
            image (str): Its name.
            label (np.ndarray): Class ids of shape (H, W), uint8.
        """
        counts = np.bincount(label.ravel(), minlength=len(self.classes))
        self.rows[image] = [
            Area(index, name, int(count), round(count / label.size, 6))
            for index, (name, count) in enumerate(zip(self.classes, counts))
        ]

    def save(self) -> None:
        """Write the table, sorted by image."""
        with atomic_write(self.path) as temporary, open(
                temporary, 'w', newline='', encoding='utf-8',
                errors='surrogateescape') as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            for image in sorted(self.rows):
                writer.writerows((image, *area) for area in self.rows[image])
