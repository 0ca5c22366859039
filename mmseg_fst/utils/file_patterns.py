"""Finding the images of a folder by a pattern of their paths."""
import os
import posixpath
import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Optional, Union

#: Extensions of images, in lower case.
IMAGE_ENDINGS = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
#: Ending of arrays (H, W, C), which are images where a user names them so.
ARRAY_ENDING = '.npy'
# Folders that programs create beside the files of a user.
_FOREIGN_FOLDERS = ('__MACOSX', '@eaDir', '__pycache__')
#: Extensions of masks: images, arrays, MATLAB files and LabelMe polygons.
MASK_ENDINGS = (*IMAGE_ENDINGS, ARRAY_ENDING, '.gif', '.json', '.mat', '.pbm',
                '.pgm', '.pnm', '.ppm')
# Known formats that are not read: what they are, and what converts them.
_CONVERTERS = {
    ('.nii', '.nii.gz', '.nrrd', '.mha', '.mhd'):
    'volumes of medical imaging; save slices as PNG with SimpleITK',
    ('.dcm', '.dicom', '.ima'):
    'DICOM; convert to PNG with dcmj2pnm of DCMTK or with pydicom',
    ('.h5', '.hdf5', '.zarr', '.nc'):
    'arrays of HDF5, Zarr or NetCDF; save each array as .npy with NumPy',
    ('.npz', '.pkl', '.pickle', '.pt'):
    'archives of Python; save each array as .npy with NumPy',
    ('.heic', '.heif', '.avif'):
    "photos of HEIF; convert with ImageMagick: mogrify -format jpg '*.heic'",
    ('.svg', '.psd', '.xcf', '.pdf', '.ai'):
    'documents with layers or vectors; export them as PNG with GIMP or '
    'Inkscape',
    ('.shp', '.geojson', '.gpkg', '.kml'):
    'vectors of a map; convert to TIFF with gdal_rasterize',
    ('.jp2', '.ecw', '.vrt', '.img', '.sid'):
    'rasters; convert to TIFF with gdal_translate',
    ('.svs', '.ndpi', '.czi', '.mrxs', '.scn'):
    'slides of microscopes; export TIFF files with QuPath or OpenSlide',
    ('.cr2', '.cr3', '.nef', '.arw', '.dng', '.raw'):
    'raw photos; convert to TIFF with darktable or dcraw',
    ('.xml', ):
    'annotations in XML; export masks or COCO JSON from the annotation '
    'program (CVAT, Label Studio)',
    ('.exr', '.hdr', '.tga', '.eps'):
    'images of graphics programs; convert to PNG with ImageMagick',
    ('.gif', ):
    "images of GIF, which serve as masks alone; convert with ImageMagick: "
    "mogrify -format png '*.gif'",
    ('.mat', ):
    'MATLAB files, which serve as masks alone; save images with imwrite',
    ('.csv', '.txt'):
    'text; run-length codes and polygons are read from COCO JSON',
}
# Words in braces, and asterisks.
_WORDS = r'(\{\w+\}|\*)'
_HOW = ("A pattern is a path in the folder that contains {name}, such as "
        "'images/{name}.*': {name} stands for any text, folders included; "
        'other words in braces and * stand for any text without a slash.')


def walk_files(root: Union[str, Path],
               endings: tuple[str, ...] = IMAGE_ENDINGS,
               listed: bool = True) -> list[str]:
    """List all images of a folder and its subfolders.

    Hidden files and folders are skipped, as are folders that macOS and NAS
    systems add.

    Args:
        root (str | Path): The folder.
        endings (tuple[str, ...]): File extensions, in lower case. Defaults to
            ``IMAGE_ENDINGS``.
        listed (bool): Whether the paths must fit in the lines of a list.
            Defaults to True.

    Returns:
        list[str]: Sorted paths relative to the folder, with slashes.

    Raises:
        ValueError: If the name of an image cannot be written to a list.
    """
    paths = sorted(
        (Path(parent) / name).relative_to(root).as_posix()
        for parent, names in walk_folders(root) for name in names
        if name.lower().endswith(endings))
    for path in paths if listed else ():
        # Bytes of another encoding are surrogates in Python. A tab or a line
        # break divides a line of a list.
        if re.search('[\t\r\n\ud800-\udfff]', path):
            raise ValueError(
                f'{root}: the file name {ascii(path)} is not UTF-8, or has a '
                'tab or a line break. Rename the file, or all of an encoding '
                'with: convmv -r -f latin1 -t utf8 --notest FOLDER')
    return paths


