"""Compare the speed of batched DCT on tensors with DCT by JPEG files.

    python tools/benchmark_dct.py [--sizes 321 513] [--images 8]

The JPEG variant follows Diverse Co-training: for each image, enlarge it
twice, encode both results at quality 100, and read the coefficients back.
Reading needs `pip install jpeglib`, which reads from disk (from /dev/shm where
it exists). Without jpeglib only the encoder is timed. With it, the
coefficients of both variants are compared. A GPU is used if available.
"""
import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from mmseg_fst.ops import dct_coefficients

try:
    import jpeglib
except ImportError:
    jpeglib = None

_IN_MEMORY = Path('/dev/shm')
_SELECTED_Y = [
    8 * row + column for row, length in enumerate((7, 7, 6, 6, 6, 6, 6))
    for column in range(length)
]
_SELECTED_C = [
    8 * row + column for row, length in enumerate((3, 3, 2, 2))
    for column in range(length)
]


def smooth_noise(count: int, size: int) -> np.ndarray:
    """Make random images that are as smooth as photographs.

    Returns:
        ndarray: Of shape (count, size, size, 3), uint8.
    """
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    blurred = [cv2.GaussianBlur(image, (0, 0), 2) for image in images]
    return np.stack([cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX)
                     for image in blurred])


def encode(image: np.ndarray) -> list[bytes]:
    """Encode an image as JPEG at twice and four times its size.

    Args:
        image (ndarray): RGB image of shape (H, W, 3), uint8.
    """
    image, files = cv2.cvtColor(image, cv2.COLOR_RGB2BGR), []
    for _ in range(2):
        height, width = image.shape[:2]
        image = cv2.resize(image, (2 * width, 2 * height))
        files.append(cv2.imencode(
            '.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes())
    return files


def read(files: Sequence[bytes], folder: Path) -> np.ndarray:
    """Read the DCT coefficients of JPEG files.

    Args:
        files (Sequence[bytes]): The result of :func:`encode`.
        folder (Path): Folder to write them to.

    Returns:
        ndarray: Of shape (64, h, w), int16.
    """
    decoded = []
    for index, content in enumerate(files):
        path = folder / f'{index}.jpg'
        path.write_bytes(content)
        decoded.append(jpeglib.read_dct(str(path)))
    planes = ((decoded[0].Y, _SELECTED_Y), (decoded[1].Cb, _SELECTED_C),
              (decoded[1].Cr, _SELECTED_C))
    return np.concatenate([
        plane.reshape(*plane.shape[:2], 64).transpose(2, 0, 1)[selected]
        for plane, selected in planes])


def seconds_of(function: Callable[[], object]) -> float:
    """Return the seconds of one call, after a warm-up call."""
    function()
    start = time.perf_counter()
    function()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def measure(count: int, size: int, folder: Path) -> list[str]:
    """Measure the images per second of each variant.

    Args:
        count (int): Number of images.
        size (int): Side length of the images, in pixels.
        folder (Path): Folder for the JPEG files.

    Returns:
        list[str]: A row of the table.

    Raises:
        RuntimeError: If the coefficients of the variants differ.
    """
    images = smooth_noise(count, size)
    batch = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    if torch.cuda.is_available():
        batch = batch.cuda()

    def by_files() -> Tensor:
        maps = [read(encode(image), folder) for image in images]
        return torch.from_numpy(np.stack(maps))

    batched = count / seconds_of(lambda: dct_coefficients(batch))
    encoded = count / seconds_of(lambda: [encode(image) for image in images])
    row = [str(size), f'{batched:.1f}', f'{encoded:.1f}']
    if jpeglib is None:
        return [*row, '-', '-']
    if not torch.equal(dct_coefficients(batch).cpu(), by_files().float()):
        raise RuntimeError(f'At {size} x {size} the batched coefficients '
                           'differ from the coefficients of the JPEG files.')
    both = count / seconds_of(by_files)
    return [*row, f'{both:.1f}', f'{batched / both:.2f}']


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--sizes',
        type=int,
        nargs='+',
        default=[321, 513, 769],
        help='side lengths of the images; default: 321 513 769')
    parser.add_argument(
        '--images', type=int, default=8,
        help='number of images; default: 8')
    return parser.parse_args()


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    # Give both the same number of cores; OpenCV would use all of them.
    cv2.setNumThreads(torch.get_num_threads())
    print('| side | batched, images per second | JPEG, encoding only '
          '| JPEG, with reading | batched / JPEG |\n|---|---|---|---|---|',
          flush=True)
    parent = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        for size in args.sizes:
            row = measure(args.images, size, Path(folder))
            print(f'| {" | ".join(row)} |', flush=True)


if __name__ == '__main__':
    main()
