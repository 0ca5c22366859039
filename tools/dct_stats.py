"""Mean and standard deviation of the DCT coefficients of images.

    python tools/dct_stats.py CONFIG --out NAME.py
    python tools/dct_stats.py --list FILE [--root FOLDER] --out NAME.py

Networks that read DCT maps (DCTResNet) need them, unless they start from the
weights of Diverse Co-training, which have their own. The images are those of
both sides of a config's training set, each once, as its pipelines draw and
cut them, with the padding; or those of a list, whole, a path on each line.
NAME.py is a config with dct_mean and dct_std, to be named in `_base_` of
others; those that we ship lie in configs/_base_/dct_statistics.
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
    """Sums over all places of maps, exact, since they are of integers."""

    def __init__(self) -> None:
        self.count = 0
        self.total = self.squares = torch.zeros(64, dtype=torch.float64)

    def add(self, maps: Tensor) -> None:
        """Take more maps in.

        Args:
            maps (Tensor): Maps of shape (N, 64, h, w).
        """
        maps = maps.double()
        self.count += maps[:, 0].numel()
        self.total = self.total + maps.sum((0, 2, 3))
        self.squares = self.squares + maps.square().sum((0, 2, 3))

    def mean_and_std(self) -> tuple[Tensor, Tensor]:
        """Of each channel, float64 of shape (64, ).

        Raises:
            ValueError: If a channel has the same value everywhere.
        """
        mean = self.total / self.count
        std = (self.squares / self.count - mean.square()).clamp(min=0).sqrt()
        constant = (std == 0).nonzero().flatten().tolist()
        if constant:
            raise ValueError(
                f'Channels {constant} have one value in all images, so '
                'nothing can be divided by their deviation. Gray or blank '
                'images? Take more, and colored ones.')
        return mean, std


class Images(NamedTuple):
    """Images that are loaded one by one.

    Attributes:
        count (int): Their number.
        load (Callable): From a place to an RGB image of shape (1, 3, H, W),
            uint8.
    """
    count: int
    load: Callable[[int], Tensor]


def training_images(path: str) -> Images:
    """Those of a config, as its pipelines draw them.

    Args:
        path (str): Config with a ``PairedDataset``.

    Returns:
        Images: The labeled ones, then the unlabeled ones, then others.
    """
    cfg = read_config(path)
    init_default_scope('mmseg_fst')
    cfgs = name_sides(cfg.train_dataloader.dataset.sides)
    sides = [build_side(name, side) for name, side in cfgs.items()]
    places = [(side, index) for side in sides for index in range(len(side))]
    is_bgr = cfg.data_preprocessor.get('bgr_to_rgb', False)

    def load(place: int) -> Tensor:
        side, index = places[place]
        image = side[index]['inputs']
        return (image.flip(0) if is_bgr else image)[None]

    return Images(len(places), load)


def listed_images(path: Path, root: Path) -> Images:
    """Those of a list, whole.

    Args:
        path (Path): File with a path on each line.
        root (Path): Folder that they are relative to.

    Returns:
        Images: In the order of the list.
    """
    names = path.read_text().split('\n')
    files = [root / name.strip() for name in names if name.strip()]

    def load(place: int) -> Tensor:
        image = read_image(files[place], f'Correct {path}, or give --root.')
        pixels = torch.from_numpy(np.array(image.convert('RGB')))
        return pixels.permute(2, 0, 1)[None]

    return Images(len(files), load)


def statistics(images: Images) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over all blocks of all images.

    Args:
        images (Images): The images, at least one.

    Returns:
        tuple[Tensor, Tensor]: Float64, of shape (64, ).

    Raises:
        ValueError: If there is no image, or a channel is constant.
    """
    if not images.count:
        raise ValueError('There are no images.')
    moments = Moments()
    for place in tqdm(range(images.count), desc='Transforming'):
        moments.add(dct_coefficients(images.load(place)))
    return moments.mean_and_std()


def write(path: Path, values: dict[str, Sequence[float]],
          comment: str) -> None:
    """Write numbers as a config.

    Args:
        path (Path): File to write.
        values (dict[str, Sequence[float]]): Numbers by name.
        comment (str): First lines of the file.
    """
    lines = [short for line in comment.splitlines()
             for short in textwrap.wrap(line, 77, break_long_words=False,
                                        break_on_hyphens=False)]
    text = ''.join(f'# {line}\n' for line in lines)
    for name, numbers in values.items():
        words = [f'{number:.4g}' for number in numbers]
        rows = [', '.join(words[start:start + _PER_LINE])
                for start in range(0, len(words), _PER_LINE)]
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
        help='folder of the images of the list; default: this one')
    parser.add_argument(
        '--out', type=Path, required=True, help='file to write')
    parser.add_argument(
        '--seed', type=int, default=0, help='of the crops; default: 0')
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
          f'Of the DCT coefficients of {images.count} images: 44 of Y, 10 of '
          f'Cb, 10 of Cr.\n{command}')
    print(args.out)


if __name__ == '__main__':
    with one_message():
        main()