def walk_folders(root: Union[str, Path]) -> Iterator[tuple[str, list[str]]]:
    """Walk through a folder, links included.

    Args:
        root (str | Path): The folder. A link to a folder that contains it is
            not followed.

    Yields:
        tuple[str, list[str]]: A folder and the names of its files; hidden
        files and folders are left out.
    """
    above = {str(root): {os.path.realpath(root)}}
    for parent, folders, names in os.walk(root, followlinks=True):
        chain = above.pop(str(parent))
        for name in [*folders]:
            path = os.path.join(parent, name)
            place = os.path.realpath(path)
            if (name.startswith('.') or name in _FOREIGN_FOLDERS
                    or place in chain):
                folders.remove(name)
            else:
                above[path] = chain | {place}
        yield parent, [name for name in names if not name.startswith('.')]


def match_any(path: str, patterns: Sequence[str]) -> bool:
    """Whether a path matches a shell pattern, as a whole or by its name.

    Args:
        path (str): Path with slashes.
        patterns (Sequence[str]): Patterns such as ``'*_old.*'`` or
            ``'drafts/*'``; ``*`` matches slashes, too.

    Returns:
        bool: Whether one of them matches the path, its name, or a folder of
        it.
    """
    names = path.split('/')
    parts = {path, *names, *('/'.join(names[:end])
                             for end in range(1, len(names)))}
    return any(fnmatch(part, pattern.strip('/'))
               for pattern in patterns for part in parts)


def _compile(pattern: str) -> re.Pattern:
    """Translate a pattern to a regular expression."""
    expression = ''
    for part in re.split(_WORDS, pattern):
        if part == '*':
            expression += '[^/]*'
        elif part.startswith('{') and part.endswith('}'):
            field = part[1:-1]
            text = '.+' if field == 'name' else '[^/]+'
            # A repeated field must match the same text again.
            expression += (f'(?P={field})' if f'(?P<{field}>' in expression
                           else f'(?P<{field}>{text})')
        else:
            expression += re.escape(part)
    try:
        compiled = re.compile(expression)
    except re.error as error:
        raise ValueError(f'The pattern {pattern!r} is not valid ({error}). '
                         f'{_HOW}') from error
    if 'name' not in compiled.groupindex:
        raise ValueError(f'The pattern {pattern!r} has no {{name}}. {_HOW}')
    return compiled


def count_fixed(pattern: str) -> int:
    """Count the characters of a pattern that every file must contain.

    Args:
        pattern (str): As of :func:`find_by_pattern`.

    Returns:
        int: Characters outside of words in braces and ``*``.
    """
    return len(re.sub(_WORDS, '', pattern))


def _locate(root: Path, pattern: str) -> tuple[Path, str, str]:
    """Folder to search for a pattern, its path in names, and the rest.

    Of a pattern that leaves the folder, only the part without words is
    followed: what is above the folder may be a whole disk.
    """
    pattern = posixpath.normpath(pattern)
    if not pattern.startswith(('../', '/')):
        return root, '', pattern
    parts = pattern.split('/')
    first = next((index for index, part in enumerate(parts)
                  if re.search(_WORDS, part)), len(parts) - 1)
    prefix = '/'.join(parts[:first]) + '/'
    return root / prefix, prefix, '/'.join(parts[first:])


