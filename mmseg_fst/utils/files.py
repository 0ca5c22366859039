"""Files of a data set: safe reading and writing, parallel work, statistics.

This module imports neither torch nor mmengine, so that tools start fast.
"""
import io
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

IGNORE = 255
# End markers of complete files, by their first bytes. Cameras and editors may
# append a few bytes behind the marker.
_END_MARKS = {b'\xff\xd8': b'\xff\xd9', b'\x89PNG': b'IEND'}
_TAIL = 4096


def is_whole(content: bytes) -> bool:
    """Check whether an image file is complete.

    Args:
        content (bytes): The bytes of the file.

    Returns:
        bool: False if a JPEG or PNG file is truncated, True in all other
        cases.
    """
    return not any(
        content.startswith(start) and end not in content[-_TAIL:]
        for start, end in _END_MARKS.items())


def read_bytes(path: Path, hint: str) -> bytes:
    """Read all bytes of an image file.

    Args:
        path (Path): The file.
        hint (str): Sentence that ends an error message: how to fix it.

    Returns:
        bytes: Content of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is truncated.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path} is missing. {hint}')
    content = path.read_bytes()
    if not is_whole(content):
        raise ValueError(f'{path} cannot be read (it is truncated). {hint}')
    return content


def read_image(path: Path, hint: str) -> Image.Image:
    """Read and decodes an image file.

    Args:
        path (Path): The file.
        hint (str): Sentence that ends an error message: how to fix it.

    Returns:
        Image.Image: The decoded image.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not an image, or truncated.
    """
    content = read_bytes(path, hint)
    try:
        image = Image.open(io.BytesIO(content))
        image.load()
    except (OSError, SyntaxError) as error:  # SyntaxError: broken PNG chunks
        raise ValueError(f'{path} cannot be read ({error}). {hint}') from error
    return image


def read_label(path: Path, hint: str) -> np.ndarray:
    """Read a label map whose pixels are ids.

    Args:
        path (Path): A grayscale or palette PNG.
        hint (str): Sentence that ends an error message: how to fix it.

    Returns:
        np.ndarray: Ids of shape (H, W), uint8, for a grayscale or palette
        file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not an image, or truncated.
    """
    return np.asarray(read_image(path, hint))


@contextmanager
def atomic_write(path: str | os.PathLike,
                 durable: bool = False) -> Iterator[Path]:
    """Write a file completely or not at all.

    The temporary file lies in the same folder, because a rename is atomic
    only within one file system, and has the same suffix, because image
    libraries choose the format by it.

    Args:
        path (str | PathLike): The file to write. Missing parent folders are
            created.
        durable (bool): Wait until the data is on the disk, so that a power
            failure leaves either the old or the new file. Defaults to False.

    Yields:
        Path: The path to write to. It replaces ``path`` when the block
        succeeds and is removed when the block raises.

    Example:
        >>> with atomic_write('a.png') as temporary:
        ...     image.save(temporary)
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = f'{os.getpid()}-{threading.get_ident()}'
    temporary = path.with_name(f'.{path.stem}.{writer}.tmp{path.suffix}')
    try:
        yield temporary
        if durable:  # before the rename, or the new name could be empty
            _flush(temporary)
        os.replace(temporary, path)
        if durable:
            _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_temporaries(folder: str | os.PathLike) -> None:
    """Remove files that :func:`atomic_write` left in a killed process.

    Args:
        folder (str | PathLike): The folder of the files. No other process may
            be writing there.
    """
    for path in Path(folder).glob('.*.tmp*'):
        path.unlink()


def save_json(path: str | os.PathLike,
              content: Any,
              indent: int | None = 1,
              durable: bool = False) -> None:
    """Write JSON atomically.

    Args:
        path (str | PathLike): The file to write.
        content (Any): Anything the ``json`` module can write.
        indent (int, optional): Spaces per level, or None for a single line.
            Defaults to 1.
        durable (bool): See :func:`atomic_write`. Defaults to False.
    """
    with atomic_write(path, durable) as temporary:
        temporary.write_text(json.dumps(content, indent=indent) + '\n')


def read_lines(path: str | os.PathLike) -> list[str]:
    """Read a list of ids, one per line.

    Args:
        path (str | PathLike): The file. Spaces inside of a line belong to
            the id; those around it, empty lines and the mark of UTF-8 that
            some editors write do not.

    Returns:
        list[str]: The ids.

    Raises:
        ValueError: If the file is not UTF-8.
    """
    try:
        text = Path(path).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(f'{path} is not a text in UTF-8 ({error}). Save it '
                         'as UTF-8.') from error
    return [line.strip() for line in text.split('\n') if line.strip()]


