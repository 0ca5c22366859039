"""Where the masks of a task come from: files, or annotations of COCO."""
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional, Protocol

from mmseg_fst.utils.file_patterns import (
    MASK_ENDINGS,
    describe_foreign,
    find_by_pattern,
)

from .annotations import (
    Categories,
    CocoFile,
    coco_categories,
    labelme_categories,
    rasterize_labelme,
    read_categories,
)
from .class_list import ClassList, default_tolerance, read_class_list
from .file_lists import find_names
from .mask_files import RawMask, read_mask, resize_nearest, same_aspect

#: Words of a pattern and what they match; pairs images and masks.
Key = tuple[tuple[str, str], ...]
_JSON = '.json'


class MaskSource(Protocol):
    """Masks of the images of a folder."""

    @property
    def classes(self) -> ClassList:
        """The classes of the masks."""

    def find(self, root: Path, images: Mapping[Key, str]) -> dict[Key, str]:
        """Find the masks of images.

        Args:
            root (Path): The folder.
            images (Mapping[Key, str]): Paths of the images.

        Returns:
            dict[Key, str]: Name of each mask, by the key of its image.
        """

    def read(self, root: Path, label: str, size: tuple[int, int]) -> RawMask:
        """Read a mask.

        Args:
            root (Path): The folder.
            label (str): Name of the mask.
            size (tuple[int, int]): Height and width of its image.

        Returns:
            RawMask: Its values.
        """

    def describe(self, root: Path, label: str) -> str:
        """Name a mask in messages.

        Args:
            root (Path): The folder.
            label (str): Name of the mask.

        Returns:
            str: Text such as its path.
        """


class FileMasks(NamedTuple):
    """One mask file for each image: an image, an array, or LabelMe JSON.

    Attributes:
        pattern (str): Pattern of the masks, which may lie elsewhere.
        option (str): Command-line option that gives it, for messages.
        exclude (Sequence[str]): Patterns of files to skip.
        classes (ClassList): The classes.
        categories (Categories, optional): Classes of LabelMe files. Defaults
            to None: masks are images.
        resize (bool): Whether to resize masks of the same aspect ratio as
            their image to its size, without new values. Defaults to False.
    """
    pattern: str
    option: str
    exclude: Sequence[str]
    classes: ClassList
    categories: Optional[Categories] = None
    resize: bool = False

    def find(self, root: Path, images: Mapping[Key, str]) -> dict[Key, str]:
        """See :class:`MaskSource`.

        Args:
            root (Path): The folder.
            images (Mapping[Key, str]): Paths of the images.

        Returns:
            dict[Key, str]: Path of each mask, relative to the folder.

        Raises:
            FileNotFoundError: If no file matches the pattern.
            ValueError: If files that match cannot be read, or two have the
                same key.
        """
        found = find_by_pattern(
            root, self.pattern, self.option, MASK_ENDINGS, self.exclude,
            inside=False)
        foreign = describe_foreign(root, self.pattern, MASK_ENDINGS,
                                   self.exclude, images)
        if foreign:
            raise ValueError(f'{root}: {foreign} Convert them, or leave them '
                             'out with --exclude.')
        return found

    def read(self, root: Path, label: str, size: tuple[int, int]) -> RawMask:
        """See :class:`MaskSource`.

        Args:
            root (Path): The folder.
            label (str): Path of the mask, relative to the folder.
            size (tuple[int, int]): Height and width of its image.

        Returns:
            RawMask: Its values.

        Raises:
            ValueError: If it cannot be read.
        """
        path = root / label
        if self.categories is not None:
            return RawMask(rasterize_labelme(path, self.categories, size))
        if path.suffix.lower() == _JSON:
            raise ValueError(f'{path} is a JSON file among images. Give a '
                             f'pattern of one kind with {self.option}.')
        raw = read_mask(path, self.classes)
        shape = raw.values.shape[:2]
        if self.resize and shape != size and same_aspect(shape, size):
            return RawMask(resize_nearest(raw.values, size))
        return raw

    def describe(self, root: Path, label: str) -> str:
        """See :class:`MaskSource`.

        Args:
            root (Path): The folder.
            label (str): Path of the mask, relative to the folder.

        Returns:
            str: Its path.
        """
        return str(root / label)


