"""Decode and resize the training images of a config once, for all runs.

    python tools/pack_dataset.py CONFIG [--out data/packed] [--yes]

The deterministic steps at the beginning of the pipelines of a PairedDataset
are applied to each image, and the result is stored on disk as raw bytes. A run
reads it with

    --cfg-options train_dataloader.dataset.packed=data/packed

The pixels are identical. Where images are scaled by a random factor, they are
only decoded. The size is shown first, and nothing is written before you
confirm. Configs with the same steps share packs, and valid packs are not
written again.
"""
import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from prettytable import PrettyTable

from mmseg_fst.apis import read_config
from mmseg_fst.datasets.packing import Pack, packs_of
from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.messages import one_message


def find_packs(cfg: Config, root: str) -> list[Pack]:
    """Return the packs of a config.

    Args:
        cfg (Config): Config with a PairedDataset.
        root (str): Folder of all packs.

    Returns:
        list[Pack]: One pack for each data set of each side.
    """
    pairs = cfg.train_dataloader.dataset
    pairs.packed = pairs.rare_class_sampling = None
    built = DATASETS.build(pairs)
    return [
        pack for name, side in built.sides.items()
        for pack in packs_of(name, side, pairs.sides[name], root)
    ]


def gigabytes(size: int) -> str:
    """Format a number of bytes."""
    return f'{size / 1e9:.2f} GB'


def show(packs: Sequence[Pack]) -> dict[str, int]:
    """Print a table of packs.

    Returns:
        dict[str, int]: Bytes of the packs to write, by side.
    """
    table = PrettyTable(['side', 'images', 'steps', 'size', 'state'])
    missing = {}
    for pack in packs:
        size, ready = pack.estimate(), not pack.problem()
        if not ready:
            missing[pack.name] = size
        steps = ', '.join(
            type(step).__name__ for step in pack.steps.transforms)
        table.add_row([
            pack.name, len(pack.side), steps, f'about {gigabytes(size)}',
            'ready' if ready else 'to be written'
        ])
    print(table)
    return missing


def existing(folder: Path) -> Path:
    """Return the folder, or its nearest existing parent."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config with a PairedDataset')
    parser.add_argument(
        '--out', default='data/packed', help='folder of all packs; default: '
        '%(default)s')
    parser.add_argument(
        '--workers', type=int, default=2, help='processes; default: 2')
    parser.add_argument(
        '--yes', action='store_true', help='write without asking')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override values of the config, as in training')
    args = parser.parse_args()
    init_default_scope('mmseg_fst')
    packs = find_packs(read_config(args.config, args.cfg_options), args.out)
    missing = show(packs)
    if not missing:
        return
    needed = sum(missing.values())
    free = shutil.disk_usage(existing(Path(args.out).absolute())).free
    print(f'{args.out}: about {gigabytes(needed)} to write, '
          f'{gigabytes(free)} are free.')
    if needed > free:
        sys.exit('There is not enough space; name another disk with --out.')
    if not args.yes:
        if not sys.stdin.isatty():
            sys.exit('Nothing was written. Add --yes to write it.')
        if input('Write? [y/N] ').strip().lower() not in ('y', 'yes'):
            sys.exit('Nothing was written.')
    for pack in packs:
        if pack.name in missing:
            pack.write(args.workers)


if __name__ == '__main__':
    with one_message():
        main()