def save_lines(path: str | os.PathLike, lines: Iterable[str]) -> None:
    """Write a list of ids, one per line, atomically.

    Args:
        path (str | PathLike): The file to write.
        lines (Iterable[str]): The lines, without line ends.
    """
    with atomic_write(path) as temporary:
        temporary.write_text(
            ''.join(f'{line}\n' for line in lines), encoding='utf-8')


def save_label(path: str | os.PathLike,
               label: np.ndarray,
               palette: Sequence[Sequence[int]],
               optimize: bool = True) -> None:
    """Write a label map as a paletted PNG, atomically.

    Args:
        path (str | PathLike): The PNG file to write.
        label (np.ndarray): Class ids of shape (H, W), uint8, 255 = ignore.
        palette (Sequence[Sequence[int]]): RGB colors, one per class; ignore is
            shown black.
        optimize (bool): Take ten times as long to make the file a sixth
            smaller. Defaults to True.
    """
    colors = np.zeros((256, 3), np.uint8)
    colors[:len(palette)] = palette
    image = Image.fromarray(label, mode='P')
    image.putpalette(colors.ravel().tolist())
    with atomic_write(path) as temporary:
        image.save(temporary, optimize=optimize)


def parallel_map(function: Callable[[Any], Any],
                 items: Sequence[Any],
                 workers: int = 1,
                 description: str = '') -> list:
    """Apply a function to every item in threads, with a progress bar.

    Threads suffice, because Pillow, OpenCV and NumPy release the global
    interpreter lock while they decode, encode and count. The first error
    stops the work: running items are finished, the others are not started.
    Not for a process that forks afterwards, as loaders with workers do:
    OpenCV may hold a lock then.

    Args:
        function (Callable): Called with one item.
        items (Sequence[Any]): The items.
        workers (int): Number of threads. Defaults to 1.
        description (str): Text of the progress bar. Defaults to ''.

    Returns:
        list: The results in the order of ``items``.
    """
    pool = ThreadPoolExecutor(max(workers, 1))
    try:
        return list(tqdm(pool.map(function, items), desc=description,
                         total=len(items), unit=' files'))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def count_pixels(label: np.ndarray, num_classes: int) -> dict[str, int]:
    """Count the pixels of each class that occurs in a label map.

    Args:
        label (np.ndarray): Class ids of any shape and an unsigned integer
            type. Ids of ``num_classes`` and above (ignore) are not counted.
        num_classes (int): Number of classes.

    Returns:
        dict[str, int]: Number of pixels by class id; ids are strings, as keys
        in JSON are.
    """
    counts = np.bincount(label.ravel(), minlength=num_classes)[:num_classes]
    return {str(i): int(count) for i, count in enumerate(counts) if count}


def save_class_stats(path: str | os.PathLike, classes: Sequence[str],
                     pixels: Mapping[str, Mapping[str, int]]) -> None:
    """Write the statistics for rare class sampling, atomically.

    Args:
        path (str | PathLike): The JSON file to write.
        classes (Sequence[str]): Class names in the order of their ids.
        pixels (Mapping[str, Mapping[str, int]]): Result of
            :func:`count_pixels` by image id.
    """
    content = dict(classes=list(classes), pixels=dict(pixels))
    # One line: indented, a line per class and image is larger and no easier
    # to read.
    save_json(path, content, indent=None)


def summarize_split(classes: Sequence[str],
                    pixels: Sequence[Mapping[str, int]],
                    num_pixels: int) -> dict[str, Any]:
    """Add up the class statistics of one split for ``meta.json``.

    Args:
        classes (Sequence[str]): Class names in the order of their ids.
        pixels (Sequence[Mapping[str, int]]): The result of
            :func:`count_pixels` for each image.
        num_pixels (int): Number of pixels of all images, ignored pixels
            included.

    Returns:
        dict[str, Any]: Number of images ``n``, ``pixels`` by class name and
        for ``ignore``, ``percent_of_labeled`` and ``frames_with_class`` by
        class name.
    """
    keys = [str(i) for i in range(len(classes))]
    totals = [sum(counts.get(key, 0) for counts in pixels) for key in keys]
    frames = [sum(key in counts for counts in pixels) for key in keys]
    labeled = max(sum(totals), 1)
    return dict(
        n=len(pixels),
        pixels=dict(zip(classes, totals), ignore=num_pixels - sum(totals)),
        percent_of_labeled={
            name: round(100 * total / labeled, 3)
            for name, total in zip(classes, totals)
        },
        frames_with_class=dict(zip(classes, frames)))
