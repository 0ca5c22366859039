"""Print a Markdown table of finished runs: last and best mIoU over seeds.

    python tools/summarize.py work_dirs/demo/* [--metric mIoU] [--csv FILE]
    python tools/summarize.py work_dirs/own/tiles/* --classes [Dice]

Prints one table for each evaluation protocol, because scores of different
protocols are not comparable. A row shows the mean and the sample standard
deviation over the seeds of a run folder. Each random split of the labeled
images (run_experiments.py --split-seed) has a separate row. Minutes are the
median step time of the logs times the iterations, so pauses of a run do not
count. Classes with an IoU of 0.0 are named beside the last score. --classes
also prints tables by class: IoU, Dice, precision or recall after the last
iteration, or the shares of the class, labeled and predicted.
"""
import argparse
import sys
from collections import defaultdict
from pathlib import Path

from mmseg_fst.run.run_config import SPLIT_MARK, debug_note, title_of
from mmseg_fst.run.tables import (
    CLASS_SCORES,
    Row,
    format_classes,
    format_markdown,
    make_row,
    write_csv,
)
from mmseg_fst.utils.messages import one_message


def rows_of(run: Path, metric: str) -> list[Row]:
    """Make one row for each random split of the labeled images.

    Args:
        run (Path): Folder with ``seed_*`` folders.
        metric (str): The metric.

    Returns:
        list[Row]: The rows. Empty if no run in the folder has been validated.
    """
    by_split = defaultdict(list)
    for path in sorted(run.glob('seed_*/results.json')):
        split = path.parent.name.partition(SPLIT_MARK)[2]
        by_split[split].append(str(path.parent))
    return [
        make_row(title_of(run.resolve()), folders, metric, split)
        for split, folders in sorted(by_split.items())
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runs', nargs='+', type=Path)
    parser.add_argument('--metric', default='mIoU')
    parser.add_argument('--csv', help='also write the rows to this file')
    parser.add_argument(
        '--classes', nargs='?', const='IoU', choices=CLASS_SCORES,
        help='also print tables by class of this score; default: IoU')
    args = parser.parse_args()
    for note in filter(None, map(debug_note, args.runs)):
        print(note, file=sys.stderr)
    rows = [row for run in args.runs for row in rows_of(run, args.metric)]
    if not rows:
        raise ValueError(
            f'No run in {", ".join(map(str, args.runs))} has been validated; '
            'name folders that contain seed_*, such as work_dirs/demo/*.')
    print(format_markdown(rows))
    if args.classes:
        print(format_classes(rows, args.classes))
    if args.csv:
        write_csv(args.csv, rows)


if __name__ == '__main__':
    with one_message():
        main()
