"""From the folders and lists of a user to the sides of a task."""
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from mmseg_fst.utils.file_patterns import (
    IMAGE_ENDINGS,
    count_fixed,
    describe_foreign,
    find_by_pattern,
)

from .file_lists import find_names, read_names
from .mask_sources import Key, Layout, MaskSource
from .survey import Survey, survey_images, survey_pairs
from .task import Side

# Extensions of annotations and notes, which may lie beside images.
_TEXTS = ('.csv', '.txt', '.xml')


class Folder(NamedTuple):
    """Images and masks of a folder.

    Attributes:
        layout (Layout): The folder.
        source (MaskSource): Its masks.
        images (dict[Key, str]): Paths of images, relative to the folder.
        labels (dict[Key, str]): Names of masks, by the key of their image.
    """
    layout: Layout
    source: MaskSource
    images: dict[Key, str]
    labels: dict[Key, str]

    @property
    def taken(self) -> set[Path]:
        """All masks, and all images with a mask."""
        names = [*self.labels.values(), *(
            path for key, path in self.images.items() if key in self.labels)]
        return {(self.layout.root / name).resolve() for name in names}

    def side(self, survey: Survey, paths: Optional[set[str]] = None) -> Side:
        """Make a side of a task.

        Args:
            survey (Survey): Images of this folder.
            paths (set[str], optional): Paths of the images to use. Defaults
                to None: all.

        Returns:
            Side: The images in their order.
        """
        images = [image for image in survey.images
                  if paths is None or image.image in paths]
        return Side(self.layout.root.resolve(), images, self.source)


class Reader(NamedTuple):
    """How files are found and read.

    Attributes:
        exclude (Sequence[str]): Patterns of files to skip.
        channels (int): Number of channels that are trained on.
        workers (int): Number of threads.
    """
    exclude: Sequence[str] = ()
    channels: int = 3
    workers: int = 2

    def find(self, layout: Layout, source: MaskSource) -> Folder:
        """Find the files of a folder.

        Args:
            layout (Layout): The folder.
            source (MaskSource): Its masks.

        Returns:
            Folder: Images and masks.

        Raises:
            FileNotFoundError: If there is no image or no mask.
            ValueError: If two files have the same key.
        """
        images = layout.find_images(self.exclude)
        labels = source.find(layout.root, images)
        # A file that matches both patterns belongs to the more specific one.
        both = set(images.values()) & set(labels.values())
        if both and count_fixed(layout.masks) > count_fixed(layout.images):
            images = {key: path for key, path in images.items()
                      if path not in both}
        elif both:
            labels = {key: path for key, path in labels.items()
                      if path not in both}
        return Folder(layout, source, images, labels)

    def read_pairs(self, folder: Folder,
                   keys: Optional[set[Key]] = None) -> Survey:
        """Read images and their masks.

        Args:
            folder (Folder): The folder.
            keys (set[Key], optional): Keys of the images to read. Defaults to
                None: all.

        Returns:
            Survey: Images and problems.
        """
        images = folder.images if keys is None else {
            key: path for key, path in folder.images.items() if key in keys}
        labels = {key: label for key, label in folder.labels.items()
                  if key in images or key not in folder.images}
        return survey_pairs(folder.layout.root, images, labels, folder.source,
                            self.workers, self.channels)

    def read_images(self, root: Path, images: Sequence[str]) -> Survey:
        """Read images without masks.

        Args:
            root (Path): Their folder.
            images (Sequence[str]): Paths relative to the folder.

        Returns:
            Survey: Images and problems.
        """
        return survey_images(root, images, self.workers, self.channels)


