"""Compute mean and standard deviation of the DCT coefficients of images.

    python tools/dct_stats.py CONFIG --out NAME.py
    python tools/dct_stats.py --list FILE [--root FOLDER] --out NAME.py

Networks that read DCT maps (DCTResNet) need these statistics, unless they
start from the weights of Diverse Co-training, which come with statistics. With
CONFIG, each labeled and unlabeled training image is read once, with the
scaling, cropping and padding of its pipeline. With --list, each line names an
image, which is read without cropping. NAME.py is a config with dct_mean and
dct_std for the `_base_` of other configs. Existing files are in
configs/_base_/dct_statistics.
"""
import argparse
import random
import shlex
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from mmengine.registry import init_default_scope
from torch import Tensor
from tqdm import tqdm

from mmseg_fst.apis import read_config
from mmseg_fst.datasets.sides import build_side, name_sides
from mmseg_fst.ops import dct_coefficients
from mmseg_fst.utils.files import atomic_write, read_image
from mmseg_fst.utils.messages import one_message

_PER_LINE = 6


class Moments:
    """Sums over all positions of DCT maps.

    The sums are exact, because the coefficients are integers.
    """

    def __init__(self) -> None:
        self.count = 0
        self.total = self.squares = torch.zeros(64, dtype=torch.float64)

    def add(self, maps: Tensor) -> None:
        """Add maps to the sums.

        Args:
            maps (Tensor): Maps of shape (N, 64, h, w).
        """
        maps = maps.double()
        self.count += maps[:, 0].numel()
        self.total = self.total + maps.sum((0, 2, 3))
        self.squares = self.squares + maps.square().sum((0, 2, 3))

    def mean_and_std(self) -> tuple[Tensor, Tensor]:
        """Compute mean and standard deviation of each channel.

        Returns:
            tuple[Tensor, Tensor]: Float64, of shape (64, ).

        Raises:
            ValueError: If a channel has the same value everywhere.
        """
        mean = self.total / self.count
        std = (self.squares / self.count - mean.square()).clamp(min=0).sqrt()
        constant = (std == 0).nonzero().flatten().tolist()
        if constant:
            raise ValueError(
                f'Channels {constant} have the same value in all images, so '
                'their standard deviation is 0 and cannot be used to '
                'normalize. Add more images, and colored ones if all are '
                'gray or blank.')
        return mean, std


class Images(NamedTuple):
    """Images that are loaded one by one.

    Attributes:
        count (int): Number of images.
        load (Callable): Loads the RGB image of an index, uint8 of shape
            (1, 3, H, W).
    """
    count: int
    load: Callable[[int], Tensor]


def training_images(path: str) -> Images:
    """Load the training images of a config through its pipelines.

    Args:
        path (str): Config with a ``PairedDataset``.

    Returns:
        Images: The labeled images, then images of the other sides.
    """
    cfg = read_config(path)
    init_default_scope('mmseg_fst')
    configs = name_sides(cfg.train_dataloader.dataset.sides)
    sides = [build_side(name, side) for name, side in configs.items()]
    items = [(side, index) for side in sides for index in range(len(side))]
    is_bgr = cfg.data_preprocessor.get('bgr_to_rgb', False)

    def load(number: int) -> Tensor:
        side, index = items[number]
        image = side[index]['inputs']
        return (image.flip(0) if is_bgr else image)[None]

    return Images(len(items), load)


def listed_images(path: Path, root: Path) -> Images:
    """Load the images of a list without cropping them.

    Args:
        path (Path): File with an image path on each line.
        root (Path): Folder that the paths are relative to.

    Returns:
        Images: The images in the order of the list.
    """
    names = path.read_text().split('\n')
    files = [root / name.strip() for name in names if name.strip()]

    def load(index: int) -> Tensor:
        image = read_image(files[index], f'Correct {path}, or give --root.')
        pixels = torch.from_numpy(np.array(image.convert('RGB')))
        return pixels.permute(2, 0, 1)[None]

    return Images(len(files), load)


def statistics(images: Images) -> tuple[Tensor, Tensor]:
    """Compute mean and standard deviation over all blocks of all images.

    Args:
        images (Images): The images, at least one.

    Returns:
        tuple[Tensor, Tensor]: Float64, of shape (64, ).

    Raises:
        ValueError: If there is no image, or a channel is constant.
    """
    if not images.count:
        raise ValueError(
            'There are no images; correct the config or the list.')
    moments = Moments()
    for index in tqdm(range(images.count), desc='Transforming'):
        moments.add(dct_coefficients(images.load(index)))
    return moments.mean_and_std()


def write(path: Path, values: dict[str, Sequence[float]],
          comment: str) -> None:
    """Write numbers as a config.

    Args:
        path (Path): File to write.
        values (dict[str, Sequence[float]]): Numbers by name.
        comment (str): Comment at the top of the file.
    """
    lines = [wrapped for line in comment.splitlines()
             for wrapped in textwrap.wrap(line, 77, break_long_words=False,
                                          break_on_hyphens=False)]
    text = ''.join(f'# {line}\n' for line in lines)
    for name, numbers in values.items():
        items = [f'{number:.4g}' for number in numbers]
        rows = [', '.join(items[start:start + _PER_LINE])
                for start in range(0, len(items), _PER_LINE)]
        text += f'{name} = [\n    ' + ',\n    '.join(rows) + '\n]\n'
    with atomic_write(path) as temporary:
        temporary.write_text(text)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'config', nargs='?', help='config with a PairedDataset')
    parser.add_argument('--list', type=Path, help='list of images')
    parser.add_argument(
        '--root',
        type=Path,
        default=Path(),
        help='folder of the listed images; default: the current folder')
    parser.add_argument(
        '--out', type=Path, required=True, help='file to write')
    parser.add_argument(
        '--seed', type=int, default=0,
        help='seed of the random crops; default: 0')
    args = parser.parse_args()
    if (args.config is None) == (args.list is None):
        parser.error('give either a config or --list')
    return args


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    random.seed(args.seed)
    np.random.seed(args.seed)
    if args.config:
        images = training_images(args.config)
    else:
        images = listed_images(args.list, args.root)
    mean, std = statistics(images)
    command = shlex.join(['python', 'tools/dct_stats.py', *sys.argv[1:]])
    write(args.out, dict(dct_mean=mean.tolist(), dct_std=std.tolist()),
          f'Statistics of the DCT coefficients of {images.count} images: 44 '
          f'of Y, 10 of Cb, 10 of Cr.\n{command}')
    print(args.out)


if __name__ == '__main__':
    with one_message():
        main()
