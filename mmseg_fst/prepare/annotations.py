"""Masks from the annotations of COCO and LabelMe, which are JSON files."""
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from mmseg_fst.utils.files import IGNORE

from .class_list import ClassList, check_count, parse_lines, read_text
from .problems import BadFileError

_HOW = ("A line is the name of a category, or 'name = CATEGORY, CATEGORY'; "
        "'ignore = CATEGORY' excludes pixels, and pixels without annotation "
        "belong to the class 'background' if there is one.")
_BACKGROUND = 'background'
_HINT = 'Export it again from the annotation program.'


class Categories(NamedTuple):
    """Classes of annotations that have the names of categories.

    Attributes:
        names (tuple[str, ...]): Names of the classes in the order of their
            train ids.
        targets (dict[str, int]): Train id by category, 255 to ignore.
    """
    names: tuple[str, ...]
    targets: dict[str, int]

    @property
    def background(self) -> int:
        """Train id of pixels without annotation, 255 to ignore them."""
        return next((index for index, name in enumerate(self.names)
                     if name.lower().strip('_') == _BACKGROUND), IGNORE)

    @property
    def classes(self) -> ClassList:
        """Class list of masks that contain the train ids."""
        ids = (*range(len(self.names)), IGNORE)
        return ClassList(self.names, False, {index: index for index in ids})

    def target_of(self, category: str, where: str) -> int:
        """Train id of a category.

        Args:
            category (str): Its name.
            where (str): What contains it, for the message.

        Returns:
            int: Train id, or 255.

        Raises:
            ValueError: If it belongs to no class.
        """
        if category not in self.targets:
            raise BadFileError(
                'annotation of a category that belongs to no class',
                f'{where} contains the category {category!r}, which belongs '
                "to no class. Write the line 'NAME = "
                f"{category}' or 'ignore = {category}' in the class list.")
        return self.targets[category]


def read_categories(path: Path) -> Categories:
    """Read a class list whose values are the names of categories.

    Args:
        path (Path): Text file; a line is ``name``, which is the category of
            that name, or ``name = CATEGORY, CATEGORY ...``.

    Returns:
        Categories: The classes.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a line is not valid, or there are too few or too many
            classes.
    """
    names, targets, bare = parse_lines(
        path, read_text(path, _HOW), _HOW, lambda word: [word])
    check_count(path, names, _HOW)
    for name in bare:
        targets.setdefault(name, names.index(name))
    return Categories(tuple(names), targets)


class CocoFile:
    """Annotations of many images in one file.

    Args:
        path (Path): JSON file in the format of COCO, with ``images``,
            ``annotations`` and ``categories``.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If pycocotools is missing.
        ValueError: If the file has another format.
    """

    def __init__(self, path: Path) -> None:
        try:
            from pycocotools.coco import COCO
        except ImportError as error:
            raise ImportError(
                'COCO annotations need pycocotools; run: pip install '
                "pycocotools, or pip install -e '.[coco]'.") from error
        self.path = path
        content = read_json(path)
        missing = [key for key in ('images', 'annotations', 'categories')
                   if not isinstance(content.get(key), list)]
        if missing:
            raise ValueError(
                f'{path} is not a COCO file: it has no list '
                f'{" and ".join(map(repr, missing))}. {_HINT}')
        self._coco = COCO()
        self._coco.dataset = content
        try:
            with redirect_stdout(StringIO()):  # it reports each step
                self._coco.createIndex()
            names = {index: str(category['name'])
                     for index, category in self._coco.cats.items()}
            self._names = {annotation['id']: names[annotation['category_id']]
                           for annotation in content['annotations']}
            self._ids = {str(index): index for index in self._coco.imgs}
            #: Name of the image file by the id of the image, as text.
            self.images = {
                key: str(self._coco.imgs[index]['file_name'])
                for key, index in self._ids.items()
            }
        except (KeyError, TypeError) as error:
            raise ValueError(f'{path} is not a valid COCO file: an entry has '
                             f'no {error}, or a category {error} is not '
                             f'defined. {_HINT}') from error

    @property
    def categories(self) -> list[str]:
        """Names of categories with annotations (not crowds), by id."""
        used = {annotation['category_id']
                for annotation in self._coco.anns.values()
                if not annotation.get('iscrowd')}
        return [str(self._coco.cats[index]['name']) for index in sorted(used)]

    def is_annotated(self, index: str) -> bool:
        """Whether an image has an annotation.

        Args:
            index (str): Id of the image, as text.

        Returns:
            bool: Whether there is one.
        """
        return bool(self._annotations(index))

    def _annotations(self, index: str) -> list[dict]:
        """Annotations of an image."""
        return self._coco.imgToAnns.get(self._ids[index], [])

    def rasterize(self, index: str, categories: Categories,
                  size: tuple[int, int]) -> np.ndarray:
        """Convert the annotations of an image to train ids.

        Crowds are ignored. Where objects overlap, the smaller is on top.

        Args:
            index (str): Id of the image, as text.
            categories (Categories): The classes.
            size (tuple[int, int]): Height and width of the image.

        Returns:
            np.ndarray: Train ids of shape (H, W), uint8, 255 to ignore.

        Raises:
            ValueError: If an annotation has no mask, another size, or a
                category that belongs to no class.
        """
        where = f'{self.path}, image {self.images[index]}'
        ids = np.full(size, categories.background, np.uint8)
        crowds, objects = [], []
        for annotation in self._annotations(index):
            mask = self._mask_of(annotation, where, size)
            if annotation.get('iscrowd'):
                crowds.append((int(mask.sum()), IGNORE, mask))
                continue
            target = categories.target_of(
                self._names[annotation['id']], where)
            objects.append((int(mask.sum()), target, mask))
        objects.sort(key=lambda item: item[0], reverse=True)
        for _, target, mask in [*crowds, *objects]:
            ids[mask] = target
        return ids

    def _mask_of(self, annotation: dict, where: str,
                 size: tuple[int, int]) -> np.ndarray:
        """Pixels of an annotation, (H, W), bool."""
        image = self._coco.imgs[annotation['image_id']]
        image.setdefault('height', size[0])
        image.setdefault('width', size[1])
        if not annotation.get('segmentation'):
            raise BadFileError(
                'annotation without a mask',
                f'{where}: annotation {annotation["id"]} has '
                             'no segmentation, only a box. Annotate polygons '
                             'or masks.')
        try:
            mask = self._coco.annToMask(annotation).astype(bool)
        except Exception as error:  # pycocotools raises many kinds
            raise ValueError(
                f'{where}: the segmentation of annotation {annotation["id"]} '
                f'is not valid ({error}). {_HINT}') from error
        if mask.shape != size:
            raise BadFileError(
                'annotation of another size than its image',
                f'{where} is {mask.shape[1]} x {mask.shape[0]} in the COCO '
                f'file, but the image is {size[1]} x {size[0]}. Annotate the '
                'image at its size.')
        return mask


