r"""Plot logged values of runs over their iterations.

    mmseg-fst plot-runs work_dirs/co_training/camvid-1_16_* \
        --key agreement --out agreement.png

Plots one line for each run folder with seed_* folders, the mean over its
seeds. Keys are the keys of TensorBoard and scalars.json, such as loss,
agreement or student/mIoU. Runs that have not logged the key are left out and
reported.
"""
import argparse
from pathlib import Path

from mmseg_fst.utils.arguments import WrongOptions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command.

    Args:
        parser (ArgumentParser): Parser of the command.
    """
    parser.add_argument('runs', nargs='+', type=Path, help='run folders')
    parser.add_argument(
        '--key', default='loss', help='name of the value; default: loss')
    parser.add_argument(
        '--out', default='curves.png',
        help='image file to write; default: curves.png')
    parser.add_argument(
        '--window', type=int, default=1,
        help='number of log entries to average; default: 1')


def check(args: argparse.Namespace) -> None:
    """Check the values of the options.

    Args:
        args (Namespace): The options.

    Raises:
        WrongOptions: If the window is empty.
    """
    if args.window < 1:
        raise WrongOptions(f'--window must be at least 1, got {args.window}.')


def run(args: argparse.Namespace) -> None:
    """Write the plot.

    Args:
        args (Namespace): The options.

    Raises:
        ValueError: If no run has logged the value.
    """
    from mmseg_fst.report.logged_values import (
        new_plot,
        plot_run,
        read_scalars,
    )
    from mmseg_fst.run.run_config import debug_note, title_of

    figure, axes = new_plot(args.key)
    for folder in args.runs:
        scalars = read_scalars(folder, args.key)
        if not scalars:
            print(debug_note(folder)
                  or f'{folder} has not logged {args.key!r}; left out.')
            continue
        plot_run(axes, scalars, args.window, title_of(folder))
    if not axes.lines:
        raise ValueError(f'No run has logged {args.key!r}; the available keys '
                         'are in vis_data/scalars.json of each run.')
    figure.legend(loc='outside right upper')
    figure.savefig(args.out, dpi=120)
    print(f'Written: {args.out}')
