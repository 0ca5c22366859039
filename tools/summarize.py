"""Make a Markdown table of finished runs: last and best mIoU, over seeds.

    python tools/summarize.py work_dirs/demo/* [--metric mIoU] [--csv FILE]

One table for each evaluation protocol: scores of different ones do not
compare. A row for each run folder with seed_* in it; mean and standard
deviation (of the sample) over its seeds. Another draw of the labeled images
(run_experiments.py --split-seed) has a row of its own. Minutes are the median
step time of the logs times the iterations, so that a run that was paused does
not look slow.
"""
import argparse
import sys
from collections import defaultdict
from pathlib import Path

from mmseg_fst.run.run_config import SPLIT_MARK
from mmseg_fst.run.tables import Row, format_markdown, make_row, write_csv


def rows_of(run: Path, metric: str) -> list[Row]:
    """One row for each draw of the labeled images.

    Args:
        run (Path): Folder with ``seed_*`` folders.
        metric (str): The metric.

    Returns:
        list[Row]: None if no run in it has been validated.
    """
    by_split = defaultdict(list)
    for path in sorted(run.glob('seed_*/results.json')):
        split = path.parent.name.partition(SPLIT_MARK)[2]
        by_split[split].append(str(path.parent))
    return [
        make_row(run.name, folders, metric, split)
        for split, folders in sorted(by_split.items())
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runs', nargs='+', type=Path)
    parser.add_argument('--metric', default='mIoU')
    parser.add_argument('--csv', help='write the rows to this file, too')
    args = parser.parse_args()
    rows = [row for run in args.runs for row in rows_of(run, args.metric)]
    if not rows:
        raise ValueError(
            f'No run in {", ".join(map(str, args.runs))} has been validated; '
            'name folders that hold seed_*, such as work_dirs/demo/*.')
    print(format_markdown(rows))
    if args.csv:
        write_csv(args.csv, rows)


if __name__ == '__main__':
    try:
        main()
    except ValueError as error:
        sys.exit(f'{type(error).__name__}: {error}')