def coco_categories(files: Iterable[CocoFile]) -> Categories:
    """Classes of COCO files: background, and all categories in use.

    Args:
        files (Iterable[CocoFile]): The files.

    Returns:
        Categories: The classes, in the order of the ids of the first file.

    Raises:
        ValueError: If the files have no annotation.
    """
    files = list(files)
    names = [name for file in files for name in file.categories]
    if not names:
        raise ValueError(
            f'{" and ".join(str(file.path) for file in files)}: no category '
            f'has an annotation. {_HINT}')
    return Categories(*_with_background(names))


def _with_background(names: Sequence[str]
                     ) -> tuple[tuple[str, ...], dict[str, int]]:
    """Distinct names behind a class for the background, and train ids."""
    distinct = tuple(dict.fromkeys((_BACKGROUND, *names)))
    return distinct, {name: index for index, name in enumerate(distinct)}


def labelme_categories(paths: Iterable[Path]) -> Categories:
    """Classes of LabelMe files: background, and all labels by name.

    Args:
        paths (Iterable[Path]): The JSON files.

    Returns:
        Categories: The classes.

    Raises:
        ValueError: If a file has another format.
    """
    names = {str(shape['label']) for path in paths
             for shape in _shapes_of(path, read_json(path))}
    return Categories(*_with_background(sorted(names)))


def rasterize_labelme(path: Path, categories: Categories,
                      size: tuple[int, int]) -> np.ndarray:
    """Convert the shapes of a LabelMe file to train ids.

    As in LabelMe, a later shape is on top.

    Args:
        path (Path): The JSON file of one image.
        categories (Categories): The classes.
        size (tuple[int, int]): Height and width of the image.

    Returns:
        np.ndarray: Train ids of shape (H, W), uint8, 255 to ignore.

    Raises:
        ValueError: If the file has another format, another size, or a label
            that belongs to no class.
    """
    content = read_json(path)
    stated = content.get('imageHeight'), content.get('imageWidth')
    if None not in stated and stated != size:
        raise BadFileError(
            'annotation of another size than its image',
            f'{path} was made for an image of {stated[1]} x {stated[0]}, but '
            f'the image is {size[1]} x {size[0]}. Annotate the image at its '
            'size.')
    image = Image.new('L', size[::-1], categories.background)
    canvas = ImageDraw.Draw(image)
    for shape in _shapes_of(path, content):
        target = categories.target_of(str(shape['label']), str(path))
        points = [(float(x), float(y)) for x, y in shape['points']]
        kind = shape.get('shape_type') or 'polygon'
        if kind == 'polygon' and len(points) > 2:
            canvas.polygon(points, fill=target)
        elif kind == 'rectangle' and len(points) == 2:
            low, high = map(min, zip(*points)), map(max, zip(*points))
            canvas.rectangle((*low, *high), fill=target)
        elif kind == 'circle' and len(points) == 2:
            canvas.circle(points[0], math.dist(*points), fill=target)
        else:
            raise ValueError(
                f'{path} has a shape {kind!r} of {len(points)} points. '
                'Annotate areas with polygons, rectangles or circles.')
    return np.array(image)


def _shapes_of(path: Path, content: Mapping[str, Any]) -> list[dict]:
    """Shapes of a LabelMe file."""
    shapes = content.get('shapes')
    if not isinstance(shapes, list) or not all(
            isinstance(shape, dict) and {'label', 'points'} <= shape.keys()
            for shape in shapes):
        raise ValueError(
            f"{path} is not a LabelMe file: it has no list 'shapes' of labels "
            'and points. For one COCO file of all images give its path in '
            '--masks, without {name}.')
    return shapes


def read_json(path: Path) -> dict[str, Any]:
    """Read an object of JSON.

    Args:
        path (Path): The file.

    Returns:
        dict: Its content.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not JSON, or not an object.
    """
    if not path.is_file():
        raise FileNotFoundError(f'There is no file {path}. Correct its path.')
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:  # of the text or its encoding
        raise ValueError(f'{path} is not a JSON file ({error}). {_HINT}'
                         ) from error
    if not isinstance(content, dict):
        raise ValueError(f'{path} contains a {type(content).__name__}, not an '
                         f'object of COCO or LabelMe. {_HINT}')
    return content
