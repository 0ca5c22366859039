"""Large images are cut into tiles once, at their native scale."""
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from mmseg_fst.datasets.image_names import name_in_folder
from mmseg_fst.datasets.loading import LoadWholeImage
from mmseg_fst.utils.file_patterns import ARRAY_ENDING
from mmseg_fst.utils.files import (
    IGNORE,
    atomic_write,
    count_pixels,
    parallel_map,
)

from .class_list import to_class_ids
from .survey import SurveyedImage, Tile
from .task import Side
from .task_settings import LARGE

# Types of values that PNG files hold.
_PNG_TYPES = ('uint8', 'uint16')


def tile_positions(length: int, size: int, overlap: int) -> list[int]:
    """First pixels of tiles, evenly spaced, that cover a side of an image.

    Args:
        length (int): Length of the side.
        size (int): Size of a tile.
        overlap (int): Least overlap of neighboring tiles; less than the size.

    Returns:
        list[int]: The positions; 0 alone if the side is not longer than a
        tile.
    """
    if length <= size:
        return [0]
    count = -(-(length - overlap) // (size - overlap))
    return np.linspace(0, length - size, count).round().astype(int).tolist()


def _stems(images: Sequence[SurveyedImage]) -> dict[str, str]:
    """By image the beginning of the names of its tiles.

    Its path without the extension, or with it, if another image or tile may
    have the same name.
    """
    stems = [name_in_folder(image.image) for image in images]
    taken = Counter(stems)
    # Other images that are called like a tile.
    taken.update(stem.rpartition('_y')[0] for stem in stems if '_y' in stem)
    return {image.image: stem if taken[stem] == 1 else image.image
            for image, stem in zip(images, stems)}


def _tiles_of(image: SurveyedImage, stem: str, size: int, overlap: int,
              channels: int, band: tuple[float, float]) -> list[Tile]:
    """Tiles that cover a band of an image, row by row."""
    png = image.values.dtype in _PNG_TYPES and channels in (1, 3)
    first, last = (round(end * image.size[0]) for end in band)
    height, width = last - first, image.size[1]
    return [
        Tile(first + top, left, min(size, height), min(size, width),
             image.size, stem, '.png' if png else ARRAY_ENDING)
        for top in tile_positions(height, size, overlap)
        for left in tile_positions(width, size, overlap)
    ]


def cut_side(side: Side, size: int, overlap: int, channels: int,
             limit: float = LARGE, workers: int = 2,
             band: tuple[float, float] = (0., 1.)) -> Side:
    """Replace large images by their tiles; nothing is written yet.

    All tiles of an image are on the same side. Labeled tiles that show no
    class are left out.

    Args:
        side (Side): The images.
        size (int): Height and width of a tile; smaller if the image is.
        overlap (int): Least overlap of neighboring tiles.
        channels (int): Number of channels that are trained on.
        limit (float): Number of pixels above which an image is cut. Defaults
            to 16 million.
        workers (int): Number of threads. Defaults to 2.
        band (tuple[float, float]): Which rows of large images to cut, as
            fractions of the height. Defaults to all.

    Returns:
        Side: With tiles instead of large images.
    """

    def cut(image: SurveyedImage) -> list[SurveyedImage]:
        if image.size[0] * image.size[1] <= limit:
            return [image]
        tiles = _tiles_of(image, stems[image.image], size, overlap,
                          channels, band)
        if side.source is None:
            return [image._replace(tile=tile, size=(tile.height, tile.width))
                    for tile in tiles]
        raw = side.source.read(side.root, image.label, image.size)
        classes = side.source.classes
        found = []
        for tile in tiles:
            part, _, approximated, distance = to_class_ids(
                tile.cut(raw.values), classes)
            pixels = count_pixels(part, len(classes.names))
            if pixels:
                found.append(image._replace(
                    tile=tile, size=part.shape,
                    pixels=pixels, ignored=int((part == IGNORE).sum()),
                    as_is=False, approximated=approximated,
                    distance=distance))
        return found

    if all(image.size[0] * image.size[1] <= limit for image in side.images):
        return side
    stems = _stems(side.images)
    parts = parallel_map(cut, side.images, workers, 'Tiles')
    return side._replace(images=[image for part in parts for image in part])


def group_tiles(images: Sequence[SurveyedImage]
                ) -> list[list[SurveyedImage]]:
    """Group tiles by their image, which is then read once.

    Args:
        images (Sequence[SurveyedImage]): Images and tiles.

    Returns:
        list[list[SurveyedImage]]: The tiles of each image, or the image.
    """
    groups: dict[str, list[SurveyedImage]] = defaultdict(list)
    for image in images:
        groups[image.image].append(image)
    return list(groups.values())


def write_tiles(folder: Path, side: Side, channels: int,
                workers: int = 2) -> None:
    """Write the tiles of all images that are cut.

    Args:
        folder (Path): Folder for the files, which have the values of the
            image: PNG, or arrays where PNG cannot hold them.
        side (Side): Images and tiles.
        channels (int): Number of channels that are trained on.
        workers (int): Number of threads. Defaults to 2.
    """
    loader = LoadWholeImage(channels=channels)

    def write(tiles: list[SurveyedImage]) -> None:
        path = str(side.root / tiles[0].image)
        array = loader.match_channels(loader.read(path), path)
        for image in tiles:
            assert image.tile is not None
            _save(folder / image.path, image.tile.cut(array))

    groups = [group for group in group_tiles(side.images) if group[0].tile]
    if groups:
        parallel_map(write, groups, workers, 'Writing tiles')


def _save(path: Path, array: np.ndarray) -> None:
    """Write a tile; arrays of three channels are in the order RGB."""
    with atomic_write(path) as temporary:
        if path.suffix == ARRAY_ENDING:
            np.save(temporary, array[..., ::-1]
                    if array.shape[2:] == (3, ) else array)
        elif not cv2.imwrite(str(temporary), array):
            raise OSError(f'{path} cannot be written. Check the free space '
                          'of the disk.')
