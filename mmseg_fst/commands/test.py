"""Score the student and teacher of a run, and show their predictions.

    mmseg-fst test work_dirs/demo/first_fst/seed_0
    mmseg-fst test work_dirs/own/tiles/fst/seed_0 --split test
    mmseg-fst test CHECKPOINT.pth --config CONFIG

For a folder, its config and its best checkpoint are used. PROTOCOL is a file
such as configs/_base_/protocols/voc_native.py.
"""
import argparse
import os
from os import path as osp

from mmseg_fst.utils.arguments import (
    WrongOptions,
    add_cfg_options,
    add_launcher,
    add_trust,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
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
    add_trust(parser)
    add_cfg_options(parser)
    add_launcher(parser)


def check(args: argparse.Namespace) -> None:
    """Check that the options fit together.

    Args:
        args (Namespace): The options.

    Raises:
        WrongOptions: If they do not.
    """
    if args.last and args.select != 'labels':
        raise WrongOptions('--last and --select exclude each other; remove '
                           'one of them.')


def find_run(args: argparse.Namespace) -> tuple[str, str, str]:
    """Find what belongs to the run.

    Args:
        args (Namespace): The options.

    Returns:
        tuple[str, str, str]: Its folder, config and checkpoint.

    Raises:
        FileNotFoundError: If one of them is missing.
    """
    from mmseg_fst.apis import (
        best_without_labels,
        find_checkpoint,
        find_config,
    )

    folder, checkpoint = args.checkpoint, args.checkpoint
    if osp.isdir(folder) and args.select != 'labels':
        selected = best_without_labels(folder, args.select)
        checkpoint = selected.path
        print(f'Selected by {selected.score}: {selected.value:.4f}')
    elif osp.isdir(folder):
        checkpoint = find_checkpoint(folder, 'last' if args.last else 'best')
    elif not osp.isfile(checkpoint):
        raise FileNotFoundError(f'There is no folder or checkpoint {folder}.')
    else:
        folder = osp.dirname(folder) or os.curdir
    return folder, args.config or find_config(folder), checkpoint


def run(args: argparse.Namespace) -> None:
    """Score the networks.

    Args:
        args (Namespace): The options.

    Raises:
        ValueError: If the config of the protocol has none.
    """
    from mmseg_fst.apis import merge_options, open_config, test
    from mmseg_fst.run.test import choose_split, test_folder
    from mmseg_fst.utils.messages import one_message

    folder, config, checkpoint = find_run(args)
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
    cfg.work_dir = test_folder(folder, args.split)
    show_dir = args.show_dir or osp.join(cfg.work_dir, 'pictures')
    if args.max_images == 0:
        show_dir = None
    with one_message(cfg.work_dir, cfg.to_dict()):
        test(cfg, checkpoint, show_dir, args.max_images, args.trust)
    if show_dir is not None:
        print(f'Images: {show_dir}')
