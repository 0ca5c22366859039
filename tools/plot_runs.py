r"""Plot logged values of runs over their iterations.

    python tools/plot_runs.py work_dirs/co_training/camvid-1_16_* \
        --key agreement --out agreement.png

Plots one line for each run folder with seed_* folders, the mean over its
seeds. Keys are the keys of TensorBoard and scalars.json, such as loss,
agreement or student/mIoU. Runs that have not logged the key are left out and
reported.
"""
import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean

import matplotlib

matplotlib.use('Agg')  # without a display

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402

from mmseg_fst.run.run_config import debug_note, title_of  # noqa: E402
from mmseg_fst.utils.messages import one_message  # noqa: E402


def read_scalars(run: Path, key: str) -> dict[int, list[float]]:
    """Read the values that the seeds of a run have logged.

    Args:
        run (Path): Folder with ``seed_*`` folders, or a single such folder.
        key (str): Name of the value.

    Returns:
        dict[int, list[float]]: Values by iteration. If a resumed run has
        logged an iteration again, the newest value is used.
    """
    seeds = sorted(run.glob('seed_*')) or [run]
    scalars = defaultdict(list)
    for seed in seeds:
        values = {}
        for path in sorted(seed.glob('*/vis_data/scalars.json')):
            for line in path.read_text().splitlines():
                entry = json.loads(line)
                if key in entry:
                    values[entry['step']] = entry[key]
        for step, value in values.items():
            scalars[step].append(value)
    return dict(sorted(scalars.items()))


def smooth(values: list[float], window: int) -> list[float]:
    """Compute the trailing moving average.

    Args:
        values (list[float]): Values in chronological order.
        window (int): Number of values to average, at least 1.

    Returns:
        list[float]: The averages, one for each value.
    """
    return [
        mean(values[max(0, index + 1 - window):index + 1])
        for index in range(len(values))
    ]


def plot_curve(axes: Axes, scalars: dict[int, list[float]], window: int,
               label: str) -> None:
    """Plot the curve of a run; a single value gets a marker.

    Args:
        axes (Axes): Where to plot.
        scalars (dict[int, list[float]]): Of :func:`read_scalars`.
        window (int): See :func:`smooth`.
        label (str): Name of the run.
    """
    means = [mean(values) for values in scalars.values()]
    axes.plot(list(scalars), smooth(means, window), label=label,
              marker='o' if len(means) == 1 else None)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runs', nargs='+', type=Path, help='run folders')
    parser.add_argument('--key', default='loss', help='default: loss')
    parser.add_argument(
        '--out', default='curves.png', help='image file to write')
    parser.add_argument(
        '--window', type=int, default=1,
        help='number of log entries to average; default: 1')
    return parser.parse_args()


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    if args.window < 1:
        sys.exit(f'--window must be at least 1, got {args.window}.')
    figure, axes = plt.subplots(figsize=(9, 4.5), layout='constrained')
    for run in args.runs:
        scalars = read_scalars(run, args.key)
        if not scalars:
            print(debug_note(run)
                  or f'{run} has not logged {args.key!r}; left out.')
            continue
        plot_curve(axes, scalars, args.window, title_of(run))
    if not axes.lines:
        sys.exit(f'No run has logged {args.key!r}; the available keys are in '
                 'vis_data/scalars.json of each run.')
    axes.set_xlabel('iteration')
    axes.set_ylabel(args.key)
    axes.grid(alpha=.3)
    figure.legend(loc='outside right upper')
    figure.savefig(args.out, dpi=120)
    print(f'Written: {args.out}')


if __name__ == '__main__':
    with one_message():
        main()
