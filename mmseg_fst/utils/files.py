"""Files of a data set: safe reading and writing, parallel work, statistics.

This file needs neither torch nor mmengine.
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
# The marks at the end of a whole file, by its first bytes. A few bytes may
# follow in files from cameras and editors.
_END_MARKS = {b'\xff\xd8': b'\xff\xd9', b'\x89PNG': b'IEND'}
_TAIL = 4096


def is_whole(content: bytes) -> bool:
    """Tells whether an image file has its end.

    Args:
        content: The bytes of the file.

    Returns:
        False if a JPEG or PNG file is truncated, True in all other cases.
    """
    return not any(
        content.startswith(start) and end not in content[-_TAIL:]
        for start, end in _END_MARKS.items())


def read_bytes(path: Path, cure: str) -> bytes:
    """Reads an image file whole.

    Args:
        path: The file.
        cure: What to do if that fails; a sentence.

    Returns:
        Its content.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is cut short.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path} is missing. {cure}')
    content = path.read_bytes()
    if not is_whole(content):
        raise ValueError(f'{path} cannot be read (it is truncated). {cure}')
    return content


def read_image(path: Path, cure: str) -> Image.Image:
    """Reads and decodes an image file.

    Args:
        path: The file.
        cure: What to do if that fails; a sentence.

    Returns:
        The decoded image.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no image or cut short.
    """
    content = read_bytes(path, cure)
    try:
        image = Image.open(io.BytesIO(content))
        image.load()
    except (OSError, SyntaxError) as error:  # the latter for broken chunks
        raise ValueError(f'{path} cannot be read ({error}). {cure}') from error
    return image


def read_label(path: Path, cure: str) -> np.ndarray:
    """Reads a label map whose pixels are ids.

    Args:
        path: A gray or paletted PNG.
        cure: What to do if that fails; a sentence.

    Returns:
        Ids of shape (H, W), uint8, if the file is of that kind.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no image or cut short.
    """
    return np.asarray(read_image(path, cure))


@contextmanager
def atomic_write(path: str | os.PathLike,
                 durable: bool = False) -> Iterator[Path]:
    """Lets a file appear whole or not at all.

    ``with atomic_write('a.png') as temporary: image.save(temporary)``. The
    temporary file lies in the same folder, because a rename is atomic only
    within one file system, and keeps the suffix, because image libraries
    choose the format by it.

    Args:
        path: The file to write. Missing parent folders are made.
        durable: Wait until the disk has it, so that a power failure leaves
            the new file or the old one, whole. Defaults to False.

    Yields:
        The path to write to. It replaces ``path`` when the block ends well
        and is removed when the block raises.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = f'{os.getpid()}-{threading.get_ident()}'
    temporary = path.with_name(f'.{path.stem}.{writer}.tmp{path.suffix}')
    try:
        yield temporary
        if durable:  # content first, or the new name could have none
            _flush(temporary)
        os.replace(temporary, path)
        if durable:
            _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Has the disk write a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_temporaries(folder: str | os.PathLike) -> None:
    """Removes what :func:`atomic_write` has left of a killed process.

    Args:
        folder: The folder of the files that were to be written. Nobody may
            be writing there.
    """
    for path in Path(folder).glob('.*.tmp*'):
        path.unlink()


def save_json(path: str | os.PathLike,
              content: Any,
              indent: int | None = 1,
              durable: bool = False) -> None:
    """Writes JSON atomically.

    Args:
        path: The file to write.
        content: Anything the ``json`` module can write.
        indent: Spaces per level, or None for a single line. Defaults to 1.
        durable: See :func:`atomic_write`. Defaults to False.
    """
    with atomic_write(path, durable) as temporary:
        temporary.write_text(json.dumps(content, indent=indent) + '\n')


def save_lines(path: str | os.PathLike, lines: Iterable[str]) -> None:
    """Writes a list of ids, one per line, atomically.

    Args:
        path: The file to write.
        lines: The lines, without line ends.
    """
    with atomic_write(path) as temporary:
        temporary.write_text(''.join(f'{line}\n' for line in lines))


def save_label(path: str | os.PathLike,
               label: np.ndarray,
               palette: Sequence[Sequence[int]],
               optimize: bool = True) -> None:
    """Writes a label map as a paletted PNG, atomically.

    Args:
        path: The PNG file to write.
        label: Class ids of shape (H, W), uint8, 255 = ignore.
        palette: RGB colors, one per class; ignore is shown black.
        optimize: Spend ten times as long to make the file a sixth smaller.
            Defaults to True.
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
    """Applies a function to every item in threads, with a progress bar.

    Threads suffice, because Pillow, OpenCV and NumPy release the interpreter
    lock while they decode, encode and count. The first error stops the work:
    items under way are finished, the others are not begun.

    Args:
        function: Called with one item.
        items: The items.
        workers: Number of threads. Defaults to 1.
        description: Text beside the progress bar. Defaults to ''.

    Returns:
        The results in the order of ``items``.
    """
    pool = ThreadPoolExecutor(max(workers, 1))
    try:
        results = pool.map(function, items)
        return list(tqdm(results, desc=description, total=len(items)))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def count_pixels(label: np.ndarray, num_classes: int) -> dict[str, int]:
    """Counts the pixels of each class that occurs in a label map.

    Args:
        label: Class ids of any shape and an unsigned integer type. Ids of
            ``num_classes`` and above (ignore) are not counted.
        num_classes: Number of classes.

    Returns:
        The pixel count by class id, the id written as JSON would write it.
    """
    counts = np.bincount(label.ravel(), minlength=num_classes)[:num_classes]
    return {str(i): int(count) for i, count in enumerate(counts) if count}


def save_class_stats(path: str | os.PathLike, classes: Sequence[str],
                     pixels: Mapping[str, Mapping[str, int]]) -> None:
    """Writes the statistics that rare class sampling reads, atomically.

    Args:
        path: The JSON file to write.
        classes: Class names in the order of their ids.
        pixels: For each image id the result of :func:`count_pixels`.
    """
    content = dict(classes=list(classes), pixels=dict(pixels))
    # A line per class and image would make a large file unreadable too.
    save_json(path, content, indent=None)


def summarize_split(classes: Sequence[str],
                    pixels: Sequence[Mapping[str, int]],
                    num_pixels: int) -> dict[str, Any]:
    """Adds up the class statistics of one split for ``meta.json``.

    Args:
        classes: Class names in the order of their ids.
        pixels: The result of :func:`count_pixels` for each image.
        num_pixels: Number of pixels of all images, ignored ones included.

    Returns:
        ``n`` images, ``pixels`` by class name and of ``ignore``,
        ``percent_of_labeled`` and ``frames_with_class`` by class name.
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