class CocoMasks(NamedTuple):
    """Masks of a COCO file.

    Attributes:
        file (CocoFile): The file.
        categories (Categories): The classes.
        empty_is_background (bool): Whether images without annotation have a
            mask, of background alone. Defaults to False.
    """
    file: CocoFile
    categories: Categories
    empty_is_background: bool = False

    @property
    def classes(self) -> ClassList:
        """The classes of the masks."""
        return self.categories.classes

    def find(self, root: Path, images: Mapping[Key, str]) -> dict[Key, str]:
        """See :class:`MaskSource`; images of the file must exist.

        Args:
            root (Path): The folder.
            images (Mapping[Key, str]): Paths of the images.

        Returns:
            dict[Key, str]: Id of each annotated image in the file, as text.

        Raises:
            ValueError: If images of the file are not among the images, or
                several entries are of one image.
        """
        annotated = {index: name for index, name in self.file.images.items()
                     if self.empty_is_background
                     or self.file.is_annotated(index)}
        left_out = len(self.file.images) - len(annotated)
        if left_out:
            print(f'{left_out} images of {self.file.path} have no annotation: '
                  'they are not labeled. If they show background alone, add '
                  '--empty-is-background.')
        keys = find_names(annotated.values(), images, str(self.file.path),
                          root)
        repeated = [images[key] for key, count in Counter(keys).items()
                    if count > 1]
        if repeated:
            raise ValueError(
                f'{self.file.path} has several entries for one image file, '
                f'such as {repeated[0]}. Merge their annotations into one '
                'entry.')
        return dict(zip(keys, annotated))

    def read(self, root: Path, label: str, size: tuple[int, int]) -> RawMask:
        """See :class:`MaskSource`.

        Args:
            root (Path): The folder.
            label (str): Id of the image in the file, as text.
            size (tuple[int, int]): Height and width of the image.

        Returns:
            RawMask: Train ids.
        """
        return RawMask(self.file.rasterize(label, self.categories, size))

    def describe(self, root: Path, label: str) -> str:
        """See :class:`MaskSource`.

        Args:
            root (Path): The folder.
            label (str): Id of the image in the file, as text.

        Returns:
            str: The file and the image.
        """
        return f'{self.file.path}, image {self.file.images[label]}'


def is_coco(pattern: str) -> bool:
    """Whether a pattern of masks is the path of a COCO file.

    Args:
        pattern (str): The pattern.

    Returns:
        bool: Whether it is a JSON file without words in braces.
    """
    return pattern.lower().endswith(_JSON) and '{' not in pattern


class Layout(NamedTuple):
    """Images and masks of a folder.

    Attributes:
        root (Path): The folder.
        images (str): Pattern of the images.
        masks (str): Pattern of the masks, or path of a COCO file, relative to
            the folder or to the current folder.
        name (str): Beginning of the options, such as ``'validation-'``.
    """
    root: Path
    images: str
    masks: str
    name: str = ''

    def find_images(self, exclude: Sequence[str]) -> dict[Key, str]:
        """Find the images.

        Args:
            exclude (Sequence[str]): Patterns of files to skip.

        Returns:
            dict[Key, str]: Paths relative to the folder.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If two have the same key.
        """
        return find_by_pattern(self.root, self.images, f'--{self.name}images',
                               exclude=exclude)

    @property
    def coco_path(self) -> Path:
        """Path of the COCO file."""
        inside = self.root / self.masks
        return inside if inside.is_file() else Path(self.masks)


def open_sources(layouts: Sequence[Layout], class_file: Optional[Path],
                 exclude: Sequence[str], nearest: Optional[float],
                 empty_is_background: bool = False,
                 resize: bool = False) -> list[MaskSource]:
    """Open the masks of several folders, which have the same classes.

    Args:
        layouts (Sequence[Layout]): The folders.
        class_file (Path, optional): Class list; only annotations can do
            without.
        exclude (Sequence[str]): Patterns of files to skip.
        nearest (float, optional): Tolerance of values, negative for half of
            the smallest distance of two classes, None for none.
        empty_is_background (bool): See :class:`CocoMasks`. Defaults to False.
        resize (bool): See :class:`FileMasks`. Defaults to False.

    Returns:
        list[MaskSource]: One for each folder.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the class list is missing or not valid, or masks and
            annotations are mixed.
    """
    kinds = {_JSON if layout.masks.lower().endswith(_JSON) else ''
             for layout in layouts}
    if len(kinds) > 1:
        raise ValueError('Masks of one task must be either images or JSON '
                         'files. Convert one of them.')
    if kinds != {_JSON}:
        if class_file is None:
            raise ValueError('Masks that are images need a class list. Add '
                             '--classes FILE.')
        classes = read_class_list(class_file)
        if nearest is not None:
            classes = classes._replace(
                tolerance=default_tolerance(classes) if nearest < 0
                else nearest)
        return [FileMasks(layout.masks, f'--{layout.name}masks', exclude,
                          classes, resize=resize) for layout in layouts]
    files = {layout: CocoFile(layout.coco_path) for layout in layouts
             if is_coco(layout.masks)}
    if class_file is not None:
        categories = read_categories(class_file)
    elif files:
        categories = coco_categories(files.values())
    else:
        categories = labelme_categories(
            layout.root / path for layout in layouts
            for path in find_by_pattern(
                layout.root, layout.masks, f'--{layout.name}masks', (_JSON, ),
                exclude, inside=False).values())
    return [
        CocoMasks(files[layout], categories, empty_is_background)
        if layout in files else
        FileMasks(layout.masks, f'--{layout.name}masks', exclude,
                  categories.classes, categories) for layout in layouts
    ]
