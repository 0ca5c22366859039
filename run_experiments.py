"""Train one config, or several after each other, for one or more seeds.

    python run_experiments.py --config configs/demo/streets_fst-d.py
    python run_experiments.py --config configs/demo/*.py --seed 0 1 2
    python run_experiments.py --config configs/ssl/voc_pspnet_fst.py \
        --partition 662
    python run_experiments.py --grid configs/ssl/table_voc.py --seeds 0 1 2

Each run is trained, validated and kept in work_dirs/CONFIG/seed_SEED, one on a
partition of the labeled images in work_dirs/CONFIG_PARTITION/seed_SEED, and
one on another split of labeled images in .../seed_SEED_split-SPLIT.

A grid file names the configs of a table: title = 'TEXT' and configs =
['FILE.py', dict(config='FILE.py', partition='NAME'), ...], relative to it. A
row dict(config='FILE.py', name='ROW', options={'KEY': VALUE}) changes its
config as --cfg-options does; its runs are in work_dirs/CONFIG_ROW.
Runs that are finished are skipped, runs that fail do not stop the others, and
each has its own process. After every run work_dirs/tables/NAME.csv and NAME.md
are written. A grid that was interrupted continues with the same command and
--resume.

A config of stages (ST++) trains all of them, in folders below that of the
run.
"""
import argparse
import multiprocessing
import sys
from typing import Any, Optional, Union

from mmengine.config import DictAction


def split_seed(text: str) -> Union[int, str]:
    """Argument of --split-seed."""
    return text if text == 'run' else int(text)


def make_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument('--config', nargs='+', help='one or more config files')
    what.add_argument('--grid', help='file that names the configs of a table')
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
        '--partition',
        metavar='NAME',
        help='which published list of labeled images a config of Pascal VOC '
        'or Cityscapes takes, such as 662; a name that is not known gets a '
        'message with those that are. Default: the one in the config')
    parser.add_argument(
        '--seed',
        '--seeds',
        type=int,
        nargs='+',
        default=[None],
        help="one run for each seed; default: the config's, of a grid 0")
    parser.add_argument(
        '--split-seed',
        type=split_seed,
        metavar='N|run',
        help='which random split of labeled images the configs of CamVid and '
        "CCP use: the N-th, or for 'run' the seed of each run; default: "
        'SPLIT_SEED of the environment, or 0. Published lists are fixed')
    parser.add_argument(
        '--select',
        default='labels',
        metavar='labels|label-free[:SCORE]',
        help='which checkpoint is saved as the best one: by the score of the '
        'config, which needs labels of the target, or by one that needs none '
        '(density, entropy, information, agreement, class_divergence); '
        'default: labels')
    parser.add_argument(
        '--work-dir', help='folder of the run; for a single run only')
    parser.add_argument(
        '--resume',
        action='store_true',
        help='go on from the newest whole checkpoint in the work folder')
    parser.add_argument(
        '--debug',
        action='store_true',
        help='4 iterations, all parts touched: does it run at all? A config '
        'that starts from another run then starts from its debug run. Of a '
        'grid, every config with the first seed')
    return parser


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser()
    try:
        args = parser.parse_args()
    except ValueError as error:  # of DictAction
        parser.error(f'--cfg-options takes KEY=VALUE, without spaces around '
                     f'the sign ({error}).')
    if args.work_dir and (args.grid or len(args.config) * len(args.seed) > 1):
        parser.error('--work-dir is for one config and one seed; leave it '
                     'out, and each run gets its folder.')
    if args.grid and args.partition:
        parser.error('--partition is for --config; a grid names the '
                     'partitions itself.')
    return args


def train_one(args: argparse.Namespace, config: str, seed: Optional[int],
              partition: Optional[str] = None, name: str = '',
              changes: Optional[dict[str, Any]] = None) -> None:
    """Train one config with one seed; end the process if that fails."""
    from mmseg_fst.apis import start_training

    start_training(
        config,
        args.cfg_options,
        seed=seed,
        split=args.split_seed,
        partition=partition or None,
        work_dir=args.work_dir,
        debug=args.debug,
        resume=args.resume,
        trust=args.trust,
        select=args.select,
        name=name,
        changes=changes)


def train_grid(args: argparse.Namespace) -> None:
    """Train a grid; end the process if a run failed."""
    from mmseg_fst.apis import plan_runs, read_grid, run_grid
    from mmseg_fst.utils.messages import one_message

    def start(run) -> bool:
        # A separate process: a crash does not stop the others, and all
        # memory of a device is given back.
        process = multiprocessing.get_context('spawn').Process(
            target=train_one,
            args=(args, run.config, run.seed, run.partition, run.name,
                  run.options))
        process.start()
        process.join()
        return process.exitcode == 0

    with one_message():
        grid = read_grid(args.grid)
        if args.debug:  # these scores mean nothing
            grid = grid._replace(name=f'{grid.name}_debug')
            args.seed = args.seed[:1]  # a config has one folder for them
        seeds = [seed or 0 for seed in args.seed]
        runs = plan_runs(grid.cells, seeds, args.split_seed,
                         args.cfg_options, args.debug)
        failures = run_grid(grid, runs, start)
    if failures:
        sys.exit(f'{failures} of {len(runs)} runs failed.')


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    if args.grid:
        train_grid(args)
        return
    for config in args.config:
        for seed in args.seed:
            train_one(args, config, seed, args.partition)


if __name__ == '__main__':
    main()
