"""Score student and teacher of a run, and draw their predictions.

    python tools/test.py work_dirs/demo/streets_fst-d/seed_0
    python tools/test.py CHECKPOINT.pth --config CONFIG

Given a folder, takes the config in it and its best checkpoint. PROTOCOL is a
file, such as configs/_base_/protocols/voc_native.py.
"""
import argparse
import os
import sys
from os import path as osp

from mmengine.config import Config, DictAction


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='folder of a run, or a checkpoint')
    parser.add_argument(
        '--config', help='config file; default: the one in the folder')
    parser.add_argument(
        '--last',
        action='store_true',
        help='take the last checkpoint of the folder, not the best')
    parser.add_argument(
        '--protocol', help="evaluation protocol; default: the config's")
    parser.add_argument(
        '--show-dir',
        help='folder for pictures; default: FOLDER/test/pictures')
    parser.add_argument(
        '--max-images',
        type=int,
        default=100,
        help='number of pictures; default: 100, 0 for none')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='run code that a checkpoint asks for; it can do all that you '
        'can, so only if you trust who made it')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override values of the config')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what has started the processes; default: none')
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    from mmseg_fst.apis import (find_checkpoint, find_config, open_config,
                                test)

    folder, checkpoint = args.checkpoint, args.checkpoint
    if osp.isdir(folder):
        checkpoint = find_checkpoint(folder, 'last' if args.last else 'best')
    elif not osp.isfile(checkpoint):
        raise FileNotFoundError(f'There is no folder or checkpoint {folder}.')
    else:
        folder = osp.dirname(folder) or os.curdir
    config = args.config or find_config(folder)
    how = 'trusted: its code is run' if args.trust else 'read as data only'
    print(f'Config:     {config}\n'
          f'Checkpoint: {checkpoint} ({how})')
    cfg = open_config(config)
    if args.protocol:
        cfg.model.protocol = Config.fromfile(args.protocol).protocol
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    cfg.launcher = args.launcher
    cfg.work_dir = osp.join(folder, 'test')
    show_dir = args.show_dir or osp.join(cfg.work_dir, 'pictures')
    if args.max_images == 0:
        show_dir = None
    metrics = test(cfg, checkpoint, show_dir, args.max_images, args.trust)
    for key, value in metrics.items():
        if key.endswith('mIoU'):
            print(f'{key}: {value:.2f}')
    if show_dir is not None:
        print(f'Pictures: {show_dir}')


if __name__ == '__main__':
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f'{type(error).__name__}: {error}')
