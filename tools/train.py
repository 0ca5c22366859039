"""Train a config with the command line of MMSegmentation.

    python tools/train.py CONFIG
    torchrun --nproc_per_node 2 tools/train.py CONFIG --launcher pytorch

``run_experiments.py`` runs several configs and seeds.
"""
import argparse

from mmengine.config import DictAction

from mmseg_fst.apis import start_training


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='folder of the run')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='resume from the newest complete checkpoint in the work folder')
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
        '--partition',
        metavar='NAME',
        help='published list of labeled images, such as 662, of a config '
        'that has several; default: the one in the config')
    parser.add_argument(
        '--select',
        default='labels',
        metavar='labels|label-free[:SCORE]',
        help='which checkpoint is saved as the best one, see '
        'run_experiments.py; default: labels')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='launcher of the processes; default: none')
    # torch.distributed.launch passes it; torchrun sets LOCAL_RANK instead.
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, help=argparse.SUPPRESS)
    try:
        return parser.parse_args()
    except ValueError as error:  # of DictAction
        parser.error(f'--cfg-options takes KEY=VALUE, without spaces around '
                     f'the equals sign ({error}).')


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    start_training(
        args.config,
        args.cfg_options,
        partition=args.partition,
        work_dir=args.work_dir,
        launcher=args.launcher,
        resume=args.resume,
        trust=args.trust,
        select=args.select)


if __name__ == '__main__':
    main()
