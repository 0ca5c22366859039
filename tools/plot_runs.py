"""Draw what runs have logged over their iterations, as a picture.

    python tools/plot_runs.py work_dirs/co_training/camvid-1_16_* \\
        --key agreement --out agreement.png

A line for each run folder with seed_* in it, the mean over its seeds; keys are
those of TensorBoard and scalars.json, such as loss, agreement or
student/mIoU. Runs that have not logged the key are left out, and named.
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


def read_scalars(run: Path, key: str) -> dict[int, list[float]]:
    """What the seeds of a run have logged under a key.

    Args:
        run (Path): Folder with ``seed_*`` folders, or one of these.
        key (str): Name of the value.

    Returns:
        dict[int, list[float]]: Values by iteration; where a resumed run has
        logged an iteration again, the newest.
    """
    seeds = sorted(run.glob('seed_*')) or [run]
    found = defaultdict(list)
    for seed in seeds:
        values = {}
        for path in sorted(seed.glob('*/vis_data/scalars.json')):
            for line in path.read_text().splitlines():
                entry = json.loads(line)
                if key in entry:
                    values[entry['step']] = entry[key]
        for step, value in values.items():
            found[step].append(value)
    return dict(sorted(found.items()))


def smooth(values: list[float], window: int) -> list[float]:
    """Mean of each value and those before it.

    Args:
        values (list[float]): In order of time.
        window (int): Number of values, at least 1.

    Returns:
        list[float]: As many values.
    """
    return [
        mean(values[max(0, index + 1 - window):index + 1])
        for index in range(len(values))
    ]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runs', nargs='+', type=Path, help='run folders')
    parser.add_argument('--key', default='loss', help='default: loss')
    parser.add_argument('--out', default='curves.png', help='the picture')
    parser.add_argument(
        '--window', type=int, default=1,
        help='entries of the log to take the mean of; default: 1')
    return parser.parse_args()


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    if args.window < 1:
        sys.exit('--window is a number of entries; give 1 or more.')
    figure, axes = plt.subplots(figsize=(9, 4.5), layout='constrained')
    for run in args.runs:
        scalars = read_scalars(run, args.key)
        if not scalars:
            print(f'{run} has not logged {args.key!r}; left out.')
            continue
        means = [mean(values) for values in scalars.values()]
        axes.plot(list(scalars), smooth(means, args.window), label=run.name)
    if not axes.lines:
        sys.exit(f'No run has logged {args.key!r}; the keys stand in '
                 'vis_data/scalars.json of each.')
    axes.set_xlabel('iteration')
    axes.set_ylabel(args.key)
    axes.grid(alpha=.3)
    figure.legend(loc='outside right upper')
    figure.savefig(args.out, dpi=120)
    print(f'Written: {args.out}')


if __name__ == '__main__':
    main()
