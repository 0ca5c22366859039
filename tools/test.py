"""Score the student and teacher of a run, and show their predictions.

    python tools/test.py work_dirs/demo/streets_fst-d/seed_0
    python tools/test.py CHECKPOINT.pth --config CONFIG

For a folder, its config and its best checkpoint are used. PROTOCOL is a file
such as configs/_base_/protocols/voc_native.py.
"""
import argparse
import os
from os import path as osp

from mmengine.config import Config, DictAction

from mmseg_fst.apis import (
    best_without_labels,
    find_checkpoint,
    find_config,
    merge_options,
    open_config,
    test,
)
from mmseg_fst.utils.messages import one_message


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='folder of a run, or a checkpoint')
    parser.add_argument(
        '--config', help='config file; default: the config in the folder')
    parser.add_argument(
        '--last',
        action='store_true',
        help='use the last checkpoint of the folder, not the best')
    parser.add_argument(
        '--select',
        default='labels',
        metavar='labels|label-free[:SCORE]',
        help='use the checkpoint of the folder that is best by a score '
        'without labels of the target, such as density or entropy; default: '
        'the best one of the training')
    parser.add_argument(
        '--split',
        choices=['val', 'test'],
        default='val',
        help='images to score: validation, or a test split of the config '
        '(test_dataloader) that differs from them; default: val')
    parser.add_argument(
        '--protocol',
        help='evaluation protocol; default: the protocol of the config')
    parser.add_argument(
        '--show-dir',
        help='folder for images; default: FOLDER/test/pictures')
    parser.add_argument(
        '--max-images',
        type=int,
        default=100,
        help='number of images to write; default: 100, 0 for none')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='allow a checkpoint to run code with your permissions; use only '
        'for checkpoints from a source that you trust')
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
        help='launcher of the processes; default: none')
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, help=argparse.SUPPRESS)
    try:
        return parser.parse_args()
    except ValueError as error:  # of DictAction
        parser.error(f'--cfg-options takes KEY=VALUE, without spaces around '
                     f'the equals sign ({error}).')


def choose_split(cfg: Config, split: str, path: str) -> None:
    """Let the test score the chosen images."""
    if split == 'val':
        for key in ('dataloader', 'evaluator'):
            if f'val_{key}' in cfg:
                cfg[f'test_{key}'] = cfg[f'val_{key}']
    elif cfg.test_dataloader.dataset == cfg.val_dataloader.dataset:
        raise ValueError(
            f'{path} has no test split: test_dataloader is val_dataloader. '
            'Create the task with tools/new_task.py --test, or set '
            'test_dataloader in the config.')


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    folder, checkpoint = args.checkpoint, args.checkpoint
    if osp.isdir(folder) and args.select != 'labels':
        if args.last:
            raise ValueError('--last and --select exclude each other; remove '
                             'one of them.')
        selected = best_without_labels(folder, args.select)
        checkpoint = selected.path
        print(f'Selected by {selected.score}: {selected.value:.4f}')
    elif osp.isdir(folder):
        checkpoint = find_checkpoint(folder, 'last' if args.last else 'best')
    elif not osp.isfile(checkpoint):
        raise FileNotFoundError(f'There is no folder or checkpoint {folder}.')
    else:
        folder = osp.dirname(folder) or os.curdir
    config = args.config or find_config(folder)
    mode = 'trusted: its code is run' if args.trust else 'read as data only'
    print(f'Config:     {config}\n'
          f'Checkpoint: {checkpoint} ({mode})')
    cfg = open_config(config)
    if args.protocol:
        cfg.model.protocol = open_config(args.protocol).get('protocol')
        if cfg.model.protocol is None:
            raise ValueError(f'{args.protocol} has no `protocol`; see '
                             'configs/_base_/protocols.')
    merge_options(cfg, args.cfg_options)
    choose_split(cfg, args.split, config)
    # Again: test_dataloader and test_evaluator were replaced.
    merge_options(cfg, args.cfg_options)
    cfg.launcher = args.launcher
    cfg.work_dir = osp.join(
        folder, 'test' if args.split == 'val' else 'test_split')
    show_dir = args.show_dir or osp.join(cfg.work_dir, 'pictures')
    if args.max_images == 0:
        show_dir = None
    with one_message(cfg.work_dir, cfg.to_dict()):
        test(cfg, checkpoint, show_dir, args.max_images, args.trust)
    if show_dir is not None:
        print(f'Images: {show_dir}')


if __name__ == '__main__':
    with one_message():
        main()