def choose_parts(folder: Folder, lists: Mapping[str, Path],
                 partial: bool) -> dict[str, set[Key]]:
    """Choose the images of each part of the labeled folder.

    Args:
        folder (Folder): The labeled folder.
        lists (Mapping[str, Path]): Lists of its images by part, a key of
            ``file_lists.PARTS``.
        partial (bool): Whether images without mask are unlabeled images.
            Otherwise all images are expected to have one.

    Returns:
        dict[str, set[Key]]: Keys of images by part. Without a list of
        training images, all labeled images in no other list are training
        images.

    Raises:
        ValueError: If a list names images that do not exist, or an image is
            in two lists.
    """
    chosen = _read_lists(folder, lists)
    listed = set().union(*chosen.values())
    rest = [key for key in folder.images if key not in listed]
    if 'training' not in lists:
        chosen['training'] = {key for key in rest
                              if key in folder.labels or not partial}
    if partial and 'unlabeled' not in lists:
        chosen['unlabeled'] = {key for key in rest
                               if key not in folder.labels}
    return chosen


def _read_lists(folder: Folder,
                lists: Mapping[str, Path]) -> dict[str, set[Key]]:
    """Keys of the images in each list."""
    chosen: dict[str, set[Key]] = {}
    for part, path in lists.items():
        keys = set(find_names(read_names(path, part), folder.images,
                              str(path), folder.layout.root))
        for other, others in chosen.items():
            both = sorted(folder.images[key] for key in keys & others)
            if both:
                raise ValueError(
                    f'{path}: {len(both)} images are in the lists of {other} '
                    f'and of {part}, such as {both[0]}. Remove them from one '
                    'list.')
        chosen[part] = keys
    return chosen


def note_unused(folder: Folder, chosen: Mapping[str, set[Key]],
                unlabeled: Collection[Path]) -> None:
    """Print how many labeled images are not used.

    Args:
        folder (Folder): The labeled folder.
        chosen (Mapping[str, set[Key]]): Of :func:`choose_parts`.
        unlabeled (Collection[Path]): Paths of all unlabeled images.
    """
    used = set().union(*chosen.values())
    places = {path.resolve() for path in unlabeled}
    root = folder.layout.root
    rest = [path for key, path in folder.images.items()
            if key in folder.labels and key not in used
            and (root / path).resolve() not in places]
    if rest:
        print(f'{len(rest)} labeled images of {root} are in no list: they '
              f'are not used, such as {rest[0]}.')


def find_unlabeled(root: Path, pattern: str, folders: Sequence[Folder],
                   exclude: Sequence[str]) -> list[str]:
    """Find images without masks in a folder that may also contain masks.

    Args:
        root (Path): The folder.
        pattern (str): Pattern of the images.
        folders (Sequence[Folder]): Folders with masks.
        exclude (Sequence[str]): Patterns of files to skip.

    Returns:
        list[str]: Paths relative to the folder, without masks and without
        images that have a mask, whether or not it can be read.

    Raises:
        FileNotFoundError: If no image matches.
        ValueError: If two images have the same key.
    """
    found = find_by_pattern(root, pattern, '--unlabeled-images',
                            exclude=exclude)
    taken = set().union(*(folder.taken for folder in folders))
    return [path for path in found.values()
            if (root / path).resolve() not in taken]


def note_foreign(root: Path, pattern: str, folders: Sequence[Folder],
                 exclude: Sequence[str]) -> None:
    """Print which files match a pattern of images but cannot be read.

    Args:
        root (Path): The folder of the images.
        pattern (str): Pattern of the images.
        folders (Sequence[Folder]): Folders with masks; files with the
            extension of a mask are not mentioned if masks are in ``root``.
        exclude (Sequence[str]): Patterns of files to skip.
    """
    masks = {(folder.layout.root / name).resolve() for folder in folders
             for name in folder.labels.values()}
    known = {path.suffix.lower() for path in masks
             if path.suffix and path.is_relative_to(root.resolve())}
    foreign = describe_foreign(
        root, pattern, (*IMAGE_ENDINGS, *_TEXTS, *known), exclude)
    if foreign:
        print(f'{root}: {foreign} They are left out.')
