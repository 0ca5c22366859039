"""Lists of image names that users keep: text, CSV and YAML."""
import csv
import json
from collections.abc import Iterable, Mapping
from os import path as osp
from pathlib import Path, PurePosixPath

import yaml

# Extensions of lists that need not exist to be taken for one, in lower case.
_ENDINGS = ('.txt', '.lst', '.csv', '.tsv', '.yaml', '.yml', '.json')
#: Names of a part of the data in lists that contain several parts.
PARTS = dict(
    training=('training', 'train'),
    validation=('validation', 'valid', 'val'),
    test=('testing', 'test'),
    unlabeled=('unlabeled', 'unlabelled', 'unsup'))
_NAME_COLUMNS = ('name', 'image', 'filename', 'file_name', 'file', 'path',
                 'image_path', 'img', 'id', 'image_id')
_PART_COLUMNS = ('split', 'subset', 'set', 'part', 'fold')
_HOW = ('A list is a text file with one image on each line, a .csv or .tsv '
        "file with a column 'name' and, for several parts, 'split', or a "
        '.yaml, .yml or .json file with a list or with a list for each part.')


def is_list(path: Path) -> bool:
    """Whether a path is a list of images, not a folder.

    Args:
        path (Path): The path.

    Returns:
        bool: Whether it is a file, with any extension, or does not exist and
        has the extension of a list.
    """
    return path.is_file() or (
        path.suffix.lower() in _ENDINGS and not path.is_dir())


def read_names(path: Path, part: str) -> list[str]:
    """Read the names of the images of a part of the data.

    Args:
        path (Path): CSV, YAML or JSON file by its extension, otherwise a
            text file.
        part (str): Key of ``PARTS``: which part of a file of several.

    Returns:
        list[str]: The names, as they are in the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has another format, or no name for this part.
    """
    if not path.is_file():
        problem = (f'{path} is a folder, not a list of images.'
                   if path.is_dir() else f'There is no list {path}.')
        raise FileNotFoundError(f'{problem} Correct the path on the command '
                                f'line. {_HOW}')
    try:
        text = path.read_text(encoding='utf-8-sig')
        if path.suffix.lower() in ('.csv', '.tsv'):
            names = _names_of_csv(text, part)
        elif path.suffix.lower() in ('.yaml', '.yml'):
            names = _names_of_content(yaml.safe_load(text), part)
        elif path.suffix.lower() == '.json':
            names = _names_of_content(json.loads(text), part)
        else:
            names = [line.split('\t')[0].strip() for line in text.splitlines()
                     if not line.startswith('#')]
        if any('\0' in name for name in names):
            raise ValueError('not a text file')
    except (ValueError, yaml.YAMLError) as error:
        reason = ' '.join(str(error).split())
        raise ValueError(f'{path} is not a list of images ({reason}). {_HOW}'
                         ) from error
    names = list(dict.fromkeys(name for name in names if name))
    if not names:
        raise ValueError(f'{path} contains no image for {part}. {_HOW}')
    return names


def _names_of_content(content: object, part: str) -> list[str]:
    """Names in a list, or in a mapping from parts to lists."""
    if isinstance(content, Mapping):
        keys = [key for key in content if str(key).lower() in PARTS[part]]
        if not keys:
            raise ValueError(f'no key for {part} among '
                             f'{", ".join(map(str, content))}')
        content = content[keys[0]]
    if not isinstance(content, list) or not all(
            isinstance(name, (str, int)) for name in content):
        raise ValueError('it contains no list of names')
    return [str(name) for name in content]


def _names_of_csv(text: str, part: str) -> list[str]:
    """Names in a column, of the rows of a part."""
    first = text.split('\n')[0]
    delimiter = next((mark for mark in '\t;' if mark in first), ',')
    rows = [[cell.strip() for cell in row]
            for row in csv.reader(text.splitlines(), delimiter=delimiter)
            if row]
    head = [cell.lower() for cell in rows[0]] if rows else []
    named = [head.index(name) for name in _NAME_COLUMNS if name in head]
    parts = [head.index(name) for name in _PART_COLUMNS if name in head]
    if not named and not parts:
        return [row[0] for row in rows]  # without a header
    column = named[0] if named else 0
    return [row[column] for row in rows[1:] if len(row) > column
            and (not parts or row[parts[0]].lower() in PARTS[part])]


def find_names(names: Iterable[str], images: Mapping, source: str,
               root: Path) -> list:
    """Find the images with given names.

    Args:
        names (Iterable[str]): Paths relative to the folder, also in part
            (``'a/1.jpg'`` of ``'images/a/1.jpg'``), or without extension.
        images (Mapping): Paths of images, relative to the folder, by key.
        source (str): What contains the names, for messages.
        root (Path): The folder, for messages.

    Returns:
        list: The key of the image for each name.

    Raises:
        ValueError: If there is no image, or more than one, for a name.
    """
    by_name: dict[str, set] = {}
    for key, path in images.items():
        pure = PurePosixPath(path)
        for parts in (pure.parts, pure.with_suffix('').parts):
            for start in range(len(parts)):
                by_name.setdefault('/'.join(parts[start:]), set()).add(key)
    paths = {path: key for key, path in images.items()}
    found, missing, several = [], [], []
    for name in names:
        keys = next((by_name[spelling] for spelling in _spellings(name, root)
                     if spelling in by_name), set())
        if name in paths:
            keys = {paths[name]}
        found += [*keys][:1]
        if not keys:
            missing.append(name)
        elif len(keys) > 1:
            several.append(name)
    for wrong, text in ((missing, 'are not images of'),
                        (several, 'are each several images of')):
        if wrong:
            examples = ', '.join(sorted(images.values())[:3])
            raise ValueError(
                f'{source}: {len(wrong)} names {text} {root}, such as '
                f'{", ".join(wrong[:3])}. Its images are {examples}, ... '
                'Correct the names, or state the images with --images.')
    return found


def _spellings(name: str, root: Path) -> list[str]:
    """How a name may be meant: of a line also the first word alone."""
    spellings = []
    for text in (name, name.split()[0]):
        path = text.replace('\\', '/').removeprefix('./')
        for folder in (root, root.resolve()):
            path = path.removeprefix(f'{folder.as_posix()}/')
        path = path.lstrip('/')
        spellings += [path, osp.splitext(path)[0]]
    return spellings