def find_by_pattern(root: Path, pattern: str, option: str,
                    endings: tuple[str, ...] = IMAGE_ENDINGS,
                    exclude: Sequence[str] = (),
                    inside: bool = True
                    ) -> dict[tuple[tuple[str, str], ...], str]:
    """Find images by a pattern, with keys that pair images and masks.

    Args:
        root (Path): The folder.
        pattern (str): Pattern such as ``'{city}/masks/{name}_mask.png'``:
            ``{name}`` matches any text; other words in braces and ``*`` match
            any text without a slash. A repeated word matches the same text
            each time.
        option (str): Command-line option that gives the pattern, named in
            messages.
        endings (tuple[str, ...]): File extensions, in lower case. Defaults to
            ``IMAGE_ENDINGS``.
        exclude (Sequence[str]): Patterns of files to skip, see
            :func:`match_any`. Defaults to none.
        inside (bool): Whether all files must be in the folder. Otherwise the
            pattern may begin with ``../`` or be an absolute path. Defaults
            to True.

    Returns:
        dict: Path relative to the folder, by the words of the pattern and the
        text that they match. Two files pair if their keys are equal.

    Raises:
        FileNotFoundError: If the folder or a matching image does not exist.
        ValueError: If the pattern is not valid or leaves the folder, or two
            images have the same key.

    Example:
        >>> images = find_by_pattern(root, 'images/{name}.jpg', '--images')
        >>> masks = find_by_pattern(root, 'masks/{name}.png', '--masks')
        >>> pairs = [(path, masks[key]) for key, path in images.items()]
    """
    _compile(pattern)
    folder, prefix, rest = _locate(root, pattern)
    if prefix and inside:
        raise ValueError(
            f'The pattern {pattern!r} of {option} leaves the folder {root}. '
            'Name a folder that contains all images in place of it, and let '
            f'the patterns begin there. {_HOW}')
    for place in (root, folder):
        if not place.is_dir():
            problem = (f'{place} is a file, not a folder.' if place.is_file()
                       else f'There is no folder {place}.')
            raise FileNotFoundError(
                f'{problem} Correct the path on the command line.')
    expression = _compile(rest)
    arrays = (ARRAY_ENDING, ) if pattern.endswith(ARRAY_ENDING) else ()
    paths = [path for path in walk_files(folder, endings + arrays)
             if not match_any(path, exclude)]
    found: dict[tuple[tuple[str, str], ...], str] = {}
    for path in paths:
        match = expression.fullmatch(path)
        if match is None:
            continue
        key = tuple(sorted(match.groupdict().items()))
        if key in found:
            raise ValueError(
                f'{folder}: {found[key]} and {path} have the same words for '
                f'the pattern {pattern!r}. Give a more specific pattern with '
                f'{option}. {_HOW}')
        found[key] = prefix + path
    if not found:
        foreign = describe_foreign(root, pattern, endings, exclude)
        if foreign:
            raise FileNotFoundError(f'{folder}: {foreign}')
        examples = ', '.join(paths[:3]) or 'no image at all'
        raise FileNotFoundError(
            f'No image in {folder} matches {rest!r}; the folder contains '
            f'{examples}. Give their location with {option}. {_HOW}')
    return found


def describe_foreign(root: Path, pattern: str, endings: tuple[str, ...],
                     exclude: Sequence[str] = (),
                     keys: Optional[Container] = None) -> str:
    """Say which files match a pattern but have a format that is not read.

    Args:
        root (Path): The folder.
        pattern (str): As of :func:`find_by_pattern`.
        endings (tuple[str, ...]): Extensions that are read.
        exclude (Sequence[str]): Patterns of files to skip. Defaults to none.
        keys (Container, optional): Count only files with these keys, see
            :func:`find_by_pattern`. Defaults to None: all.

    Returns:
        str: A sentence with their number, an example, their format and a
        converter; empty if there are none.
    """
    folder, _, rest = _locate(root, pattern)
    expression = _compile(rest)
    kinds: Counter[str] = Counter()
    examples: dict[str, str] = {}
    known = {ending: text for group, text in _CONVERTERS.items()
             for ending in group}
    for path in walk_files(folder, tuple(known)):
        match = expression.fullmatch(path)
        if match is None or path.lower().endswith(endings) or match_any(
                path, exclude):
            continue
        if keys is None or tuple(sorted(match.groupdict().items())) in keys:
            ending = max((ending for ending in known
                          if path.lower().endswith(ending)), key=len)
            kinds[ending] += 1
            examples.setdefault(ending, path)
    return ' '.join(
        f'{count} files match {pattern!r} but cannot be read, such as '
        f'{examples[ending]}: {ending} files are {known[ending]}.'
        for ending, count in kinds.most_common())
