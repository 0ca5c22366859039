"""Train configs, one run for each config and seed, or the grid of a table.

    mmseg-fst train configs/demo/streets_fst-d.py
    mmseg-fst train demo/streets_fst-d demo/streets_fst --seed 0 1 2
    mmseg-fst train ssl/voc_pspnet_fst --partition 662
    mmseg-fst train --grid ssl/table_voc --seeds 0 1 2 --resume
    torchrun --nproc_per_node 8 tools/train.py CONFIG --launcher pytorch

CONFIG is a file, or the name of a config of the package, see mmseg-fst
configs. Each run is trained, validated and saved in
work_dirs/CONFIG/seed_SEED, on a partition of the labeled images in
work_dirs/CONFIG_PARTITION/seed_SEED, and on another split of labeled images in
.../seed_SEED_split-SPLIT.

A grid file names the configs of a table: title = 'TEXT' and configs =
['FILE.py', dict(config='FILE.py', partition='NAME'), ...], relative to it. A
row dict(config='FILE.py', name='ROW', options={'KEY': VALUE}) changes its
config as --cfg-options does; its runs are in work_dirs/CONFIG_ROW.
Runs that are finished are skipped, runs that fail do not stop the others, and
each has a separate process. After every run work_dirs/tables/NAME.csv and
NAME.md are written. A grid that was interrupted continues with the same
command and --resume.

After several configs their scores are printed side by side, by class.

A config of stages (ST++) trains all of them, in folders below that of the
run.
"""
import argparse
import multiprocessing
import sys
from pathlib import Path
from typing import Any, Optional, Union

from mmseg_fst.utils.arguments import (
    WrongOptions,
    add_cfg_options,
    add_launcher,
    add_trust,
)

from . import report


def split_seed(text: str) -> Union[int, str]:
    """Argument of ``--split-seed``.

    Args:
        text (str): A number, or ``'run'``.

    Returns:
        int | str: The number, or ``'run'``.
    """
    return text if text == 'run' else int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument(
        'configs', nargs='*', metavar='CONFIG', default=[],
        help='files, or names of packaged configs')
    parser.add_argument(
        '--config', nargs='+', metavar='CONFIG', default=[],
        help='the same, as an option')
    parser.add_argument(
        '--grid', metavar='FILE',
        help='file that names the configs of a table')
    add_cfg_options(parser)
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
        '--report',
        type=Path,
        metavar='FILE',
        help='also write a page about the runs: scores, curves and images, '
        'see mmseg-fst report')
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
    add_trust(parser)
    add_launcher(parser)
    parser.set_defaults(launcher=None)  # the config's


def check(args: argparse.Namespace) -> None:
    """Check that the options fit together.

    Args:
        args (Namespace): The options.

    Raises:
        WrongOptions: If they do not.
    """
    configs = [*args.configs, *args.config]
    if bool(configs) == bool(args.grid):
        raise WrongOptions('either CONFIG ... or --grid FILE is required.')
    several = args.grid or len(configs) * len(args.seed) > 1
    if args.work_dir and several:
        raise WrongOptions('--work-dir is for one config and one seed; leave '
                           'it out, and each run gets its folder.')
    if args.launcher and several:
        raise WrongOptions('--launcher is for one config and one seed; start '
                           'each run by itself.')
    if args.grid and args.report:
        raise WrongOptions('--report is for configs; use mmseg-fst report '
                           'after the grid.')
    if args.grid and args.partition:
        raise WrongOptions('--partition is for configs; a grid names the '
                           'partitions itself.')


def train_one(args: argparse.Namespace, config: str, seed: Optional[int],
              partition: Optional[str] = None, name: str = '',
              changes: Optional[dict[str, Any]] = None) -> str:
    """Train one config with one seed; end the process if that fails.

    Args:
        args (Namespace): The options.
        config (str): The config.
        seed (int, optional): The seed.
        partition (str, optional): The partition. Defaults to None.
        name (str): Name of the row of a grid. Defaults to ``''``.
        changes (dict, optional): Options of that row. Defaults to None.

    Returns:
        str: Folder of the run.
    """
    from mmseg_fst.apis import start_training

    return start_training(
        config,
        args.cfg_options,
        seed=seed,
        split=args.split_seed,
        partition=partition or None,
        work_dir=args.work_dir,
        debug=args.debug,
        launcher=args.launcher,
        resume=args.resume,
        trust=args.trust,
        select=args.select,
        name=name,
        changes=changes)


def train_grid(args: argparse.Namespace) -> None:
    """Train a grid; end the process if a run failed.

    Args:
        args (Namespace): The options.

    Raises:
        SystemExit: If a run failed.
    """
    from mmseg_fst.apis import plan_runs, read_grid, run_grid

    def begin(run) -> bool:
        # A separate process: a crash does not stop the others, and all
        # memory of a device is given back.
        process = multiprocessing.get_context('spawn').Process(
            target=train_one,
            args=(args, run.config, run.seed, run.partition, run.name,
                  run.options))
        process.start()
        process.join()
        return process.exitcode == 0

    grid = read_grid(args.grid)
    if args.debug:  # these scores mean nothing
        grid = grid._replace(name=f'{grid.name}_debug')
        args.seed = args.seed[:1]  # a config has one folder for them
    seeds = [seed or 0 for seed in args.seed]
    runs = plan_runs(grid.cells, seeds, args.split_seed, args.cfg_options,
                     args.debug)
    failures = run_grid(grid, runs, begin)
    if failures:
        sys.exit(f'{failures} of {len(runs)} runs failed.')


def compare(folders: list[str], args: argparse.Namespace) -> None:
    """Print the scores of several configs side by side; write the page.

    Args:
        folders (list[str]): Folders of the runs.
        args (Namespace): The options.
    """
    from mmengine.dist import is_main_process

    from mmseg_fst.apis import compare_runs

    comparison = compare_runs(folders)
    if comparison:
        print(f'\n{comparison}')
    if args.report and is_main_process():
        from mmseg_fst.report import find_methods

        report.write(args.report, find_methods(map(Path, folders)),
                     trust=args.trust)


def run(args: argparse.Namespace) -> None:
    """Train the runs, one after another.

    Args:
        args (Namespace): The options.
    """
    if args.grid:
        train_grid(args)
        return
    folders = [
        train_one(args, config, seed, args.partition)
        for config in [*args.configs, *args.config] for seed in args.seed
    ]
    compare(folders, args)
