r"""Compare runs with a baseline, paired by seed.

    python tools/anatomy.py work_dirs/demo/streets_mean-teacher_* \
        --baseline decay-99 --figure docs/what_fst_gains_streets.png
    python tools/anatomy.py work_dirs/demo/streets_mean-teacher_* --rank

Prints a Markdown table of the finished runs of each folder with seed_*
folders: computation (images that the student was trained on, virtual steps
included, in units of the baseline), minutes of training, mIoU (mean and
standard deviation over the seeds), and the mean difference to the baseline
with its standard error, over the seeds that both have. The last column, of
runs with labels_for_diagnosis, compares the pseudo-labels of past and future
teacher in the same step. --rank prints instead how scores without labels rank
the validations of each run, and the methods of each seed.
"""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use('Agg')  # without a display

import matplotlib.pyplot as plt  # noqa: E402

from mmseg_fst.report import choose_folders, find_methods  # noqa: E402
from mmseg_fst.report.label_free_rank import rank_cells  # noqa: E402
from mmseg_fst.report.seed_pairs import (  # noqa: E402
    PairedRow,
    find_baseline,
    paired_cells,
    paired_difference,
    paired_row,
    to_markdown,
)
from mmseg_fst.utils.messages import one_message  # noqa: E402


def plot_differences(rows: Sequence[PairedRow], baseline: PairedRow,
                     path: str) -> None:
    """Plot the differences to the baseline over the computation.

    Args:
        rows (Sequence[PairedRow]): All rows.
        baseline (PairedRow): One of them.
        path (str): Image file to write; bars are two standard errors.
    """
    networks = list(baseline.scores)
    figure, axes = plt.subplots(
        1, len(networks), sharey=True, squeeze=False, layout='constrained',
        figsize=(4 + 3 * len(networks), 1.5 + .25 * len(rows)))
    names = [f'{row.name} ({row.images / baseline.images:.2g})'
             for row in rows]
    for axis, network in zip(axes[0], networks):
        for place, row in enumerate(rows):
            found = paired_difference(
                row.scores.get(network, {}), baseline.scores[network])
            if found is not None:
                axis.errorbar(found.mean, place, xerr=2 * (found.error or 0),
                              fmt='o', color='tab:blue', capsize=3)
        axis.axvline(0, color='gray', linewidth=1)
        axis.set_yticks(range(len(rows)), names)
        axis.set_xlabel(f'{network}: mIoU - {baseline.name}')
        axis.grid(alpha=.3, axis='x')
    axes[0][0].invert_yaxis()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runs', nargs='+', type=Path, help='run folders')
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        '--baseline', help='name of the baseline among them, or its end')
    what.add_argument(
        '--rank', action='store_true',
        help='rank by scores without labels instead')
    parser.add_argument('--metric', default='mIoU', help='default: mIoU')
    parser.add_argument(
        '--moment', choices=['last', 'best'], default='last',
        help='which validation; default: last')
    parser.add_argument('--figure', help='image file to write')
    return parser.parse_args()


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    folders, notes = choose_folders(args.runs)
    for note in notes:
        print(note, file=sys.stderr)
    methods = find_methods(folders)
    if args.rank:
        cells = rank_cells(methods)
        if len(cells) == 1:
            raise ValueError(
                'Nothing to rank: no run has three validations with scores '
                'without labels, and no seed three methods; train with this '
                'version and a smaller train_cfg.val_interval.')
        print(to_markdown(cells))
        return
    rows = []
    for method in methods:
        row = paired_row(method, args.metric, args.moment)
        if row is None:
            print(f'{method.name}: no run is finished, left out',
                  file=sys.stderr)
        else:
            rows.append(row)
    baseline = find_baseline(rows, args.baseline)
    print(to_markdown(paired_cells(rows, baseline)))
    if args.figure:
        plot_differences(rows, baseline, args.figure)
        print(f'Written: {args.figure}')


if __name__ == '__main__':
    with one_message():
        main()
