"""Train one config, or several after each other, for one or more seeds.

    python run_experiments.py --config configs/demo/streets_fst-d.py
    python run_experiments.py --config configs/demo/*.py --seed 0 1 2

Each run is trained, validated and kept in work_dirs/CONFIG/seed_SEED.
"""
import argparse
import sys

from mmengine.config import DictAction


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--config', nargs='+', required=True, help='one or more config files')
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
        help='override values of the config, such as '
        'train_dataloader.batch_size=2 custom_hooks.0.depth=2')
    parser.add_argument(
        '--seed',
        type=int,
        nargs='+',
        default=[None],
        help="one run for each seed; default: the config's")
    parser.add_argument(
        '--work-dir', help='folder of the run; for a single run only')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='go on from the last checkpoint in the work folder')
    parser.add_argument(
        '--debug',
        action='store_true',
        help='4 iterations, all parts touched: does it run at all?')
    args = parser.parse_args()
    if args.work_dir and len(args.config) * len(args.seed) > 1:
        parser.error('--work-dir is for one config and one seed; leave it '
                     'out, and each run gets a folder of its own.')
    return args


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    from mmseg_fst.apis import load_config, train
    from mmseg_fst.utils.checkpoint import UnsafeCheckpoint

    for config in args.config:
        for seed in args.seed:
            try:
                cfg = load_config(config, args.cfg_options, seed,
                                  args.work_dir, args.debug)
            except (OSError, ValueError) as error:
                sys.exit(f'{type(error).__name__}: {error}')
            try:
                train(cfg, args.resume, args.trust)
            except UnsafeCheckpoint as error:
                sys.exit(str(error))


if __name__ == '__main__':
    main()
