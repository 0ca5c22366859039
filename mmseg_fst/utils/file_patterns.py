"""Images of a folder by a pattern of their paths."""
import os
import re
from pathlib import Path
from typing import Union

#: Endings of images, in lower case.
IMAGE_ENDINGS = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
#: Ending of arrays (H, W, C), which are images where a user names them so.
ARRAY_ENDING = '.npy'
_HOW = ("A pattern is a path in the folder with {name} in it, such as "
        "'images/{name}.*': {name} stands for any text, folders too, other "
        'words in braces and * for any text within a folder.')


def walk_files(root: Union[str, Path],
               endings: tuple[str, ...] = IMAGE_ENDINGS) -> list[str]:
    """All images of a folder and of the folders in it.

    Args:
        root (str | Path): The folder. Hidden files are passed over.
        endings (tuple[str, ...]): Endings to look for, in lower case.
            Defaults to those of images.

    Returns:
        list[str]: Paths below the folder, with slashes, sorted.
    """
    return sorted(
        (Path(parent) / name).relative_to(root).as_posix()
        for parent, _, names in os.walk(root, followlinks=True)
        for name in names if not name.startswith('.')
        and name.lower().endswith(endings))


def _compile(pattern: str) -> re.Pattern:
    """The regular expression of a pattern."""
    expression = ''
    for part in re.split(r'(\{\w+\}|\*)', pattern):
        if part == '*':
            expression += '[^/]*'
        elif part.startswith('{') and part.endswith('}'):
            field = part[1:-1]
            text = '.+' if field == 'name' else '[^/]+'
            expression += (f'(?P={field})' if f'(?P<{field}>' in expression
                           else f'(?P<{field}>{text})')
        else:
            expression += re.escape(part)
    try:
        compiled = re.compile(expression)
    except re.error as error:
        raise ValueError(f'The pattern {pattern!r} cannot be read ({error}). '
                         f'{_HOW}') from error
    if 'name' not in compiled.groupindex:
        raise ValueError(f'The pattern {pattern!r} has no {{name}}. {_HOW}')
    return compiled


def find_by_pattern(root: Path, pattern: str,
                    option: str) -> dict[tuple[tuple[str, str], ...], str]:
    """Find images, so that those of one pattern pair with those of another.

    Args:
        root (Path): The folder.
        pattern (str): Such as ``'{city}/masks/{name}_mask.png'``: ``{name}``
            is any text, another word in braces or ``*`` any text without a
            slash. A word that comes twice is the same text twice.
        option (str): Option of the command line that gives the pattern, for
            messages.

    Returns:
        dict: Path below the folder by the words of the pattern and what
        stands for them. Files pair if all words are the same.

    Raises:
        FileNotFoundError: If there is no such folder or no such image.
        ValueError: If the pattern cannot be read, or two images have the same
            words.
    """
    if not root.is_dir():
        raise FileNotFoundError(f'There is no folder {root}. Correct the '
                                'path on the command line.')
    expression = _compile(pattern)
    arrays = (ARRAY_ENDING, ) if pattern.endswith(ARRAY_ENDING) else ()
    paths = walk_files(root, IMAGE_ENDINGS + arrays)
    found: dict[tuple[tuple[str, str], ...], str] = {}
    for path in paths:
        match = expression.fullmatch(path)
        if match is None:
            continue
        key = tuple(sorted(match.groupdict().items()))
        if key in found:
            raise ValueError(
                f'{root}: {found[key]} and {path} are the same to the pattern '
                f'{pattern!r}. Give a narrower one with {option}. {_HOW}')
        found[key] = path
    if not found:
        held = ', '.join(paths[:3]) or 'no image at all'
        raise FileNotFoundError(
            f'No image in {root} is like {pattern!r}; it holds {held}. Say '
            f'where they lie with {option}. {_HOW}')
    return found
